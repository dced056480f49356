// Package policy says who may write and who may read what: the roster, roles and bans (NIP-43, NIP-51), authentication
// (NIP-42), protected events (NIP-70), work asked of strangers (NIP-13), the privacy of gift wraps (NIP-59) and requests to
// vanish (NIP-62).
package policy

import (
	"slices"
	"sync"
	"sync/atomic"

	"madang/internal/nostr"
)

// Road is how an event came.
type Road int

const (
	Live   Road = iota // a client's connection: roster, roles and clock rules hold
	Import             // the operator's import, a courier, a peer: authors may be strangers
	Self               // made by this node
)

// Writer is who brings an event.
type Writer struct {
	Road Road
	Keys []nostr.PubKey // keys the connection has authenticated (NIP-42)
	// Here reports whether a relay's URL names this one as the connection reached it; nil: it was reached by no name.
	Here func(relay string) bool
	// Source is what bad signatures are held against (verify.Claim); nil for none. It is neither logged nor stored.
	Source any
}

// The prefixes of refusals (NIP-01, NIP-42).
const (
	prefixAuth       = "auth-required"
	prefixBlocked    = "blocked"
	prefixInvalid    = "invalid"
	prefixWork       = "pow"
	prefixRestricted = "restricted"
)

// Error is a refusal in NIP-01's words: "prefix: text".
type Error struct{ Prefix, Text string }

func (e *Error) Error() string { return e.Prefix + ": " + e.Text }

var errProtected = &Error{prefixAuth, "this event may only be published by its author"}

// Config of a policy.
type Config struct {
	NodeKey nostr.PubKey
	Open    bool // any key may write and upload (serve --open)
	// PublicHost is what this relay is known by, as in a Host header; "": by no name.
	PublicHost string
	// MinWork is how many zero bits an event's id must begin with, and its nonce tag commit to, where no member or feed
	// wrote it or brings it (NIP-13), as with gift wraps from strangers; 0: no work is asked.
	MinWork int
}

// Policy is safe for concurrent use.
type Policy struct {
	cfg Config

	// mu guards what Observe sets. The maps are replaced, never altered.
	mu     sync.RWMutex
	roster roster
	feeds  feeds

	bans atomic.Pointer[bans] // never nil; asked for every event that is read
}

// New returns a policy that knows the node's key only: the roster comes by Observe.
func New(cfg Config) *Policy {
	p := &Policy{cfg: cfg}
	p.bans.Store(new(bans))
	return p
}

// MayWrite refuses with *Error.
func (p *Policy) MayWrite(e *nostr.Event, w Writer) error {
	if neverStored(e.Kind) {
		return &Error{prefixInvalid, "events of this kind are neither stored nor passed on"}
	}
	if e.Kind == nostr.KindVanish {
		return p.checkVanish(e, w)
	}
	if w.Road != Live {
		return nil
	}
	if err := p.refuseBanned(e); err != nil {
		return err
	}
	if isProtected(e) && !slices.Contains(w.Keys, e.PubKey) {
		return errProtected
	}
	if repostsProtected(e) {
		return &Error{prefixBlocked, "a protected event may not be reposted"}
	}
	mayWrite := p.mayWriteKind
	if isGiftWrap(e.Kind) {
		mayWrite = p.mayWrap
	}
	if err := mayWrite(e, w); err != nil {
		return err
	}
	return p.checkWork(e, w)
}

func (p *Policy) mayWrap(e *nostr.Event, _ Writer) error {
	if p.cfg.Open || slices.ContainsFunc(recipients(e), func(pk nostr.PubKey) bool { return p.Role(pk) >= Member }) {
		return nil
	}
	return &Error{prefixRestricted, "none of its recipients is a member of this node"}
}

func (p *Policy) mayWriteKind(e *nostr.Event, w Writer) error {
	role := p.Role(e.PubKey)
	switch {
	case role == Node:
		return nil
	case ofNode(e.Kind):
		return &Error{prefixRestricted, "only the node itself publishes this kind"}
	case p.cfg.Open:
		return nil
	case role == Stranger && p.isFeed(e.PubKey):
		if e.Kind == nostr.KindProfile || e.Kind == nostr.KindArticle {
			return nil
		}
		return &Error{prefixRestricted, "a feed publishes its profile and articles only"}
	case role == Stranger && slices.Contains(w.Keys, e.PubKey):
		return &Error{prefixRestricted, "not a member of this node"}
	case role == Stranger:
		return &Error{prefixAuth, "only members of this node may write"}
	case ofEditors(e.Kind) && role < Editor:
		return &Error{prefixRestricted, "only editors of this node publish this kind"}
	}
	return nil
}

// MayRead decides for one event and the keys that a connection has authenticated.
func (p *Policy) MayRead(e *nostr.Event, keys []nostr.PubKey) bool {
	if !isGiftWrap(e.Kind) {
		_, banned := p.Banned(e)
		return !banned
	}
	return len(keys) > 0 &&
		slices.ContainsFunc(recipients(e), func(pk nostr.PubKey) bool { return slices.Contains(keys, pk) })
}

// neverStored: proofs of identity (NIP-42, BUD-11, NIP-98) and requests that carry an invite code (NIP-43), which
// whoever saw them could use.
func neverStored(kind uint16) bool {
	switch kind {
	case nostr.KindAuth, nostr.KindBlossomAuth, nostr.KindHTTPAuth, nostr.KindJoin, nostr.KindLeave, kindInvite:
		return true
	}
	return false
}

// kindInvite asks for an invite (NIP-43).
const kindInvite uint16 = 28935

// ofNode: what NIP-43 has the node itself sign.
func ofNode(kind uint16) bool {
	switch kind {
	case nostr.KindAddUser, nostr.KindRemoveUser, nostr.KindMembers, nostr.KindRole:
		return true
	}
	return false
}

// ofEditors: news and videos, which everyone on the network reads.
func ofEditors(kind uint16) bool {
	switch kind {
	case nostr.KindArticle, nostr.KindArticleDraft, nostr.KindVideo, nostr.KindShortVideo,
		nostr.KindAddressableVideo, nostr.KindAddressableShort:
		return true
	}
	return false
}

func isGiftWrap(kind uint16) bool {
	return kind == nostr.KindGiftWrap || kind == nostr.KindEphemeralWrap
}

// recipients returns the keys in an event's p tags.
func recipients(e *nostr.Event) (keys []nostr.PubKey) {
	for _, t := range e.Tags {
		if t.Name() == "p" {
			if pk, err := nostr.ParsePubKey(t.Value()); err == nil {
				keys = append(keys, pk)
			}
		}
	}
	return keys
}

func isProtected(e *nostr.Event) bool {
	return slices.ContainsFunc(e.Tags, func(t nostr.Tag) bool { return t.Name() == "-" })
}

// NIP-18 reposts, which may hold the reposted event in their content.
const (
	kindRepost        uint16 = 6
	kindGenericRepost uint16 = 16
)

// repostsProtected reports whether the event is a repost that embeds a protected event (NIP-70).
func repostsProtected(e *nostr.Event) bool {
	if e.Kind != kindRepost && e.Kind != kindGenericRepost || e.Content == "" {
		return false
	}
	embedded, err := nostr.DecodeEvent([]byte(e.Content))
	return err == nil && isProtected(embedded)
}
