package index

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"madang/internal/eventlog"
	"madang/internal/negentropy"
	"madang/internal/nostr"
	"madang/internal/verify"
)

// public returns what the timeline must hold, as queries find it.
func (s *store) public(t rapid.TB, now int64) (items []negentropy.Item) {
	t.Helper()
	q := Query{
		Filters: []nostr.Filter{nostr.All()}, Now: now,
		Visible: func(e *nostr.Event) bool { return e.Kind != nostr.KindGiftWrap },
	}
	err := s.x.Items(s.t.Context(), q, func(createdAt int64, id nostr.ID) error {
		items = append(items, negentropy.Item{Timestamp: createdAt, ID: id})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(items, negentropy.Item.Compare)
	return items
}

func (s *store) timeline(t rapid.TB, now int64) *Snapshot {
	t.Helper()
	snap, err := s.x.Timeline(s.t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

func (s *store) checkTimeline(t rapid.TB, now int64) {
	t.Helper()
	snap := s.timeline(t, now)
	defer snap.Release()
	if got, want := slices.Collect(snap.Set().All()), s.public(t, now); !slices.Equal(got, want) {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
}

// TestTimelineFollows holds the timeline against what queries find, through random histories.
func TestTimelineFollows(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newMachine(t, rt)
		defer func() { m.close(rt) }()
		var latest int64 // moment that this run's timeline was asked for
		restart := func(action func(*rapid.T)) func(*rapid.T) {
			return func(rt *rapid.T) { action(rt); latest = 0 }
		}
		look := func(rt *rapid.T) {
			now := rapid.Int64Range(m.model.swept, m.model.swept+10).Draw(rt, "now")
			s := &store{t: t, x: m.x}
			snap, err := m.x.Timeline(t.Context(), now)
			switch {
			case errors.Is(err, ErrNoTimeline) && now < latest:
				return
			case err != nil:
				rt.Fatal(err)
			}
			defer snap.Release()
			latest = max(latest, now)
			if got, want := slices.Collect(snap.Set().All()), s.public(rt, now); !slices.Equal(got, want) {
				rt.Fatalf("at %d: %d events, want %d", now, len(got), len(want))
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"commit": m.Commit, "commit more": m.Commit, "commit again": m.Commit, "sweep": m.Sweep,
			"reopen": restart(m.Reopen), "flush": m.Flush, "crash": restart(m.Crash), "look": look, "look again": look,
		})
	})
}

// Events that come and go while it is read are in it, and neither twice nor for ever.
func TestTimelineBuiltUnderWay(t *testing.T) {
	s := newStore(t)
	var doomed []nostr.ID
	for i := range 600 {
		e := makeEvent(t, 1, 1, int64(i), strconv.Itoa(i))
		s.add(e)
		doomed = append(doomed, e.Event().ID)
	}
	var coming []verify.Event
	for i, id := range doomed[:200] {
		coming = append(coming, makeEvent(t, 2, 1, int64(i), "new"+strconv.Itoa(i)),
			makeEvent(t, 1, nostr.KindDeletion, int64(1000+i), "", nostr.Tag{"e", id.String()}))
	}
	var both sync.WaitGroup
	both.Go(func() {
		for _, e := range coming {
			s.add(e)
		}
	})
	both.Go(func() {
		if snap, err := s.x.Timeline(t.Context(), 0); err != nil {
			t.Error(err)
		} else {
			snap.Release()
		}
	})
	both.Wait()
	s.checkTimeline(t, 0)
}

func TestTimelineLeavesOutMailAndWhatExpired(t *testing.T) {
	s := newStore(t)
	expiring := func(at int64) verify.Event {
		return makeEvent(t, 1, 1, at, "", nostr.Tag{"expiration", strconv.FormatInt(at, 10)})
	}
	s.add(makeEvent(t, 1, 1, 1, "note"), makeEvent(t, 1, nostr.KindGiftWrap, 2, "", nostr.Tag{"p", "x"}), expiring(20))
	s.checkTimeline(t, 10)
	s.add(makeEvent(t, 1, nostr.KindGiftWrap, 3, "", nostr.Tag{"p", "x"}), expiring(15), expiring(30))
	for _, c := range []struct {
		now  int64
		want int
	}{{10, 4}, {14, 4}, {15, 3}, {20, 2}, {30, 1}} {
		snap := s.timeline(t, c.now)
		if got := snap.Set().Len(); got != c.want {
			t.Errorf("at %d: %d events, want %d", c.now, got, c.want)
		}
		snap.Release()
	}
	if _, err := s.x.Timeline(t.Context(), 29); !errors.Is(err, ErrNoTimeline) {
		t.Errorf("after the clock was set back: %v", err)
	}
	s.checkTimeline(t, 31)
	s.add(expiring(100_000))
	s.checkTimeline(t, 100_000)
	s.checkTimeline(t, 12) // set back by much
	s.checkTimeline(t, 100_001)
}

func TestTimelineKeepsUpWithoutBeingAsked(t *testing.T) {
	s := newStore(t)
	s.checkTimeline(t, 0)
	note := makeEvent(t, 1, 1, 5, "")
	var changes []change
	for range maxPending {
		changes = append(changes, change{item: negentropy.Item{Timestamp: 5, ID: note.Event().ID}})
	}
	s.x.timeline.follow(changes)
	if n := len(s.x.timeline.pending); n != 0 {
		t.Errorf("%d changes wait", n)
	}
	if n := s.x.timeline.set.Len(); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

func TestSnapshots(t *testing.T) {
	s := newStore(t)
	at := 0
	add := func() { at++; s.add(makeEvent(t, 1, 1, int64(at), strconv.Itoa(at))) }
	add()
	first, second := s.timeline(t, 0), s.timeline(t, 0)
	if first.Set() != second.Set() {
		t.Error("two snapshots of one moment are not shared")
	}
	second.Release()
	second.Release()

	// Each snapshot of n events copies n. Beyond 100 a new one is shared, for a minute.
	s.x.timeline.spare = 100
	held := []*Snapshot{first}
	for s.x.timeline.surplus() <= 100 {
		add()
		snap := s.timeline(t, 0)
		if got := snap.Set().Len(); got != at {
			t.Errorf("%d events, want %d", got, at)
		}
		held = append(held, snap)
	}
	newest := held[len(held)-1]
	add()
	shared := s.timeline(t, 0)
	if shared.Set() != newest.Set() {
		t.Error("one snapshot too many is not shared")
	}
	shared.Release()

	// Whatever is asked for, no more than 200 are held.
	for range 2 * len(held) {
		add()
		s.x.timeline.held[len(s.x.timeline.held)-1].made = time.Now().Add(-2 * shareTime)
		snap := s.timeline(t, 0)
		if got := snap.Set().Len(); got != at {
			t.Errorf("%d events, want %d", got, at)
		}
		held = append(held, snap)
		if n := s.x.timeline.surplus(); n > 200 {
			t.Errorf("%d items are held besides", n)
		}
	}
	if first.Set() != nil {
		t.Error("the oldest snapshot was not taken back")
	}
	if n := first.Narrow(0, math.MaxInt64, []negentropy.Item{{}}, nil); n != 0 || first.Set() != nil {
		t.Error("one that was taken back came to life again")
	}
	for _, snap := range held {
		snap.Release()
	}
	if n := len(s.x.timeline.held); n != 0 {
		t.Errorf("%d snapshots are held after the end", n)
	}
}

func TestNarrow(t *testing.T) {
	s := newStore(t)
	for n := range 10 {
		s.add(makeEvent(t, 1, 1, int64(n), ""))
	}
	snap := s.timeline(t, 0)
	defer snap.Release()
	mail := negentropy.Item{Timestamp: 5, ID: nostr.ID(bytes.Repeat([]byte{7}, 32))}
	whole := s.timeline(t, 0)
	defer whole.Release()
	banned := slices.Collect(whole.Set().Between(6, 6).All())
	if copied := snap.Narrow(4, 6, []negentropy.Item{mail}, banned); copied != 10 {
		t.Errorf("%d items were copied, want 10", copied)
	}
	got := slices.Collect(snap.Set().All())
	if len(got) != 3 || !slices.Contains(got, mail) || slices.Contains(got, banned[0]) {
		t.Errorf("got %v", got)
	}
	if got := whole.Set().Len(); got != 10 {
		t.Errorf("another snapshot has %d events", got)
	}
}

func TestPrepareTimeline(t *testing.T) {
	s := newStore(t)
	s.add(makeEvent(t, 1, 1, 1, ""))
	s.x.PrepareTimeline()
	b := s.x.timeline.building
	if b == nil {
		t.Fatal("it is not built")
	}
	<-b.done
	s.checkTimeline(t, 0)
	if s.x.timeline.building != b {
		t.Error("it was built again")
	}
	s.close()
	s.x.PrepareTimeline()
	if _, err := s.x.Timeline(t.Context(), 0); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// fill puts notes into the index as if they had been read from the log, which they are not.
func fill(b *testing.B, s *store, n int) {
	b.Helper()
	for done := 0; done < n; done += 10_000 {
		c := s.x.newCommit()
		for i := done; i < done+10_000; i++ {
			var e nostr.Event
			e.CreatedAt, e.Content = 1_700_000_000+int64(i), fmt.Sprint(i)
			e.ID = e.ComputeID()
			c.set(idKey(e.ID), placeOf(&e, eventlog.Position(i)).value())
			c.count++
		}
		if err := c.finish(); err != nil {
			b.Fatal(err)
		}
		c.batch.Close()
	}
}

func BenchmarkTimelineBuild(b *testing.B) {
	const n = 500_000
	s := newStore(b)
	fill(b, s, n)
	for b.Loop() {
		snap := s.timeline(b, 0)
		if snap.Set().Len() != n {
			b.Fatal(snap.Set().Len())
		}
		snap.Release()
		b.StopTimer()
		s.x.timeline.reset()
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/event")
}

// BenchmarkSnapshot takes a snapshot of 500,000 events after one more has come, and one when none has.
func BenchmarkSnapshot(b *testing.B) {
	for name, events := range map[string]int{"unchanged": 0, "one more event": 1} {
		b.Run(name, func(b *testing.B) {
			s := newStore(b)
			fill(b, s, 500_000)
			s.timeline(b, 0).Release()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				for range events {
					var it negentropy.Item
					it.Timestamp, it.ID[0], it.ID[1], it.ID[2] = 1_900_000_000, byte(i>>16), byte(i>>8), byte(i)
					s.x.timeline.follow([]change{{item: it}})
				}
				s.timeline(b, 0).Release()
			}
		})
	}
}
