package index

import (
	"errors"
	"testing"
	"time"

	"madang/internal/nostr"
	"madang/internal/verify"
)

// TestEraseInTime: what was deleted Erase itself has noted on the disk, what was replaced it leaves until a day is over,
// so that small tables do not wear the disk.
func TestEraseInTime(t *testing.T) {
	b := newBox(t)
	log, x, err := b.open(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(x.Close(), log.Close()); err != nil {
			t.Fatal(err)
		}
	}()
	erase := func() (n int) {
		t.Helper()
		n, err := x.Erase(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	// all waits until so many are erased: the disk is written in the background, which tells when it has been.
	all := func(want int) {
		t.Helper()
		late := time.After(20 * time.Second)
		got := erase()
		for ; got < want; got += erase() {
			select {
			case <-x.health.news:
			case <-late:
				t.Fatalf("%d events erased, want %d", got, want)
			}
		}
		if got != want {
			t.Errorf("%d events erased, want %d", got, want)
		}
	}
	store := func(kind uint16, at int64, tags ...nostr.Tag) nostr.ID {
		t.Helper()
		e := makeEvent(t, 0, kind, at, "x", tags...)
		s := x.Stage()
		if err := s.Take(e); err != nil {
			t.Fatal(err)
		}
		positions, err := log.Append([]verify.Event{e}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(positions, log.End()); err != nil {
			t.Fatal(err)
		}
		return e.Event().ID
	}
	flushes := func() int64 { return x.db.Metrics().Flush.Count }

	store(0, 1)
	store(0, 2)
	before := flushes()
	if n := erase() + erase(); n > 0 || flushes() != before {
		t.Errorf("%d events erased, %d tables written", n, flushes()-before)
	}
	x.flushed = x.flushed.Add(-flushEvery)
	all(1)
	note := store(1, 3)
	store(0, 4)
	store(nostr.KindDeletion, 5, nostr.Tag{"e", note.String()})
	all(2)
	if n := erase(); n > 0 {
		t.Errorf("%d events erased twice", n)
	}
}
