package index

import (
	"bytes"
	"errors"
	"slices"

	"madang/internal/eventlog"
	"madang/internal/nostr"
)

// model says what the index must answer, in the words of the NIPs and without any index: it looks through the log.
type model struct {
	log   []logged
	swept int64
}

type logged struct {
	pos   eventlog.Position
	event *nostr.Event
}

// check says what Check must.
func (m *model) check(e *nostr.Event) error {
	if m.deleted(e) {
		return ErrDeleted
	}
	for _, l := range m.log {
		if l.event.ID == e.ID && m.held(l.event) {
			return ErrDuplicate
		}
	}
	if h := m.head(e); h != nil && h.ID == e.ID {
		return ErrDuplicate
	} else if h != nil && older(e, h) {
		return ErrReplaced
	}
	return nil
}

// held: NIP-01's replacement, NIP-09's deletion, and NIP-40's expiry where Sweep has been there.
func (m *model) held(e *nostr.Event) bool {
	if at, ok := e.Expiration(); ok && at <= m.swept {
		return false
	}
	h := m.head(e)
	return !m.deleted(e) && (h == nil || h.ID == e.ID)
}

// head returns the newest event in the log at the event's address.
func (m *model) head(e *nostr.Event) (newest *nostr.Event) {
	a, ok := e.Address()
	if !ok {
		return nil
	}
	for _, l := range m.log {
		if b, ok := l.event.Address(); ok && b == a && (newest == nil || older(newest, l.event)) {
			newest = l.event
		}
	}
	return newest
}

// older reports whether b is kept in a's place, or comes before it in the answer to a query.
func older(a, b *nostr.Event) bool {
	if a.CreatedAt != b.CreatedAt {
		return a.CreatedAt < b.CreatedAt
	}
	return bytes.Compare(a.ID[:], b.ID[:]) > 0
}

func (m *model) deleted(e *nostr.Event) bool {
	if e.Kind == nostr.KindVanish {
		return false
	}
	for _, l := range m.log {
		d := l.event
		if d.Kind == nostr.KindVanish && e.CreatedAt <= d.CreatedAt &&
			(d.PubKey == e.PubKey || e.Kind == nostr.KindGiftWrap && e.Tags.Has("p", d.PubKey.String())) {
			return true
		}
		if d.Kind != nostr.KindDeletion || e.Kind == nostr.KindDeletion {
			continue
		}
		mine := d.PubKey == e.PubKey
		if d.Tags.Has("e", e.ID.String()) && (mine || e.Kind == nostr.KindGiftWrap && e.Tags.Has("p", d.PubKey.String())) {
			return true
		}
		if a, ok := e.Address(); ok && mine && d.Tags.Has("a", a.String()) && e.CreatedAt <= d.CreatedAt {
			return true
		}
	}
	return false
}

// query says what Query must yield.
func (m *model) query(q Query, limits bool) (found []*nostr.Event) {
	var held []*nostr.Event
	for _, l := range m.log {
		if at, ok := l.event.Expiration(); ok && at <= q.Now {
			continue
		}
		if m.held(l.event) && (q.Visible == nil || q.Visible(l.event)) {
			held = append(held, l.event)
		}
	}
	slices.SortFunc(held, func(a, b *nostr.Event) int {
		if older(a, b) {
			return 1
		}
		return -1
	})
	wanted := map[*nostr.Event]bool{}
	for _, f := range q.Filters {
		own, most, last := len(held), len(held), int64(-1)
		if limits && f.Limit >= 0 {
			own = f.Limit
		}
		if limits && q.MaxLimit > 0 {
			most = q.MaxLimit
		}
		private := f.Kinds == nil || slices.Contains(f.Kinds, nostr.KindGiftWrap)
		given := 0
		for _, e := range held {
			if f.Matches(e) && given < min(own, 2*most) && (given < most || e.CreatedAt == last && !private) {
				given, last = given+1, e.CreatedAt
				wanted[e] = true
			}
		}
	}
	for _, e := range held {
		if wanted[e] {
			found = append(found, e)
		}
	}
	return found
}

func (m *model) len() (n int) {
	for _, l := range m.log {
		if m.held(l.event) {
			n++
		}
	}
	return n
}

func sameError(a, b error) bool { return errors.Is(a, b) && (a == nil) == (b == nil) }
