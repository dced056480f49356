package policy

import (
	"bytes"
	"cmp"
	"slices"

	"madang/internal/nostr"
)

// Ban is one line of the node's mute list (NIP-51): a key or an event, and why. It is as public as the roster: who may
// not be read here, and who says so, everybody can see.
type Ban struct {
	PubKey nostr.PubKey // of who is banned; zero where an event is
	Event  nostr.ID     // likewise
	Reason string       // "" where none was given
}

// bans is replaced, never altered.
type bans struct {
	version version
	authors map[nostr.PubKey]string
	events  map[nostr.ID]string
}

// Tag returns the ban as a tag of the mute list: ["p" or "e", hex, "", "", reason], cut after the hex where there is
// no reason. Third and fourth element are what other lists put there: a relay, and an event's author.
func (b Ban) Tag() nostr.Tag {
	tag := nostr.Tag{"e", b.Event.String()}
	if b.PubKey != (nostr.PubKey{}) {
		tag = nostr.Tag{"p", b.PubKey.String()}
	}
	if b.Reason != "" {
		tag = append(tag, "", "", b.Reason)
	}
	return tag
}

func parseBans(e *nostr.Event) *bans {
	b := &bans{
		version: version{e.CreatedAt, e.ID, true}, authors: map[nostr.PubKey]string{}, events: map[nostr.ID]string{},
	}
	for _, t := range e.Tags {
		reason := ""
		if len(t) > 4 {
			reason = t[4]
		}
		switch t.Name() {
		case "p":
			if pk, err := nostr.ParsePubKey(t.Value()); err == nil {
				b.authors[pk] = reason
			}
		case "e":
			if id, err := nostr.ParseID(t.Value()); err == nil {
				b.events[id] = reason
			}
		}
	}
	return b
}

// Compare orders bans: events first, then keys.
func (b Ban) Compare(other Ban) int {
	return cmp.Or(bytes.Compare(b.PubKey[:], other.PubKey[:]), bytes.Compare(b.Event[:], other.Event[:]))
}

// Bans lists what the node's mute list names, in order.
func (p *Policy) Bans() (list []Ban) {
	b := p.bans.Load()
	for id, reason := range b.events {
		list = append(list, Ban{Event: id, Reason: reason})
	}
	for pk, reason := range b.authors {
		list = append(list, Ban{PubKey: pk, Reason: reason})
	}
	slices.SortFunc(list, Ban.Compare)
	return list
}

// Banned reports whether the event is kept from everybody, and why. Two things never are: the node's own word, so that
// a ban cannot hide itself, and gift wraps, of which nobody here can know what they say: mail is its recipient's.
func (p *Policy) Banned(e *nostr.Event) (reason string, banned bool) {
	b := p.bans.Load()
	if len(b.authors)+len(b.events) == 0 || e.PubKey == p.cfg.NodeKey || isGiftWrap(e.Kind) {
		return "", false
	}
	if reason, banned = b.authors[e.PubKey]; !banned {
		reason, banned = b.events[e.ID]
	}
	return reason, banned
}

// refuseBanned lets through what takes one's own words back: that is everybody's right.
func (p *Policy) refuseBanned(e *nostr.Event) error {
	reason, banned := p.Banned(e)
	if !banned || e.Kind == nostr.KindDeletion || e.Kind == nostr.KindVanish {
		return nil
	}
	if _, author := p.bans.Load().authors[e.PubKey]; author {
		return &Error{prefixBlocked, "this node has banned you: " + cmp.Or(reason, "no reason given")}
	}
	return &Error{prefixBlocked, "this node has banned this event: " + cmp.Or(reason, "no reason given")}
}
