package ingest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"madang/internal/durable/durabletest"
	"madang/internal/eventlog"
	"madang/internal/hub"
	"madang/internal/index"
	"madang/internal/ingest"
	"madang/internal/nostr"
	"madang/internal/policy"
)

var stored = ingest.Result{OK: true}

func TestAnswers(t *testing.T) {
	alice, bob := key(2), key(3)
	const article = nostr.KindArticle
	d := nostr.Tag{"d", "x"}
	note := signed(t, alice, 1, now, "hello")
	newer := signed(t, alice, article, 20, "second", d)
	gone := signed(t, alice, 1, 5, "to be deleted")
	forged := *note
	forged.Content += "!"
	otherSig := signed(t, bob, 1, now, "whose?")
	otherSig.PubKey = alice.PubKey()
	otherSig.ID = otherSig.ComputeID()
	large := signed(t, alice, 1, now, strings.Repeat("x", 300_000))
	expiry := func(at int64) nostr.Tag { return nostr.Tag{"expiration", strconv.FormatInt(at, 10)} }

	h := open(t, true)
	for _, c := range []struct {
		name  string
		event *nostr.Event
		want  ingest.Result
	}{
		{"new", note, stored},
		{"again", note, ingest.Result{OK: true, Message: "duplicate: already have this event"}},
		{"another id", &forged, ingest.Result{Message: "invalid: id does not match the event"}},
		{"another's signature", otherSig, ingest.Result{Message: "invalid: bad signature: it is not the author's"}},
		{"too large", large, ingest.Result{Message: "invalid: event too large: 300342 bytes, at most 262144"}},
		{"addressable", newer, stored},
		{"its older version", signed(t, alice, article, 10, "first", d),
			ingest.Result{OK: true, Message: "duplicate: have a newer version"}},
		{"its newer version", signed(t, alice, article, 30, "third", d), stored},
		{"what was replaced", newer, ingest.Result{OK: true, Message: "duplicate: have a newer version"}},
		{"regular", gone, stored},
		{"its deletion", signed(t, alice, nostr.KindDeletion, now, "", nostr.Tag{"e", gone.ID.String()}), stored},
		{"what was deleted", gone, ingest.Result{Message: "blocked: deleted by its author"}},
		{"expired", signed(t, alice, 1, 1, "", expiry(now)), ingest.Result{Message: "invalid: this event has expired"}},
		{"not yet expired", signed(t, alice, 1, 1, "", expiry(now+1)), stored},
		{"a little in the future", signed(t, alice, 1, now+900, ""), stored},
		{"in the future", signed(t, alice, 1, now+901, ""),
			ingest.Result{Message: "invalid: created_at is too far in the future"}},
		{"a proof of identity", signed(t, alice, nostr.KindAuth, now, ""),
			ingest.Result{Message: "invalid: events of this kind are neither stored nor passed on"}},
	} {
		end := h.log.End()
		if got := h.submit(c.event); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if changed := h.log.End() != end; changed != (c.want == stored) {
			t.Errorf("%s: log changed: %v", c.name, changed)
		}
	}
}

func TestRoads(t *testing.T) {
	h := open(t, false)
	stranger := signed(t, key(9), 1, now+10_000, "from elsewhere")
	live := policy.Writer{Road: policy.Live}
	if r := h.in.Submit(t.Context(), stranger, live); r.OK {
		t.Errorf("a stranger on the live road: %+v", r)
	}
	if r := h.in.Submit(t.Context(), stranger, policy.Writer{Road: policy.Import}); r != stored {
		t.Errorf("the same by courier: %+v", r)
	}
	member := key(5)
	if r := h.in.Submit(t.Context(), signed(t, member, 1, now, "too early"), live); r.OK {
		t.Errorf("not yet a member: %+v", r)
	}
	roster := signed(t, h.node, nostr.KindMembers, now, "", nostr.Tag{"-"}, nostr.Tag{"member", member.PubKey().String()})
	if r := h.in.Submit(t.Context(), roster, policy.Writer{Road: policy.Self}); r != stored {
		t.Fatalf("the roster: %+v", r)
	}
	if r := h.in.Submit(t.Context(), signed(t, member, 1, now, "hello"), live); r != stored {
		t.Errorf("a member, right after the roster: %+v", r)
	}
	large := signed(t, h.node, nostr.KindFollowSet, now, strings.Repeat("x", 300_000), nostr.Tag{"d", "y"})
	if r := h.in.Submit(t.Context(), large, policy.Writer{Road: policy.Self}); r != stored {
		t.Errorf("a large event of the node's own: %+v", r)
	}
}

// each calls take for every event that a subscription is handed.
func each(take func(*hub.Live)) func([]*hub.Live) {
	return func(ds []*hub.Live) {
		for _, d := range ds {
			take(d)
		}
	}
}

func TestEphemeral(t *testing.T) {
	h := open(t, true)
	alice, bob := key(2), key(3)
	var all, forAlice []nostr.ID
	h.hub.Subscribe([]nostr.Filter{nostr.All()}, nil, each(func(d *hub.Live) {
		if d.Pos != hub.Ephemeral {
			t.Errorf("position %d", d.Pos)
		}
		all = append(all, d.Event.Event().ID)
	}))
	h.hub.Subscribe([]nostr.Filter{nostr.All()}, func(e *nostr.Event) bool {
		return h.policy.MayRead(e, []nostr.PubKey{alice.PubKey()})
	}, each(func(d *hub.Live) { forAlice = append(forAlice, d.Event.Event().ID) }))

	typing := signed(t, alice, 20001, now, "typing")
	wrap := signed(t, key(99), nostr.KindEphemeralWrap, now, "sealed", nostr.Tag{"p", bob.PubKey().String()})
	end := h.log.End()
	for _, e := range []*nostr.Event{typing, wrap} {
		if r := h.submit(e); r != stored {
			t.Errorf("%+v", r)
		}
	}
	if h.log.End() != end || len(h.held(nostr.All())) != 0 {
		t.Error("an ephemeral event was stored")
	}
	if !slices.Equal(all, []nostr.ID{typing.ID, wrap.ID}) || !slices.Equal(forAlice, []nostr.ID{typing.ID}) {
		t.Errorf("delivered %v, to alice %v", all, forAlice)
	}
}

// TestGroup holds the log back while more events come: they make one group, judged each as if those before it were
// stored.
func TestGroup(t *testing.T) {
	h := open(t, true)
	alice := key(2)
	twice := signed(t, alice, 1, now, "twice")
	target := signed(t, alice, 1, now, "deleted in its own group")
	queue := []*nostr.Event{
		twice, twice,
		signed(t, alice, 0, 1, "old"), signed(t, alice, 0, 3, "new"), signed(t, alice, 0, 2, "between"),
		target, signed(t, alice, nostr.KindDeletion, now, "", nostr.Tag{"e", target.ID.String()}), target,
	}
	want := []string{
		"", "duplicate: already have this event",
		"", "", "duplicate: have a newer version",
		"", "", "blocked: deleted by its author",
	}
	results := make([]ingest.Result, len(queue))
	h.log.gate.Lock()
	var submitters sync.WaitGroup
	submitters.Go(func() { h.submit(signed(t, alice, 1, now, "first")) })
	waitFor(t, func() bool { return h.log.groups.Load() == 1 })
	for i, e := range queue {
		submitters.Go(func() { results[i] = h.submit(e) })
		waitFor(t, func() bool { return h.in.Queued() == i+1 })
	}
	h.log.gate.Unlock()
	submitters.Wait()
	for i, r := range results {
		if r.Message != want[i] || r.OK != (want[i] == "" || want[i][0] == 'd') {
			t.Errorf("event %d: %+v, want %q", i, r, want[i])
		}
	}
	if n := h.log.groups.Load(); n != 2 {
		t.Errorf("%d groups, want 2", n)
	}
	wantHeld := []nostr.ID{queue[3].ID, queue[6].ID, twice.ID}
	for _, id := range wantHeld {
		if !slices.Contains(h.held(nostr.All()), id) {
			t.Errorf("%s is not held", id)
		}
	}
	if n := len(h.held(nostr.All())); n != len(wantHeld)+1 {
		t.Errorf("%d events held, want %d", n, len(wantHeld)+1)
	}
}

func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	for !condition() {
		if t.Context().Err() != nil {
			t.Fatal(t.Context().Err())
		}
		runtime.Gosched()
	}
}

// TestConcurrent has many connections submit at once, some events on two of them: each is stored once, published once,
// in the order of the log, and there after a restart.
func TestConcurrent(t *testing.T) {
	h := open(t, true)
	var positions []eventlog.Position
	h.hub.Subscribe([]nostr.Filter{nostr.All()}, nil, each(func(d *hub.Live) { positions = append(positions, d.Pos) }))
	const connections, each = 8, 25
	var wg sync.WaitGroup
	var mu sync.Mutex
	fresh := map[nostr.ID]int{}
	for c := range connections {
		wg.Go(func() {
			for i := range each {
				e := signed(t, key(byte(2+c/2)), 1, now, fmt.Sprintf("%d of %d", i, c/2)) // the same on two connections
				r := h.submit(e)
				if !r.OK {
					t.Errorf("%+v", r)
				}
				mu.Lock()
				if r.Message == "" {
					fresh[e.ID]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	const want = connections / 2 * each
	if len(fresh) != want || len(positions) != want || !slices.IsSorted(positions) {
		t.Errorf("%d stored, %d published, sorted %v, want %d", len(fresh), len(positions), slices.IsSorted(positions), want)
	}
	for id, n := range fresh {
		if n != 1 {
			t.Errorf("%s was new %d times", id, n)
		}
	}
	h.stop()
	h.start()
	if n := len(h.held(nostr.All())); n != want || h.index.Len() != want {
		t.Errorf("%d held after a restart, want %d", n, want)
	}
}

func TestSubmitMany(t *testing.T) {
	h := open(t, true)
	var events []*nostr.Event
	for i := range 600 {
		events = append(events, signed(t, key(2), 1, int64(i), strconv.Itoa(i)))
	}
	events[550] = events[3]
	bad := *events[5]
	bad.Content = "forged"
	events[570] = &bad
	results := h.in.SubmitMany(t.Context(), events, policy.Writer{Road: policy.Import})
	for i, r := range results {
		want := stored
		switch i {
		case 550:
			want.Message = "duplicate: already have this event"
		case 570:
			want = ingest.Result{Message: "invalid: id does not match the event"}
		}
		if r != want {
			t.Errorf("event %d: %+v, want %+v", i, r, want)
		}
	}
	if h.index.Len() != 598 {
		t.Errorf("%d held, want 598", h.index.Len())
	}
	if n := h.log.groups.Load(); n > 300 {
		t.Errorf("%d groups for 600 events", n)
	}
}

func TestDiskFull(t *testing.T) {
	h := open(t, true)
	before := signed(t, key(2), 1, now, "before")
	during := signed(t, key(2), 1, now, "during")
	if r := h.submit(before); r != stored {
		t.Fatalf("%+v", r)
	}
	h.fs.SetFail(func(op durabletest.Op) (int, error) {
		if op.Kind == "write" {
			return op.Size / 2, syscall.ENOSPC
		}
		return 0, nil
	})
	for range 3 {
		if r, want := h.submit(during), (ingest.Result{Message: "error: the node's disk is full"}); r != want {
			t.Fatalf("%+v, want %+v", r, want)
		}
		if ids := h.held(nostr.All()); !slices.Equal(ids, []nostr.ID{before.ID}) {
			t.Fatalf("served meanwhile: %v", ids)
		}
	}
	h.fs.SetFail(nil)
	if r := h.submit(during); r != stored {
		t.Errorf("with room again: %+v", r)
	}
	h.stop()
	h.fs = h.fs.Crash(rand.New(rand.NewPCG(1, 1)))
	h.start()
	if n := len(h.held(nostr.All())); n != 2 {
		t.Errorf("%d events after a restart, want 2", n)
	}
}

// TestCloseUnderLoad closes while connections submit: whoever was told OK finds the event after a restart.
func TestCloseUnderLoad(t *testing.T) {
	h := open(t, true)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var acked []nostr.ID
	for c := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				e := signed(t, key(byte(2+c)), 1, now, strconv.Itoa(i))
				r := h.submit(e)
				if !r.OK {
					if r.Message != "error: the node is stopping" {
						t.Errorf("%+v", r)
					}
					return
				}
				mu.Lock()
				acked = append(acked, e.ID)
				mu.Unlock()
			}
		})
	}
	waitFor(t, func() bool { mu.Lock(); defer mu.Unlock(); return len(acked) > 50 })
	if err := h.in.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	h.stop()
	h.fs = h.fs.Crash(rand.New(rand.NewPCG(1, 2)))
	h.start()
	held := h.held(nostr.All())
	for _, id := range acked {
		if !slices.Contains(held, id) {
			t.Errorf("%s was acknowledged and is gone", id)
		}
	}
}

// TestNoGap has subscribers do what a relay does for a REQ (subscribe, query, drop the live events that the query had in
// sight) while events come in: each of them gets each event once.
func TestNoGap(t *testing.T) {
	h := open(t, true)
	const total, last = 120, 20
	var submitting, asking sync.WaitGroup
	for i := range 2 {
		submitting.Go(func() {
			for j := range total / 2 {
				if r := h.submit(signed(t, key(byte(2+i)), 1, now, strconv.Itoa(j))); r != stored {
					t.Errorf("%+v", r)
				}
			}
		})
	}
	counts := make([]map[nostr.ID]int, last)
	for n := range last {
		waitFor(t, func() bool { return h.index.Len() >= n*total/last/2 })
		asking.Go(func() {
			var mu sync.Mutex
			var live []hub.Delivery
			sub := h.hub.Subscribe([]nostr.Filter{nostr.All()}, nil, each(func(d *hub.Live) {
				mu.Lock()
				defer mu.Unlock()
				live = append(live, d.Delivery)
			}))
			got := map[nostr.ID]int{}
			answer, err := h.index.Query(t.Context(), index.Query{Filters: []nostr.Filter{nostr.All()}}, func(it index.Item) error {
				got[it.Head.ID]++
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			submitting.Wait()
			sub.Cancel()
			for _, d := range live {
				if d.Pos >= answer.End {
					got[d.Event.Event().ID]++
				}
			}
			counts[n] = got
		})
	}
	asking.Wait()
	for n, got := range counts {
		if len(got) != total {
			t.Errorf("subscriber %d got %d events, want %d", n, len(got), total)
		}
		for id, times := range got {
			if times != 1 {
				t.Errorf("subscriber %d got %s %d times", n, id, times)
			}
		}
	}
}

func TestGivenUp(t *testing.T) {
	h := open(t, true)
	h.log.gate.Lock()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan ingest.Result)
	go func() { done <- h.in.Submit(ctx, signed(t, key(2), 1, now, ""), policy.Writer{}) }()
	waitFor(t, func() bool { return h.log.groups.Load() == 1 })
	cancel()
	if r, want := <-done, (ingest.Result{Message: "error: the request was given up"}); r != want {
		t.Errorf("%+v, want %+v", r, want)
	}
	h.log.gate.Unlock()
}

// BenchmarkSubmitMany takes 512 events at a time through the whole entrance, signature checks included.
func BenchmarkSubmitMany(b *testing.B) {
	h := open(b, true)
	events := make([]*nostr.Event, 512)
	n := 0
	for b.Loop() {
		b.StopTimer()
		for i := range events {
			events[i] = signed(b, key(2), 1, now, strconv.Itoa(n))
			n++
		}
		b.StartTimer()
		for _, r := range h.in.SubmitMany(b.Context(), events, policy.Writer{}) {
			if r != stored {
				b.Fatalf("%+v", r)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
}
