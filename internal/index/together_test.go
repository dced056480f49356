package index

import (
	"sync"
	"testing"

	"madang/internal/nostr"
)

// Queries share what they hold open: whoever would need more than is left waits.
func TestQueriesTogetherAreBounded(t *testing.T) {
	s := newStore(t)
	s.addNotes(1)
	wide := nostr.All()
	for i := range defaultLegs - 1 {
		wide.Authors = append(wide.Authors, nostr.PubKey{0: byte(i), 1: byte(i >> 8), 2: 1})
	}
	wide.Authors = append(wide.Authors, nostr.SecretKey{31: 1}.PubKey())
	entered, leave := make(chan struct{}), make(chan struct{})
	var holding sync.WaitGroup
	for range legsAtOnce / defaultLegs {
		holding.Go(func() {
			q := Query{Filters: []nostr.Filter{wide}, Visible: func(*nostr.Event) bool {
				entered <- struct{}{}
				<-leave
				return true
			}}
			if _, err := s.x.Query(t.Context(), q, func(Item) error { return nil }); err != nil {
				t.Error(err)
			}
		})
		<-entered
	}
	if s.x.walking.TryAcquire(1) {
		t.Error("one more iterator could be opened")
	}
	close(leave)
	holding.Wait()
	if got := s.query(wide); len(got) != 1 {
		t.Errorf("when there is room again: %q", got)
	}
}

// TestScansTogetherAreBounded: counting all there is may not take every core.
func TestScansTogetherAreBounded(t *testing.T) {
	s := newStore(t)
	s.addNotes(1)
	entered, leave := make(chan struct{}), make(chan struct{})
	var holding sync.WaitGroup
	for range scansAtOnce {
		holding.Go(func() {
			q := Query{Filters: []nostr.Filter{nostr.All()}, Visible: func(*nostr.Event) bool {
				entered <- struct{}{}
				<-leave
				return true
			}}
			n, err := s.x.Count(t.Context(), q)
			if n != 1 || err != nil {
				t.Errorf("counted %d: %v", n, err)
			}
		})
		<-entered
	}
	if s.x.scanning.TryAcquire(1) {
		t.Error("one more count could begin")
	}
	if got := s.query(nostr.All()); len(got) != 1 {
		t.Errorf("a query beside the counts found %q", got)
	}
	close(leave)
	holding.Wait()
}
