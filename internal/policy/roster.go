package policy

import (
	"bytes"
	"maps"
	"slices"

	"madang/internal/nostr"
)

// Role of a key on this node; higher includes lower.
type Role int

const (
	Stranger Role = iota
	Member
	Editor
	Operator
	Node // the node's own key
)

// String returns the role's name, in lower case; "editor" and "operator" are those that the roster uses.
func (r Role) String() string {
	return [...]string{"stranger", "member", "editor", "operator", "node"}[r]
}

// Membership is one line of the roster.
type Membership struct {
	PubKey nostr.PubKey
	Role   Role
}

// FeedSet is the d tag of the follow set (NIP-51, kind 30000) in which the node lists its feeds.
const FeedSet = "feeds"

// version of a replaceable event: a newer one takes an older one's place, whatever the order in which they come.
type version struct {
	createdAt int64
	id        nostr.ID
	known     bool
}

func (v version) replacedBy(e *nostr.Event) bool {
	if !v.known || e.CreatedAt != v.createdAt {
		return !v.known || e.CreatedAt > v.createdAt
	}
	return bytes.Compare(e.ID[:], v.id[:]) < 0
}

type roster struct {
	version version
	roles   map[nostr.PubKey]Role
}

type feeds struct {
	version version
	keys    map[nostr.PubKey]struct{}
}

// Observe takes in a committed event; the roster is read from the node's own (kind 13534, 30000 with d "feeds", and
// 10000, the bans). Others are ignored, and so is an older version of any.
func (p *Policy) Observe(e *nostr.Event) {
	if e.PubKey != p.cfg.NodeKey {
		return
	}
	switch e.Kind {
	case nostr.KindMembers:
		roles := parseRoster(e)
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.roster.version.replacedBy(e) {
			p.roster = roster{version{e.CreatedAt, e.ID, true}, roles}
		}
	case nostr.KindMuteList:
		p.mu.Lock() // Observe may be called from several places: one at a time
		defer p.mu.Unlock()
		if p.bans.Load().version.replacedBy(e) {
			p.bans.Store(parseBans(e))
		}
	case nostr.KindFollowSet:
		if d, _ := e.Tags.First("d"); d != FeedSet {
			return
		}
		keys := map[nostr.PubKey]struct{}{}
		for _, pk := range recipients(e) {
			keys[pk] = struct{}{}
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.feeds.version.replacedBy(e) {
			p.feeds = feeds{version{e.CreatedAt, e.ID, true}, keys}
		}
	}
}

// parseRoster reads ["member", pubkey, role...]; a key listed twice has the higher role.
func parseRoster(e *nostr.Event) map[nostr.PubKey]Role {
	roles := map[nostr.PubKey]Role{}
	for _, t := range e.Tags {
		if t.Name() != "member" {
			continue
		}
		pk, err := nostr.ParsePubKey(t.Value())
		if err != nil {
			continue
		}
		role := Member
		for _, name := range t[2:] {
			switch name {
			case Editor.String():
				role = max(role, Editor)
			case Operator.String():
				role = max(role, Operator)
			}
		}
		roles[pk] = max(roles[pk], role)
	}
	return roles
}

// Role of a key now. A feed's key is a Stranger: see Feeds.
func (p *Policy) Role(pk nostr.PubKey) Role {
	if pk == p.cfg.NodeKey {
		return Node
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.roster.roles[pk]
}

// Members lists the roster, sorted by key.
func (p *Policy) Members() []Membership {
	p.mu.RLock()
	defer p.mu.RUnlock()
	members := make([]Membership, 0, len(p.roster.roles))
	for pk, role := range p.roster.roles {
		members = append(members, Membership{pk, role})
	}
	slices.SortFunc(members, func(a, b Membership) int { return bytes.Compare(a.PubKey[:], b.PubKey[:]) })
	return members
}

// Feeds lists the keys of the node's feeds (NIP-51 set d=feeds signed by the node), sorted.
func (p *Policy) Feeds() []nostr.PubKey {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return slices.SortedFunc(maps.Keys(p.feeds.keys), func(a, b nostr.PubKey) int { return bytes.Compare(a[:], b[:]) })
}

// Publishers lists, in no order, those whose articles and videos this node shows as its own: editors, operators, feeds
// and the node itself. It is nil where anyone may publish. What others wrote may be here too, when a courier brought it.
func (p *Policy) Publishers() []nostr.PubKey {
	if p.cfg.Open {
		return nil
	}
	publishers := append(p.Feeds(), p.cfg.NodeKey)
	p.mu.RLock()
	defer p.mu.RUnlock()
	for pk, role := range p.roster.roles {
		if role >= Editor {
			publishers = append(publishers, pk)
		}
	}
	return publishers
}

func (p *Policy) isFeed(pk nostr.PubKey) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	_, ok := p.feeds.keys[pk]
	return ok
}
