package wire

import (
	"context"
	"errors"

	"madang/internal/index"
	"madang/internal/negentropy"
	"madang/internal/nostr"
)

// holding is what this side has of what is reconciled.
type holding struct {
	snapshot *index.Snapshot
	own      *negentropy.Set // where there is no snapshot
}

// errTakenBack: the index took the snapshot back.
var errTakenBack = errors.New("what is here has changed too much meanwhile")

func (h *holding) set() (*negentropy.Set, error) {
	set := h.own
	if h.snapshot != nil {
		set = h.snapshot.Set()
	}
	if set == nil {
		return nil, temporary{errTakenBack}
	}
	return set, nil
}

func (h *holding) release() {
	if h.snapshot != nil {
		h.snapshot.Release()
	}
}

// hold takes what the filter asks for of what everyone may read.
func (p *peer) hold(ctx context.Context) (*holding, error) {
	f, now := p.options.Filter, p.cfg.Now().Unix()
	if index.AsksForAll(f) {
		snapshot, err := p.cfg.Index.Timeline(ctx, now)
		if err == nil {
			snapshot.Narrow(f.Since, f.Until, nil, nil)
			return &holding{snapshot: snapshot}, nil
		}
		if !errors.Is(err, index.ErrNoTimeline) {
			return nil, err
		}
	}
	var items []negentropy.Item
	q := index.Query{Filters: []nostr.Filter{f}, Now: now, Visible: func(e *nostr.Event) bool { return !isMail(e) }}
	err := p.cfg.Index.Items(ctx, q, func(createdAt int64, id nostr.ID) error {
		items = append(items, negentropy.Item{Timestamp: createdAt, ID: id})
		return nil
	})
	return &holding{own: negentropy.NewSet(items)}, err
}

func isMail(e *nostr.Event) bool {
	return e.Kind == nostr.KindGiftWrap || e.Kind == nostr.KindEphemeralWrap
}

// isProtected reports whether only its author may publish the event (NIP-70).
func isProtected(e *nostr.Event) bool { _, ok := e.Tags.First("-"); return ok }

// load returns the wire forms of those events that are still here and may be sent: not those that this node has banned,
// though it must tell of them, so that they are not brought again. Those of whom the relay wants nothing count as refused.
func (p *peer) load(ctx context.Context, ids []nostr.ID) (events []outgoing, err error) {
	f := nostr.All()
	f.IDs = ids
	_, err = p.cfg.Index.Query(ctx, index.Query{Filters: []nostr.Filter{f}, Now: p.cfg.Now().Unix()},
		func(it index.Item) error {
			e := it.Head
			from := sender{e.PubKey, e.Kind}
			switch {
			case !p.cfg.Policy.MayRead(e, nil), isProtected(e), p.settled[e.ID]:
			case p.unwelcome[from] >= maxUnwelcome:
				p.refused(e.ID)
			default:
				events = append(events, outgoing{e.ID, from, it.JSON})
			}
			return nil
		})
	return events, err
}

// outgoing is an event to be published.
type outgoing struct {
	id   nostr.ID
	from sender
	json []byte
}

// sender is whose events of which kind a relay takes or does not.
type sender struct {
	author nostr.PubKey
	kind   uint16
}

// between returns the ids of a part of what is here.
func (h *holding) between(since, until int64, not map[nostr.ID]bool) ([]nostr.ID, error) {
	set, err := h.set()
	if err != nil {
		return nil, err
	}
	var ids []nostr.ID
	for it := range set.Between(since, until).All() {
		if !not[it.ID] {
			ids = append(ids, it.ID)
		}
	}
	return ids, nil
}
