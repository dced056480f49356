// Package hub hands committed events to live subscriptions (NIP-01, what follows EOSE).
package hub

import (
	"hash/maphash"
	"math"
	"slices"
	"sync"

	"madang/internal/eventlog"
	"madang/internal/nostr"
	"madang/internal/verify"
)

// Ephemeral is the position of an event that the log does not hold.
const Ephemeral eventlog.Position = math.MaxUint64

// Hub knows every live subscription. It is safe for concurrent use.
type Hub struct {
	// mu is held throughout a Publish, which makes deliveries one sequence for all subscriptions, and lets Cancel wait
	// for those under way. It guards what follows, and the unexported fields of subscriptions.
	mu    sync.Mutex
	subs  int
	shelf shelf
	event uint64 // counts events published

	// What one Publish found: chains of matches, one for each subscription in woken.
	matches []match
	woken   []*Subscription
	batch   []*Live
}

// Subscription is one live REQ.
type Subscription struct {
	hub     *Hub
	filters []nostr.Filter
	visible func(*nostr.Event) bool
	deliver func([]*Live)

	filed       []filed // nil once cancelled, or where nothing can match
	live        bool
	asked       uint64 // the last event that matched a filter, so that it is taken once
	first, last int32  // of its chain in matches, plus 1; 0: none
}

// Delivery is one event on its way to subscribers.
type Delivery struct {
	Pos   eventlog.Position // Ephemeral for one that is not in the log
	Event verify.Event
}

// Live is a delivery as all its subscribers share it.
type Live struct {
	Delivery
	once sync.Once
	form any
}

// Form returns what build returned to the first subscriber who asked: the event in the form in which they all send it.
func (l *Live) Form(build func() any) any {
	l.once.Do(func() { l.form = build() })
	return l.form
}

// match is one event for one subscription.
type match struct {
	live *Live
	next int32 // the subscription's next, plus 1; 0: none
}

// New returns a hub without subscriptions.
func New() *Hub { return &Hub{shelf: shelf{seed: maphash.MakeSeed(), nodes: map[uint64]*node{}}} }

// Subscribe registers. visible is asked for each event that matches (nil: all); deliver is called with all matches of a
// Publish at once, in commit order, and may keep them, but not the slice. Neither may block or call back into the hub.
// Limits of filters have no say here; a filter with a search (NIP-50) is for the store alone and matches nothing.
func (h *Hub) Subscribe(
	filters []nostr.Filter, visible func(*nostr.Event) bool, deliver func([]*Live),
) *Subscription {
	s := &Subscription{hub: h, filters: slices.Clone(filters), visible: visible, deliver: deliver, live: true}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subs++
	h.shelf.file(s)
	return s
}

// Cancel ends the subscription; deliver is not called after it returns. A second Cancel does nothing.
func (s *Subscription) Cancel() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if s.live {
		s.live = false
		s.hub.subs--
		s.hub.shelf.remove(s)
	}
}

// mostMatches is how many matches' memory is kept from one Publish to the next.
const mostMatches = 1 << 14

// Publish hands events to every matching subscription, in order.
func (h *Hub) Publish(ds []Delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range ds {
		h.match(d)
	}
	for _, s := range h.woken {
		h.batch = h.batch[:0]
		for i := s.first; i != 0; i = h.matches[i-1].next {
			h.batch = append(h.batch, h.matches[i-1].live)
		}
		s.first, s.last = 0, 0
		s.deliver(h.batch)
	}
	clear(h.matches)
	clear(h.woken)
	clear(h.batch)
	h.matches, h.woken = h.matches[:0], h.woken[:0]
	if cap(h.matches) > mostMatches {
		h.matches, h.woken, h.batch = nil, nil, nil
	}
}

// match finds an event's subscriptions.
func (h *Hub) match(d Delivery) {
	h.event++
	e := d.Event.Event()
	var live *Live
	h.shelf.candidates(e, func(f *filed) {
		s := f.sub
		if f.checked == h.event || s.asked == h.event {
			return
		}
		f.checked = h.event
		if !f.filter.Matches(e) {
			return
		}
		s.asked = h.event
		if s.visible != nil && !s.visible(e) {
			return
		}
		if live == nil {
			live = &Live{Delivery: d}
		}
		h.chain(s, live)
	})
}

// chain adds a match to a subscription's.
func (h *Hub) chain(s *Subscription, live *Live) {
	h.matches = append(h.matches, match{live: live})
	at := int32(len(h.matches))
	if s.first == 0 {
		h.woken = append(h.woken, s)
		s.first = at
	} else {
		h.matches[s.last-1].next = at
	}
	s.last = at
}

// Len returns how many subscriptions are live.
func (h *Hub) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.subs
}
