package ingest_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"madang/internal/hub"
	"madang/internal/ingest"
	"madang/internal/nostr"
	"madang/internal/policy"
)

// TestRun: where nobody is at work, the caller's goroutine does it all.
func TestRun(t *testing.T) {
	h := open(t, true)
	var got []ingest.Result
	h.in.Run(t.Context(), []*nostr.Event{signed(t, key(2), 1, now, "alone")}, policy.Writer{},
		func(results []ingest.Result) { got = results })
	if len(got) != 1 || got[0] != stored {
		t.Errorf("after Run: %+v", got)
	}
}

// TestRunBehindOthers: who comes while a group is being committed is verified meanwhile, and does not wait.
func TestRunBehindOthers(t *testing.T) {
	h := open(t, true)
	results := make(chan []ingest.Result, 2)
	h.log.gate.Lock()
	h.in.Start(t.Context(), []*nostr.Event{signed(t, key(2), 1, now, "first")}, policy.Writer{},
		func(r []ingest.Result) { results <- r })
	waitFor(t, func() bool { return h.log.groups.Load() == 1 })
	h.in.Run(t.Context(), []*nostr.Event{signed(t, key(2), 1, now, "second")}, policy.Writer{},
		func(r []ingest.Result) { results <- r })
	if n := h.in.Queued(); n != 1 {
		t.Errorf("%d wait for their commit, want 1", n)
	}
	if len(results) > 0 {
		t.Error("a result before the commit")
	}
	h.log.gate.Unlock()
	for range 2 {
		if r := <-results; len(r) != 1 || r[0] != stored {
			t.Errorf("%+v", r)
		}
	}
}

// TestOrder has many connections start one event after another, at times several at once: each connection's events are
// published in its order.
func TestOrder(t *testing.T) {
	h := open(t, true)
	const connections, each = 6, 60
	last := map[nostr.PubKey]int64{}
	h.hub.Subscribe([]nostr.Filter{nostr.All()}, nil, func(lives []*hub.Live) {
		for _, l := range lives {
			e := l.Event.Event()
			if e.CreatedAt != last[e.PubKey]+1 {
				t.Errorf("%d after %d", e.CreatedAt, last[e.PubKey])
			}
			last[e.PubKey] = e.CreatedAt
		}
	})
	var wg, due sync.WaitGroup
	for c := range connections {
		sk := key(byte(2 + c))
		var events []*nostr.Event
		for i := range each {
			events = append(events, signed(t, sk, 1, int64(i+1), ""))
		}
		wg.Go(func() {
			for i := 0; i < each; {
				n := min(1+(i+c)%4, each-i)
				start := h.in.Start
				if i%3 == 0 {
					start = h.in.Run
				}
				due.Add(1)
				start(t.Context(), events[i:i+n], policy.Writer{Source: c}, func(results []ingest.Result) {
					defer due.Done()
					for _, r := range results {
						if r != stored {
							t.Errorf("%+v", r)
						}
					}
				})
				i += n
			}
		})
	}
	wg.Wait()
	due.Wait()
	if n := h.index.Len(); n != connections*each {
		t.Errorf("%d held, want %d", n, connections*each)
	}
}

// TestRoomIsBounded holds the log back while more comes than there is room for: who comes then waits, or gives up.
func TestRoomIsBounded(t *testing.T) {
	h := open(t, true)
	h.log.gate.Lock()
	const enough = 9 // of 4 MiB each, in memory twice
	var due sync.WaitGroup
	started := make(chan int, enough)
	go func() {
		for i := range enough {
			e := signed(t, h.node, 1, int64(i), strings.Repeat("x", 4<<20-1000))
			due.Add(1)
			h.in.Start(t.Context(), []*nostr.Event{e}, policy.Writer{}, func(r []ingest.Result) {
				defer due.Done()
				if r[0] != stored {
					t.Errorf("%+v", r[0])
				}
			})
			started <- i
		}
		close(started)
	}()
	for range enough - 2 {
		<-started
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	large := signed(t, h.node, 1, now, strings.Repeat("y", 4<<20-1000))
	want := ingest.Result{Message: "error: the request was given up"}
	if r := h.in.Submit(ctx, large, policy.Writer{}); r != want {
		t.Errorf("%+v, want %+v", r, want)
	}
	h.log.gate.Unlock()
	for range started {
	}
	due.Wait()
	if n := h.index.Len(); n != enough {
		t.Errorf("%d held, want %d", n, enough)
	}
}

// TestRefusedUnverified: what may not be written is refused by what it says, before its signature is checked. What
// operators decided about a key is told to none but its owner.
func TestRefusedUnverified(t *testing.T) {
	h := open(t, false)
	forge := func(e *nostr.Event) *nostr.Event {
		e.Sig[63] ^= 1
		return e
	}
	stranger := key(9)
	protected := signed(t, stranger, 1, now, "", nostr.Tag{"-"})
	text := string(protected.AppendJSON(nil))
	for _, c := range []struct {
		event *nostr.Event
		want  string
	}{
		{signed(t, stranger, 1, now, ""), "auth-required: only members of this node may write"},
		{forge(signed(t, stranger, 1, now, "")), "auth-required: only members of this node may write"},
		{forge(signed(t, h.node, 1, now+1000, "")), "invalid: created_at is too far in the future"},
		{signed(t, stranger, 6, now, text), "blocked: a protected event may not be reposted"},
		{forge(signed(t, stranger, 6, now, text)), "invalid: bad signature: it is not the author's"},
	} {
		if r := h.submit(c.event); r.OK || r.Message != c.want {
			t.Errorf("%+v, want %q", r, c.want)
		}
	}
}

// TestEmpty: no events have no results, at once or after Close.
func TestEmpty(t *testing.T) {
	h := open(t, true)
	called := 0
	for range 2 {
		h.in.Run(t.Context(), nil, policy.Writer{}, func(r []ingest.Result) { called += 1 + len(r) })
		if err := h.in.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if called != 2 {
		t.Errorf("%d", called)
	}
}

// BenchmarkSubmitOne takes one event after another through the whole entrance, in memory but for the index.
func BenchmarkSubmitOne(b *testing.B) {
	h := open(b, true)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		events := []*nostr.Event{signed(b, key(2), 1, now, strconv.Itoa(n))}
		n++
		b.StartTimer()
		h.in.Run(b.Context(), events, policy.Writer{}, func(r []ingest.Result) {
			if r[0] != stored {
				b.Error(r[0])
			}
		})
	}
}

// BenchmarkStart has 8 connections with up to 64 events under way each.
func BenchmarkStart(b *testing.B) {
	h := open(b, true)
	events := make([]*nostr.Event, max(b.N, 1))
	for i := range events {
		events[i] = signed(b, key(byte(2+i%200)), 1, now, fmt.Sprintf("%0800d", i))
	}
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for c := range 8 {
		wg.Go(func() {
			flight := make(chan struct{}, 64)
			for i := c; i < b.N; i += 8 {
				flight <- struct{}{}
				h.in.Start(b.Context(), events[i:i+1], policy.Writer{Source: c}, func([]ingest.Result) { <-flight })
			}
			for range cap(flight) {
				flight <- struct{}{}
			}
		})
	}
	wg.Wait()
}
