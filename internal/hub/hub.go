// Package hub hands committed events to live subscriptions (NIP-01, what follows EOSE).
package hub

import (
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
	// for those under way.
	mu   sync.Mutex
	subs map[*Subscription]struct{}
}

// Subscription is one live REQ.
type Subscription struct {
	hub     *Hub
	filters []nostr.Filter
	visible func(*nostr.Event) bool
	deliver func(Delivery)
}

// Delivery is one event on its way to a subscriber.
type Delivery struct {
	Pos   eventlog.Position // Ephemeral for one that is not in the log
	Event verify.Event
}

// New returns a hub without subscriptions.
func New() *Hub { return &Hub{subs: map[*Subscription]struct{}{}} }

// Subscribe registers. visible is asked for each event (nil: all); deliver is called for each match in commit order.
// Neither may block or call back into the hub. Limits and searches of filters have no say here.
func (h *Hub) Subscribe(filters []nostr.Filter, visible func(*nostr.Event) bool, deliver func(Delivery)) *Subscription {
	s := &Subscription{hub: h, filters: slices.Clone(filters), visible: visible, deliver: deliver}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subs[s] = struct{}{}
	return s
}

// Cancel ends the subscription; deliver is not called after it returns. A second Cancel does nothing.
func (s *Subscription) Cancel() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	delete(s.hub.subs, s)
}

// Publish hands events to every matching subscription, in order.
func (h *Hub) Publish(ds []Delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.subs {
		for _, d := range ds {
			if s.wants(d.Event.Event()) {
				s.deliver(d)
			}
		}
	}
}

func (s *Subscription) wants(e *nostr.Event) bool {
	for i := range s.filters {
		if s.filters[i].Matches(e) {
			return s.visible == nil || s.visible(e)
		}
	}
	return false
}

// Len returns how many subscriptions are live.
func (h *Hub) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.subs)
}
