package index

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"

	"madang/internal/nostr"
)

func TestSearchIsRefused(t *testing.T) {
	s := newStore(t)
	f := nostr.All()
	f.Search = "x"
	_, err := s.x.Query(t.Context(), Query{Filters: []nostr.Filter{nostr.All(), f}}, func(Item) error { return nil })
	if !errors.Is(err, ErrSearch) {
		t.Errorf("%v, want ErrSearch", err)
	}
}

func TestQueryStops(t *testing.T) {
	s := newStore(t)
	s.addNotes(300)
	stop := errors.New("enough")
	n := 0
	all := Query{Filters: []nostr.Filter{nostr.All()}}
	if _, err := s.x.Query(t.Context(), all, func(Item) error { n++; return stop }); err != stop || n != 1 {
		t.Errorf("after %d: %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := s.x.Query(ctx, all, func(Item) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled between events: %v", err)
	}
	// Every key is passed over, so that only the scan itself can notice.
	nobody := nostr.All()
	nobody.Tags = []nostr.TagFilter{{Letter: 't', Values: []string{"x"}}}
	nobody.Kinds = []uint16{7}
	if _, err := s.x.Count(ctx, Query{Filters: []nostr.Filter{nobody}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while nothing matches: %v", err)
	}
}

// TestVisibleBeforeLimit: what a reader may not see takes no place in the answer.
func TestVisibleBeforeLimit(t *testing.T) {
	s := newStore(t)
	s.add(makeEvent(t, 1, 1, 1, "seen"), makeEvent(t, 1, nostr.KindGiftWrap, 2, "hidden"),
		makeEvent(t, 1, 1, 3, "expired", nostr.Tag{"expiration", "10"}))
	f := nostr.All()
	f.Limit = 1
	var got []string
	err := s.x.Events(t.Context(), Query{
		Filters: []nostr.Filter{f}, Now: 10, Visible: func(e *nostr.Event) bool { return e.Kind != nostr.KindGiftWrap },
	}, func(e *nostr.Event) error { got = append(got, e.Content); return nil })
	if err != nil || !slices.Equal(got, []string{"seen"}) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestCountsOnce: an event that a filter finds by two of its tag values takes one place of the limit.
func TestCountsOnce(t *testing.T) {
	s := newStore(t)
	for i := range 3 {
		s.add(makeEvent(t, 1, 1, int64(i), strconv.Itoa(i), nostr.Tag{"t", "a"}, nostr.Tag{"t", "b"}, nostr.Tag{"t", "a"}))
	}
	f := nostr.All()
	f.Tags = []nostr.TagFilter{{Letter: 't', Values: []string{"a", "b", "a"}}}
	f.Limit = 2
	if got := s.query(f, f); !slices.Equal(got, []string{"2", "1"}) {
		t.Errorf("%q", got)
	}
}

// TestManyConditions: a filter that lists thousands opens few iterators and answers the same.
func TestManyConditions(t *testing.T) {
	s := newStore(t)
	s.addNotes(60)
	f := nostr.All()
	for i := range 3000 {
		f.Authors = append(f.Authors, nostr.PubKey{0: byte(i), 1: byte(i >> 8), 2: 1})
		f.Kinds = append(f.Kinds, uint16(i))
	}
	f.Authors = append(f.Authors, nostr.SecretKey{31: 1}.PubKey())
	filters := make([]nostr.Filter, 20)
	for i := range filters {
		filters[i] = f
	}
	snap := s.x.db.NewSnapshot()
	defer snap.Close()
	opened := 0
	for i := range filters {
		if err := legs(snap, &filters[i], i, defaultLegs/len(filters), func(l *leg) { opened++; l.close() }); err != nil {
			t.Fatal(err)
		}
	}
	if opened > defaultLegs {
		t.Errorf("%d iterators", opened)
	}
	if got := s.query(filters...); len(got) != 20 || got[0] != "57" || got[19] != "0" {
		t.Errorf("%q", got)
	}
}

// TestAnswerTellsWhetherThereIsMore, as NIP-67 passes it on.
func TestAnswerTellsWhetherThereIsMore(t *testing.T) {
	s := newStore(t)
	s.addNotes(10) // of authors 0 to 2
	s.add(makeEvent(t, 1, nostr.KindGiftWrap, 5, "mail", nostr.Tag{"p", "x"}))
	notes := func(limit int) nostr.Filter {
		f := nostr.All()
		f.Kinds, f.Limit = []uint16{1}, limit
		return f
	}
	all, byTag, none := nostr.All(), notes(4), notes(3)
	all.Limit = 5
	byTag.Kinds, byTag.Tags = []uint16{1, 7}, []nostr.TagFilter{{Letter: 't', Values: []string{"x"}}}
	none.Kinds = []uint16{7}
	for name, c := range map[string]struct {
		filters        []nostr.Filter
		complete, more bool
	}{
		"more than asked":                    {[]nostr.Filter{notes(9)}, false, true},
		"as many as there are":               {[]nostr.Filter{notes(10)}, true, false},
		"all":                                {[]nostr.Filter{notes(-1)}, true, false},
		"nothing":                            {[]nostr.Filter{none}, true, false},
		"nothing asked":                      {[]nostr.Filter{notes(0)}, false, false},
		"one of two has more":                {[]nostr.Filter{none, notes(9)}, false, true},
		"what one keeps back the other gave": {[]nostr.Filter{notes(5), notes(10)}, true, false},
		"mail may be among the rest":         {[]nostr.Filter{all}, false, false},
		"the rest would have to be searched": {[]nostr.Filter{byTag}, false, false},
	} {
		answer, err := s.x.Query(t.Context(), Query{Filters: c.filters}, func(Item) error { return nil })
		if err != nil || answer.Complete != c.complete || answer.More != c.more {
			t.Errorf("%s: complete %v, more %v, %v", name, answer.Complete, answer.More, err)
		}
	}
}

// TestRecentItems: an event that was found before is found the same again; a large one is not kept.
func TestRecentItems(t *testing.T) {
	var r recent
	a, b := Item{Pos: 1, JSON: []byte("a")}, Item{Pos: 1, JSON: make([]byte, recentSize+1)}
	r.put(a)
	r.put(b)
	if got, ok := r.get(1); !ok || string(got.JSON) != "a" {
		t.Errorf("%s, %v: a large item was kept", got.JSON, ok)
	}
}
