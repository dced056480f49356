// Package eventlogtest is the conformance suite of eventlog.Log, and makes verified events for the tests of what is
// built on it.
package eventlogtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"madang/internal/eventlog"
	"madang/internal/nostr"
	"madang/internal/verify"
)

// Events returns n verified events, each of another content and length.
func Events(t testing.TB, n int) []verify.Event {
	t.Helper()
	events := make([]verify.Event, n)
	for i := range events {
		events[i] = Event(t, fmt.Sprintf("event %d %s", i, bytes.Repeat([]byte("-"), i%97)))
	}
	return events
}

// Event returns a verified note with this content.
func Event(t testing.TB, content string) verify.Event {
	t.Helper()
	e := &nostr.Event{Kind: nostr.KindNote, CreatedAt: 1_700_000_000, Content: content}
	if err := e.Sign(nostr.SecretKey{31: 1}); err != nil {
		t.Fatal(err)
	}
	v, err := verify.One(e)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Run tests a Log. open returns an empty one that the suite closes, and reopen, what finds it again.
func Run(t *testing.T, open func(t *testing.T) (log eventlog.Log, reopen func() eventlog.Log)) {
	t.Run("append and read", func(t *testing.T) { appendAndRead(t, open) })
	t.Run("not found", func(t *testing.T) { notFound(t, open) })
	t.Run("scan", func(t *testing.T) { scan(t, open) })
	t.Run("erase", func(t *testing.T) { erase(t, open) })
	t.Run("reopen", func(t *testing.T) { reopen(t, open) })
	t.Run("concurrent", func(t *testing.T) { concurrent(t, open) })
	t.Run("closed", func(t *testing.T) { closed(t, open) })
}

type opener = func(t *testing.T) (eventlog.Log, func() eventlog.Log)

func mustAppend(t *testing.T, log eventlog.Log, events []verify.Event, received int64) []eventlog.Position {
	t.Helper()
	end := log.End()
	positions, err := log.Append(events, received)
	if err != nil {
		t.Fatal(err)
	}
	if len(positions) != len(events) {
		t.Fatalf("%d positions for %d events", len(positions), len(events))
	}
	for _, pos := range positions {
		if pos < end {
			t.Fatalf("position %d lies before %d", pos, end)
		}
		end = pos + 1
	}
	if log.End() < end {
		t.Fatalf("end %d lies before the last record, at %d", log.End(), end-1)
	}
	return positions
}

func mustRead(t *testing.T, log eventlog.Log, pos eventlog.Position, want verify.Event, received int64) {
	t.Helper()
	r, err := log.Read(pos)
	if err != nil {
		t.Fatal(err)
	}
	if r.Pos != pos || r.Received != received || !bytes.Equal(r.JSON, want.JSON()) {
		t.Fatalf("at %d: got %+v, %s, want received %d, %s", pos, r, r.JSON, received, want.JSON())
	}
}

func appendAndRead(t *testing.T, open opener) {
	log, _ := open(t)
	defer log.Close()
	large := Event(t, string(bytes.Repeat([]byte("한"), 50_000)))
	events := append(Events(t, 20), large)
	var positions []eventlog.Position
	for i := 0; i < len(events); {
		n := min(1+i%4, len(events)-i)
		positions = append(positions, mustAppend(t, log, events[i:i+n], int64(1000+i))...)
		for j := i; j < i+n; j++ {
			mustRead(t, log, positions[j], events[j], int64(1000+i))
		}
		i += n
	}
	if positions, err := log.Append(nil, 1); err != nil || len(positions) != 0 {
		t.Errorf("an empty group: %v, %v", positions, err)
	}
}

func notFound(t *testing.T, open opener) {
	log, _ := open(t)
	defer log.Close()
	mustAppend(t, log, Events(t, 3), 1)
	for _, pos := range []eventlog.Position{0, log.End(), log.End() + 1, 1 << 60} {
		if r, err := log.Read(pos); !errors.Is(err, eventlog.ErrNotFound) {
			t.Errorf("at %d: %+v, %v, want ErrNotFound", pos, r, err)
		}
	}
}

func scan(t *testing.T, open opener) {
	log, _ := open(t)
	defer log.Close()
	events := Events(t, 50)
	var positions []eventlog.Position
	for i := 0; i < len(events); i += 5 {
		positions = append(positions, mustAppend(t, log, events[i:i+5], int64(i))...)
	}
	froms := append([]eventlog.Position{0, log.End()}, positions...)
	for _, from := range froms {
		first := 0
		for first < len(positions) && positions[first] < from {
			first++
		}
		next := first
		err := log.Scan(t.Context(), from, func(r eventlog.Record) error {
			if next >= len(events) || r.Pos != positions[next] || !bytes.Equal(r.JSON, events[next].JSON()) ||
				r.Received != int64(next/5*5) {
				t.Fatalf("from %d: record %d is %+v", from, next, r)
			}
			next++
			return nil
		})
		if err != nil || next != len(events) {
			t.Fatalf("from %d: stopped at record %d of %d: %v", from, next, len(events), err)
		}
	}
	stop := errors.New("stop")
	n := 0
	if err := log.Scan(t.Context(), 0, func(eventlog.Record) error { n++; return stop }); !errors.Is(err, stop) || n != 1 {
		t.Errorf("after %d records: %v, want the callback's error after 1", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := log.Scan(ctx, 0, func(eventlog.Record) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func erase(t *testing.T, open opener) {
	log, reopen := open(t)
	events := Events(t, 12)
	positions := append(mustAppend(t, log, events[:5], 1), mustAppend(t, log, events[5:], 1)...)
	end := log.End()
	left := map[eventlog.Position]string{positions[0]: "", positions[3]: `{"id":"a"}`, positions[11]: "x y"}
	var erasures []eventlog.Erasure
	for pos, text := range left {
		erasures = append(erasures, eventlog.Erasure{Pos: pos, Left: []byte(text)})
	}
	for range 2 { // the second time there is nothing to do
		if err := log.Erase(erasures); err != nil {
			t.Fatal(err)
		}
	}
	check := func() {
		t.Helper()
		if log.End() != end {
			t.Errorf("the log ends at %d, not %d", log.End(), end)
		}
		next := 0
		if err := log.Scan(t.Context(), 0, func(r eventlog.Record) error {
			again, err := log.Read(r.Pos)
			if err != nil || !bytes.Equal(again.JSON, r.JSON) || again.Erased != r.Erased {
				t.Errorf("Scan: %+v, Read: %+v, %v", r, again, err)
			}
			text, erased := left[r.Pos]
			if !erased {
				text = string(events[next].JSON())
			}
			if r.Pos != positions[next] || r.Erased != erased || string(r.JSON) != text || r.Received != 1 {
				t.Errorf("record %d is %+v, want %q", next, r, text)
			}
			next++
			return nil
		}); err != nil || next != len(events) {
			t.Fatalf("%d records, %v", next, err)
		}
	}
	check()
	for _, bad := range []eventlog.Erasure{
		{Pos: positions[1], Left: bytes.Repeat([]byte("x"), len(events[1].JSON())+1)},
		{Pos: positions[1], Left: []byte("a\nb")},
		{Pos: positions[1], Left: []byte("é")},
		{Pos: end},
	} {
		if err := log.Erase([]eventlog.Erasure{bad}); err == nil {
			t.Errorf("erased at %d, leaving %q", bad.Pos, bad.Left)
		}
	}
	check()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := log.Erase(erasures); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	log = reopen()
	defer log.Close()
	check()
}

func reopen(t *testing.T, open opener) {
	log, again := open(t)
	events := Events(t, 30)
	var positions []eventlog.Position
	for round := range 3 {
		positions = append(positions, mustAppend(t, log, events[round*10:round*10+10], 7)...)
		end, id := log.End(), log.ID()
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		log = again()
		if log.End() != end || log.ID() != id {
			t.Fatalf("end %d, id %x, want %d, %x", log.End(), log.ID(), end, id)
		}
		for i, pos := range positions {
			mustRead(t, log, pos, events[i], 7)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

// concurrent has writers append while readers read and scan all that is there.
func concurrent(t *testing.T, open opener) {
	log, _ := open(t)
	defer log.Close()
	events := Events(t, 200)
	byJSON := map[string]bool{"gone": true}
	for _, e := range events {
		byJSON[string(e.JSON())] = true
	}
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for w := range 4 {
		writers.Go(func() {
			for i := w; i < len(events); i += 4 {
				positions, err := log.Append(events[i:i+1], 1)
				if err == nil && i%3 == 0 {
					err = log.Erase([]eventlog.Erasure{{Pos: positions[0], Left: []byte("gone")}})
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				err := log.Scan(t.Context(), 0, func(r eventlog.Record) error {
					if !byJSON[string(r.JSON)] {
						t.Errorf("at %d: not an event of ours: %s", r.Pos, r.JSON)
					}
					_, err := log.Read(r.Pos)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	n := 0
	if err := log.Scan(t.Context(), 0, func(eventlog.Record) error { n++; return nil }); err != nil || n != len(events) {
		t.Errorf("%d records of %d: %v", n, len(events), err)
	}
}

func closed(t *testing.T, open opener) {
	log, _ := open(t)
	events := Events(t, 1)
	positions := mustAppend(t, log, events, 1)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := log.Append(events, 1); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("Append: %v", err)
	}
	if _, err := log.Read(positions[0]); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("Read: %v", err)
	}
	if err := log.Scan(t.Context(), 0, func(eventlog.Record) error { return nil }); !errors.Is(err, eventlog.ErrClosed) {
		t.Errorf("Scan: %v", err)
	}
	if err := log.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}
