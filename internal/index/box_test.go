package index

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"madang/internal/durable/durabletest"
	"madang/internal/eventlog"
	"madang/internal/nostr"
	"madang/internal/verify"
)

// box is a log and an index on a disk of their own, and what was put into them.
type box struct {
	t     *testing.T
	log   *durabletest.FS
	index *vfs.MemFS
	tried []verify.Event
	acked []verify.Event
	at    map[eventlog.Position]verify.Event // where the log took them
	said  nodeLog
}

// nodeLog is the node's log, which the work in the background writes too.
type nodeLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *nodeLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *nodeLog) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), text)
}

func newBox(t *testing.T) *box {
	return &box{t: t, log: durabletest.New(), index: vfs.NewCrashableMem(), at: map[eventlog.Position]verify.Event{}}
}

const boxNow = 50 // Unix second by which some of the events have expired

// open opens log and index, whose every write asks inject first.
func (b *box) open(inject func(errorfs.Op) error) (*eventlog.Files, *Index, error) {
	logger := slog.New(slog.NewTextHandler(&b.said, nil))
	log, err := eventlog.Open(eventlog.Config{Dir: "log", SegmentSize: 20_000, Ahead: 16_000, FS: b.log, Logger: logger})
	if err != nil {
		return nil, nil, err
	}
	fs := vfs.FS(b.index)
	if inject != nil {
		fs = errorfs.Wrap(b.index, errorfs.InjectorFunc(func(op errorfs.Op) error {
			if op.Kind.ReadOrWrite() == errorfs.OpIsRead || isFatal(op.Path) {
				return nil
			}
			return inject(op)
		}))
	}
	x, err := Open(b.t.Context(), Config{
		Dir: "index", Log: log, Logger: logger, CacheSize: 1 << 20,
		memTableSize: 64 << 10, fs: fs, retryAfter: time.Microsecond,
	})
	return log, x, err
}

// isFatal: where Pebble ends the process if a write fails. What the disk has then is what a power cut leaves.
func isFatal(path string) bool {
	name := filepath.Base(path)
	return strings.HasPrefix(name, "MANIFEST") || strings.HasPrefix(name, "marker") || name == "index"
}

// crashEvents is a mix of what replaces, deletes and expires.
func crashEvents(t testing.TB, n int) (events []verify.Event) {
	rng := rand.New(rand.NewPCG(7, 7))
	for i := range n {
		by, at, text := rng.IntN(5), int64(rng.IntN(100)), strconv.Itoa(i)
		var e verify.Event
		switch target := events; rng.IntN(6) {
		case 0:
			e = makeEvent(t, by, 0, at, text)
		case 1:
			e = makeEvent(t, by, 30023, at, text, nostr.Tag{"d", strconv.Itoa(rng.IntN(4))})
		case 2:
			e = makeEvent(t, by, 1, at, text, nostr.Tag{"expiration", strconv.Itoa(boxNow - 20 + rng.IntN(40))})
		case 3:
			e = makeEvent(t, by, nostr.KindGiftWrap, at, text, nostr.Tag{"p", author(rng.IntN(5)).PubKey().String()})
		case 4:
			if len(target) > 0 {
				victim := target[rng.IntN(len(target))].Event()
				tags := []nostr.Tag{{"e", victim.ID.String()}}
				if a, ok := victim.Address(); ok {
					tags = append(tags, nostr.Tag{"a", a.String()})
				}
				e = makeEvent(t, by, nostr.KindDeletion, at, text, tags...)
				break
			}
			fallthrough
		default:
			e = makeEvent(t, by, 1, at, text, nostr.Tag{"t", "x"}, nostr.Tag{"p", author(by).PubKey().String()})
		}
		events = append(events, e)
	}
	return events
}

// work takes the events in as the entrance does, in groups, until stop says so of an error.
func (b *box) work(log *eventlog.Files, x *Index, events []verify.Event, stop func(error) bool) {
	behind := []verify.Event(nil)
	for n := 1; len(events) > 0; n++ {
		group := events[:min(1+n%13, len(events))]
		events = events[len(group):]
		if len(behind) > 0 {
			if err := x.CatchUp(b.t.Context()); err != nil {
				if stop(err) {
					return
				}
				continue
			}
			b.acked, behind = append(b.acked, behind...), nil
		}
		s := x.Stage()
		var taken []verify.Event
		for _, e := range group {
			switch err := s.Take(e); {
			case err == nil:
				taken = append(taken, e)
			case !refusal(err):
				b.t.Fatal(err)
			}
		}
		if len(taken) == 0 {
			continue
		}
		b.tried = append(b.tried, taken...)
		positions, err := log.Append(taken, 1)
		if err != nil {
			if stop(err) {
				return
			}
			continue
		}
		for i, pos := range positions {
			b.at[pos] = taken[i]
		}
		if err := s.Commit(positions, log.End()); err != nil {
			if behind = append(behind, taken...); stop(err) {
				return
			}
			continue
		}
		b.acked = append(b.acked, taken...)
		if n%3 == 0 { // as if memory were full
			x.writing.Lock()
			err := x.flush()
			x.writing.Unlock()
			if err != nil && stop(err) {
				return
			}
		}
		if n%4 == 0 {
			if _, err := x.Erase(b.t.Context()); err != nil && stop(err) {
				return
			}
		}
		if n%9 == 0 {
			if _, err := x.Sweep(b.t.Context(), boxNow/2); err != nil && stop(err) {
				return
			}
		}
	}
}

// check is the whole-state checker: the log has every acknowledged event and nothing that was not tried, but what is gone
// may be erased, and at last is. The index answers by what the log says.
func (b *box) check(log *eventlog.Files, x *Index) {
	b.t.Helper()
	if _, err := x.Sweep(b.t.Context(), boxNow); err != nil {
		b.t.Fatal(err)
	}
	b.checkAnswers(x, b.truth(log))
	b.eraseAll(x)
	b.checkAnswers(x, b.truth(log))
	differences, err := x.CheckConsistency(b.t.Context())
	if err != nil || len(differences) > 0 {
		b.t.Fatalf("%q, %v", differences, err)
	}
	if _, err := log.Check(b.t.Context(), func(pos eventlog.Position, err error) { b.t.Fatal(err) }); err != nil {
		b.t.Fatal(err)
	}
}

// truth reads from the log what the index is to answer.
func (b *box) truth(log *eventlog.Files) *model {
	b.t.Helper()
	tried := map[string]verify.Event{}
	for _, e := range b.tried {
		tried[string(e.JSON())] = e
	}
	truth := model{swept: boxNow}
	there, erased := map[nostr.ID]bool{}, []*nostr.Event(nil)
	if err := log.Scan(b.t.Context(), 0, func(r eventlog.Record) error {
		e, ok := tried[string(r.JSON)]
		if r.Erased {
			e, ok = b.at[r.Pos]
			erased = append(erased, e.Event())
		}
		if !ok {
			b.t.Fatalf("never tried: %s", r.JSON)
		}
		b.at[r.Pos], there[e.Event().ID] = e, true
		truth.log = append(truth.log, logged{pos: r.Pos, event: e.Event()})
		return nil
	}); err != nil {
		b.t.Fatal(err)
	}
	for _, e := range b.acked {
		if !there[e.Event().ID] {
			b.t.Fatalf("acknowledged and lost: %s", e.JSON())
		}
	}
	for _, e := range erased {
		if truth.held(e) {
			b.t.Fatalf("erased and held: %+v", e)
		}
	}
	return &truth
}

// eraseAll erases until nothing is left to be.
func (b *box) eraseAll(x *Index) {
	b.t.Helper()
	x.writing.Lock()
	err := x.flush()
	x.writing.Unlock()
	if err == nil {
		_, err = x.Erase(b.t.Context())
	}
	if err != nil {
		b.t.Fatal(err)
	}
	if it, err := x.erasable(0); err != nil || len(it) > 0 {
		b.t.Fatalf("still to be erased: %v, %v", it, err)
	}
}

func (b *box) checkAnswers(x *Index, truth *model) {
	b.t.Helper()
	q := Query{Filters: []nostr.Filter{nostr.All()}, Now: boxNow}
	var got, want []string
	if _, err := x.Query(b.t.Context(), q, func(it Item) error {
		got = append(got, line(it.Head.CreatedAt, it.Head.ID))
		return nil
	}); err != nil {
		b.t.Fatal(err)
	}
	for _, e := range truth.query(q, false) {
		want = append(want, line(e.CreatedAt, e.ID))
	}
	if !slices.Equal(got, want) {
		b.t.Fatalf("%d events, want %d", len(got), len(want))
	}
}

// fill opens, takes events in, checks and closes.
func (b *box) fill(events []verify.Event) {
	b.t.Helper()
	log, x, err := b.open(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.work(log, x, events, func(err error) bool { b.t.Fatal(err); return true })
	b.check(log, x)
	if err := errors.Join(x.Close(), log.Close()); err != nil {
		b.t.Fatal(err)
	}
}

// answers wants the index to answer, and with nothing that was not committed.
func (b *box) answers(x *Index) {
	b.t.Helper()
	n := 0
	q := Query{Filters: []nostr.Filter{nostr.All()}}
	if _, err := x.Query(context.Background(), q, func(Item) error { n++; return nil }); err != nil {
		b.t.Fatalf("a query while nothing can be written: %v", err)
	}
	if n != x.Len() {
		b.t.Fatalf("%d events found, %d held", n, x.Len())
	}
}
