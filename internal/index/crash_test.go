package index

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"madang/internal/durable/durabletest"
	"madang/internal/eventlog"
	"madang/internal/verify"
)

// cutPower runs the workload until the power fails, which happens before the n-th write of the index, or before the n-th
// of the log, and returns the disks as the next start finds them. It reports whether it came so far.
func (b *box) cutPower(events []verify.Event, atIndex, atLog int, rng *rand.Rand) (next *box, cut bool) {
	var mu sync.Mutex
	var index *vfs.MemFS
	var off atomic.Bool
	fail := func() {
		off.Store(true)
		mu.Lock()
		defer mu.Unlock()
		if index == nil {
			index = b.index.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rng})
		}
	}
	var writes atomic.Int64
	log, x, err := b.open(func(errorfs.Op) error {
		if writes.Add(1) == int64(atIndex) {
			fail()
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	opened := b.log.Ops()
	b.log.SetFail(func(op durabletest.Op) (int, error) {
		switch {
		case off.Load() || atLog > 0 && op.N > opened+atLog:
			return 0, durabletest.ErrPower
		case atLog > 0 && op.N == opened+atLog:
			return rng.IntN(op.Size + 1), durabletest.ErrPower
		}
		return 0, nil
	})
	b.work(log, x, events, func(error) bool { cut = true; return true })
	fail()
	next = &box{t: b.t, log: b.log.Crash(rng), index: index, tried: b.tried, acked: b.acked, at: b.at}
	if err := errors.Join(x.Close(), log.Close()); err != nil {
		b.t.Fatal(err)
	}
	return next, cut
}

// TestPowerCut cuts the power before every write of the index and of the log, lets chance decide what reached the disks,
// and wants every acknowledged event found, nothing else, and a rebuild that agrees; and again after a second cut.
func TestPowerCut(t *testing.T) {
	events := crashEvents(t, 260)
	for _, disk := range []string{"index", "log"} {
		t.Run(disk, func(t *testing.T) {
			cuts := 0
			for n := 1; ; n++ {
				rng := rand.New(rand.NewPCG(uint64(n), 3))
				atIndex, atLog := n, 0
				if disk == "log" {
					atIndex, atLog = 0, n
				}
				next, cut := newBox(t).cutPower(events, atIndex, atLog, rng)
				if !cut {
					break
				}
				cuts++
				for range 2 {
					log, x, err := next.open(nil)
					if err != nil {
						t.Fatal(err)
					}
					next.check(log, x)
					index := next.index.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rng})
					again := &box{t: t, log: next.log.Crash(rng), index: index, tried: next.tried, acked: next.acked, at: next.at}
					if err := errors.Join(x.Close(), log.Close()); err != nil {
						t.Fatal(err)
					}
					next = again
				}
			}
			if cuts < 40 {
				t.Errorf("the power failed only %d times", cuts)
			}
		})
	}
}

// TestWriteErrors lets each write of the index fail, once or for a while. The index answers all the same with what it has
// taken in, the node's log says so, and when writes succeed again it catches up.
func TestWriteErrors(t *testing.T) {
	events := crashEvents(t, 260)
	for _, lasting := range []int64{1, 30} {
		t.Run(fmt.Sprintf("%d in a row", lasting), func(t *testing.T) {
			for n := int64(1); ; n++ {
				if !testWriteErrors(t, events, n, n+lasting) {
					if n < 40 {
						t.Errorf("only %d writes", n)
					}
					break
				}
			}
		})
	}
}

// testWriteErrors fails the writes from the first to before the last, and reports whether there were as many.
func testWriteErrors(t *testing.T, events []verify.Event, first, last int64) bool {
	b := newBox(t)
	var writes atomic.Int64
	var armed, failed atomic.Bool
	log, x, err := b.open(func(op errorfs.Op) error {
		if !armed.Load() {
			return nil
		}
		if n := writes.Add(1); n < first || n >= last || op.Kind == errorfs.OpFileClose {
			return nil
		}
		failed.Store(true)
		return syscall.EIO
	})
	if err != nil {
		t.Fatal(err)
	}
	armed.Store(true)
	refused := false
	b.work(log, x, events, func(error) bool {
		refused = true
		b.answers(x)
		return false
	})
	armed.Store(false)
	if refused && !b.said.has("level=ERROR") {
		t.Errorf("write %d: nothing in the log", first)
	}
	for x.CatchUp(t.Context()) != nil { // until the retry that is under way is over
	}
	if err := x.Trouble(); err != nil {
		t.Errorf("write %d: caught up, and still in trouble: %v", first, err)
	}
	b.acked = b.tried
	b.check(log, x)
	if err := errors.Join(x.Close(), log.Close()); err != nil {
		t.Fatal(err)
	}
	b.fill(nil)
	return failed.Load()
}

// TestFatal: what Pebble must not survive ends the process, with a line in the node's log.
func TestFatal(t *testing.T) {
	var said bytes.Buffer
	defer func() {
		if r := recover(); r == nil || !strings.Contains(said.String(), "MANIFEST sync failed") {
			t.Errorf("%v: %s", r, said.String())
		}
	}()
	storeLogger{slog.New(slog.NewTextHandler(&said, nil))}.Fatalf("MANIFEST sync failed: %v", syscall.EIO)
}

// TestOpenErrors lets each write of Open fail, of a new index and of one that has to catch up: Open says so, and the next
// one finds everything.
func TestOpenErrors(t *testing.T) {
	events := crashEvents(t, 40)
	for _, old := range []bool{false, true} {
		for n, done := int64(1), false; !done; n++ {
			b := newBox(t)
			if old {
				b.fill(events[:4]) // few tables: where Pebble merges while its Open fails it ends the process by itself
			}
			log, err := eventlog.Open(eventlog.Config{Dir: "log", FS: b.log, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			b.tried = append(b.tried, events[30])
			if _, err := log.Append(events[30:31], 1); err != nil {
				t.Fatal(err)
			}
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			var writes atomic.Int64
			done = true
			log, x, err := b.open(func(op errorfs.Op) error {
				if writes.Add(1) == n && op.Kind != errorfs.OpFileClose {
					done = false
					return syscall.EIO
				}
				return nil
			})
			if err == nil {
				if err := x.Close(); err != nil && done {
					t.Fatal(err)
				}
			}
			if err := log.Close(); err != nil {
				t.Fatal(err)
			}
			b.index = b.index.CrashClone(vfs.CrashCloneCfg{}) // the process has ended
			b.fill(nil)
		}
	}
}
