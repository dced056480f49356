package index

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"madang/internal/nostr"
	"madang/internal/verify"
)

// TestVanish: who asks to vanish is gone up to that second, with deletions and the mail sent to them; others are not; what
// comes later or again is judged likewise, also by an index made anew.
func TestVanish(t *testing.T) {
	s := newStore(t)
	const who, other = 1, 2
	p := nostr.Tag{"p", author(who).PubKey().String()}
	victim := makeEvent(t, other, 1, 5, "theirs")
	gone := []verify.Event{
		makeEvent(t, who, 1, 10, "note"),
		makeEvent(t, who, 0, 11, "profile"),
		makeEvent(t, who, 30023, 12, "article", nostr.Tag{"d", "x"}),
		makeEvent(t, who, nostr.KindDeletion, 13, "deletion", nostr.Tag{"e", victim.Event().ID.String()}),
		makeEvent(t, 9, nostr.KindGiftWrap, 14, "mail", p),
		makeEvent(t, who, 1, 20, "of that second"),
	}
	s.add(gone...)
	s.add(victim,
		makeEvent(t, who, 1, 21, "later"),
		makeEvent(t, other, 1, 10, "about them", p),
		makeEvent(t, 9, nostr.KindGiftWrap, 21, "later mail", p),
		makeEvent(t, 9, nostr.KindGiftWrap, 10, "others' mail", nostr.Tag{"p", author(other).PubKey().String()}))
	s.x.maxPart = 1 // each event a batch of its own
	request := makeEvent(t, who, nostr.KindVanish, 20, "request", nostr.Tag{"relay", "ALL_RELAYS"})
	s.add(request)
	s.add(makeEvent(t, who, nostr.KindDeletion, 30, "regret", nostr.Tag{"e", request.Event().ID.String()}))
	s.add(makeEvent(t, who, nostr.KindVanish, 3, "an older request", nostr.Tag{"relay", "ALL_RELAYS"}))

	check := func() {
		t.Helper()
		want := []string{"regret", "later", "later mail", "request", "about them", "others' mail", "theirs", "an older request"}
		got := s.query(nostr.All())
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || s.x.Len() != len(want) {
			t.Errorf("%d held: %q", s.x.Len(), got)
		}
		for _, e := range gone {
			if err := s.x.Check(e.Event()); !errors.Is(err, ErrDeleted) {
				t.Errorf("%s again: %v", e.Event().Content, err)
			}
		}
		late := makeEvent(t, 9, nostr.KindGiftWrap, 20, "late mail", p)
		if err := s.x.Check(late.Event()); !errors.Is(err, ErrDeleted) {
			t.Errorf("late mail: %v", err)
		}
		anew := makeEvent(t, who, 0, 22, "a new profile")
		if err := s.x.Check(anew.Event()); err != nil {
			t.Errorf("a new profile: %v", err)
		}
		if differences, err := s.x.CheckConsistency(t.Context()); err != nil || len(differences) > 0 {
			t.Errorf("%q, %v", differences, err)
		}
	}
	check()
	s.close()
	if err := removeStore(s.config().withDefaults()); err != nil {
		t.Fatal(err)
	}
	s.open()
	check()
}

// TestVanishInGroup: a request counts for what stands before and after it in its own group.
func TestVanishInGroup(t *testing.T) {
	s := newStore(t)
	var group []verify.Event
	for i := range 5 {
		group = append(group, makeEvent(t, 1, 1, int64(i), strconv.Itoa(i)))
	}
	group = append(group, makeEvent(t, 1, nostr.KindVanish, 3, "request"), makeEvent(t, 1, 1, 2, "again"))
	s.add(group...)
	if got := s.query(nostr.All()); !slices.Equal(got, []string{"4", "request"}) {
		t.Errorf("%q", got)
	}
}
