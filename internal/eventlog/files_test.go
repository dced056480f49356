package eventlog_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"madang/internal/durable"
	"madang/internal/durable/durabletest"
	"madang/internal/eventlog"
	"madang/internal/eventlog/eventlogtest"
	"madang/internal/verify"
)

// segmentSize makes a new segment begin after every few groups.
const segmentSize = 2000

// ahead is enough for most groups of the workload to be written into zeros, and few.
const ahead = smallGroup * 700

const smallGroup = 16

func openOn(t testing.TB, fs durable.FS, dir string) (*eventlog.Files, error) {
	return eventlog.Open(eventlog.Config{Dir: dir, SegmentSize: segmentSize, Ahead: ahead, FS: fs, Logger: logger(t)})
}

func mustOpen(t testing.TB, fs durable.FS, dir string) *eventlog.Files {
	t.Helper()
	l, err := openOn(t, fs, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func logger(t testing.TB) *slog.Logger { return slog.New(slog.NewTextHandler(t.Output(), nil)) }

func TestConformance(t *testing.T) {
	for name, fs := range map[string]func() durable.FS{
		"disk":   func() durable.FS { return durable.OS{} },
		"memory": func() durable.FS { return durabletest.New() },
	} {
		t.Run(name, func(t *testing.T) {
			eventlogtest.Run(t, func(t *testing.T) (eventlog.Log, func() eventlog.Log) {
				fs, dir := fs(), filepath.Join(t.TempDir(), "log")
				again := func() eventlog.Log { return mustOpen(t, fs, dir) }
				return again(), again
			})
		})
	}
}

// stored is what a workload knows: the events it tried to append, where the acknowledged ones are, and which of those it
// asked to erase, to leave what, and was told that they are.
type stored struct {
	tried  []verify.Event
	acked  map[eventlog.Position]verify.Event
	asked  map[eventlog.Position]string
	erased map[eventlog.Position]bool
	ends   eventlog.Position
}

// work appends groups of one to three events, and erases now and then, until all are tried, or until stop says so of an
// error.
func work(l *eventlog.Files, events []verify.Event, stop func(error) bool) stored {
	s := stored{acked: map[eventlog.Position]verify.Event{}, asked: map[eventlog.Position]string{},
		erased: map[eventlog.Position]bool{}}
	for i := 0; i < len(events); {
		group := events[i:min(i+1+i%3, len(events))]
		i += len(group)
		s.tried = append(s.tried, group...)
		positions, err := l.Append(group, int64(i))
		if err != nil {
			if stop(err) {
				break
			}
			continue
		}
		for j, pos := range positions {
			s.acked[pos] = group[j]
		}
		s.ends = l.End()
		if i%4 < 2 && s.erase(l, i, stop) {
			break
		}
	}
	return s
}

// erase erases three records of which one is likely in the last group, and one was asked for before. It reports whether
// to stop.
func (s *stored) erase(l *eventlog.Files, i int, stop func(error) bool) bool {
	positions := slices.Sorted(maps.Keys(s.acked))
	var erasures []eventlog.Erasure
	for _, at := range []int{max(0, len(positions)-1-i%2), len(positions) / 2, max(0, len(positions)/2-2)} {
		left := ""
		if positions[at]%2 == 0 {
			left = fmt.Sprintf(`{"erased":%d}`, positions[at])
		}
		s.asked[positions[at]] = left
		erasures = append(erasures, eventlog.Erasure{Pos: positions[at], Left: []byte(left)})
	}
	for range 2 {
		err := l.Erase(erasures)
		if err == nil {
			for _, e := range erasures {
				s.erased[e.Pos] = true
			}
			return false
		}
		if stop(err) {
			return true
		}
	}
	return false
}

// wrong says what is wrong with a record, or nothing.
func (s stored) wrong(pos eventlog.Position, r eventlog.Record) string {
	e, want := s.acked[pos], ""
	switch left, asked := s.asked[pos]; {
	case asked && r.Erased:
		want = left
	case s.erased[pos] || r.Erased:
		return fmt.Sprintf("at %d: erased: %v, want %v", pos, r.Erased, s.erased[pos])
	default:
		want = string(e.JSON())
	}
	if string(r.JSON) != want {
		return fmt.Sprintf("at %d: %s, want %s", pos, r.JSON, want)
	}
	return ""
}

// check is the whole-state checker: what was acknowledged is there, whole or erased as was asked for, nothing is there
// that was not tried, nothing is torn.
func (s stored) check(t *testing.T, l *eventlog.Files) {
	t.Helper()
	for pos := range s.acked {
		r, err := l.Read(pos)
		if err != nil {
			t.Fatalf("acknowledged record at %d: %v", pos, err)
		}
		if wrong := s.wrong(pos, r); wrong != "" {
			t.Fatal(wrong)
		}
	}
	if l.End() < s.ends {
		t.Fatalf("end %d lies before an acknowledged end, %d", l.End(), s.ends)
	}
	scanned := 0
	err := l.Scan(t.Context(), 0, func(r eventlog.Record) error {
		scanned++
		if _, asked := s.asked[r.Pos]; r.Erased && asked {
			return nil
		}
		if !slices.ContainsFunc(s.tried, func(e verify.Event) bool { return bytes.Equal(e.JSON(), r.JSON) }) {
			t.Fatalf("at %d: never tried: %s", r.Pos, r.JSON)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if scanned < len(s.acked) {
		t.Fatalf("scan found %d records, acknowledged are %d", scanned, len(s.acked))
	}
	n, err := l.Check(t.Context(), func(pos eventlog.Position, err error) { t.Errorf("damage at %d: %v", pos, err) })
	if err != nil || n != scanned {
		t.Fatalf("Check: %d records, %v; Scan: %d", n, err, scanned)
	}
}

// cutAt lets the power fail at the n-th operation, of which a part may still be done.
func cutAt(n int, rng *rand.Rand) func(durabletest.Op) (int, error) {
	return func(op durabletest.Op) (int, error) {
		if op.N < n {
			return 0, nil
		}
		if op.N == n {
			return rng.IntN(op.Size + 1), durabletest.ErrPower
		}
		return 0, durabletest.ErrPower
	}
}

// TestPowerCut cuts the power at every operation of a workload, lets chance decide what reached the disk, cuts it once
// more while the log is being opened again, and then wants every acknowledged event, whole.
func TestPowerCut(t *testing.T) {
	events := eventlogtest.Events(t, 24)
	fs := durabletest.New()
	work(mustOpen(t, fs, "log"), events, func(err error) bool { t.Fatal(err); return true })
	total := fs.Ops()
	if segments := len(fs.Sizes(".log")); segments < 3 {
		t.Fatalf("only %d segments", segments)
	}
	for n := 1; n <= total; n++ {
		for seed := range uint64(8) {
			rng := rand.New(rand.NewPCG(seed, uint64(n)))
			fs := durabletest.New()
			fs.SetFail(cutAt(n, rng))
			s := stored{}
			if l, err := openOn(t, fs, "log"); err == nil {
				s = work(l, events, func(error) bool { return true })
			}
			fs = fs.Crash(rng)
			fs.SetFail(cutAt(1+rng.IntN(4), rng))
			if l, err := openOn(t, fs, "log"); err == nil {
				s.check(t, l)
			}
			fs = fs.Crash(rng)
			l := mustOpen(t, fs, "log")
			s.check(t, l)
			more := work(l, events, func(err error) bool { t.Fatal(err); return true })
			maps.Copy(more.acked, s.acked)
			maps.Copy(more.asked, s.asked)
			maps.Copy(more.erased, s.erased)
			more.check(t, l)
		}
	}
}

// TestErrors lets each operation of a workload fail once, and wants the log to go on as the documentation says: at once,
// or after it was opened again, with every acknowledged event and none of a refused group.
func TestErrors(t *testing.T) {
	events := eventlogtest.Events(t, 24)
	fs := durabletest.New()
	l := mustOpen(t, fs, "log")
	opened := fs.Ops()
	work(l, events, func(err error) bool { t.Fatal(err); return true })
	total := fs.Ops()
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EIO} {
		for _, undo := range []bool{true, false} { // whether cutting back works
			for n := opened + 1; n <= total; n++ {
				testError(t, events, errno, undo, n)
			}
		}
	}
}

func testError(t *testing.T, events []verify.Event, errno syscall.Errno, undo bool, n int) {
	rng := rand.New(rand.NewPCG(uint64(errno), uint64(n)))
	fs := durabletest.New()
	l := mustOpen(t, fs, "log")
	spare := false // what failed was zeros ahead, cutting them off, or the end of a journal: nobody needs to notice
	fs.SetFail(func(op durabletest.Op) (int, error) {
		if op.N == n {
			spare = op.Kind == "truncate" || op.Kind == "remove" || op.Size > segmentSize
		}
		if op.N == n || !undo && op.N > n && op.Kind == "truncate" {
			return rng.IntN(op.Size + 1), errno
		}
		return 0, nil
	})
	failed, broken := 0, false
	s := work(l, events, func(err error) bool {
		failed++
		broken = broken || errors.Is(err, eventlog.ErrBroken)
		noRoom := errno == syscall.ENOSPC && !errors.Is(err, eventlog.ErrBroken)
		if errors.Is(err, eventlog.ErrFull) != noRoom {
			t.Errorf("ErrFull does not tell of %v", err)
		}
		return false
	})
	if failed == 0 && !spare {
		t.Fatalf("operation %d: its failure was not noticed", n)
	}
	if undo && (failed > 1 || broken) {
		t.Errorf("operation %d: %d groups failed, want 1", n, failed)
	}
	records := 0
	if err := l.Scan(t.Context(), 0, func(eventlog.Record) error { records++; return nil }); err != nil {
		t.Fatal(err)
	}
	if records != len(s.acked) {
		t.Errorf("operation %d: %d records, acknowledged are %d", n, records, len(s.acked))
	}
	s.check(t, l)
	fs.SetFail(nil)
	fs = fs.Crash(rng)
	l = mustOpen(t, fs, "log")
	s.check(t, l)
	if _, err := l.Append(events[:1], 1); err != nil {
		t.Errorf("operation %d: after opening again: %v", n, err)
	}
}

// TestAhead: a group that finds zeros before it changes no size, the zeros go with Close, and those that a power cut leaves
// go without a word.
func TestAhead(t *testing.T) {
	const name = "log/0000000000000000.log"
	fs := durabletest.New()
	var said bytes.Buffer
	open := func() *eventlog.Files {
		l, err := eventlog.Open(eventlog.Config{Dir: "log", FS: fs, Logger: slog.New(slog.NewTextHandler(&said, nil))})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := open()
	s := stored{acked: map[eventlog.Position]verify.Event{}}
	add := func(want func(before, after int64) bool) {
		t.Helper()
		for _, e := range eventlogtest.Events(t, 3) {
			before := fs.Sizes(name)[name]
			positions, err := l.Append([]verify.Event{e}, 1)
			if err != nil {
				t.Fatal(err)
			}
			s.tried, s.acked[positions[0]], s.ends = append(s.tried, e), e, l.End()
			if after := fs.Sizes(name)[name]; !want(before, after) {
				t.Errorf("size %d after %d", after, before)
			}
			want = func(before, after int64) bool { return before == after }
		}
	}
	grows := func(before, after int64) bool { return after >= before+1<<20 && after%4096 == 0 }
	add(grows)
	fs = fs.Crash(rand.New(rand.NewPCG(1, 1)))
	l = open()
	if size := fs.Sizes(name)[name]; size != int64(l.End()) || said.Len() > 0 {
		t.Errorf("size %d, the log ends at %d: %s", size, l.End(), said.String())
	}
	add(grows)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if size := fs.Sizes(name)[name]; size != int64(s.ends) {
		t.Errorf("size %d after Close, want %d", size, s.ends)
	}
	s.check(t, open())
}

func TestReserve(t *testing.T) {
	fs := durabletest.New()
	l := mustOpen(t, fs, "log")
	events := eventlogtest.Events(t, 2)
	fs.SetFree(16<<20 + 10)
	if _, err := l.Append(events[:1], 1); !errors.Is(err, eventlog.ErrFull) {
		t.Errorf("with the reserve about to be used: %v", err)
	}
	fs.SetFree(17 << 20)
	if _, err := l.Append(events[:1], 1); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// TestDamage flips each byte of a log of several segments in turn. The records that it does not touch stay readable and
// in place, nothing acknowledged is cut off but, in the last group, what cannot be told from a torn write.
func TestDamage(t *testing.T) {
	fs := durabletest.New()
	l := mustOpen(t, fs, "log")
	s := work(l, eventlogtest.Events(t, 24), func(err error) bool { t.Fatal(err); return true })
	l.Close()
	if err := fs.SyncDir("log"); err != nil { // a journal of erasing that comes back would mend what it speaks of
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for name, size := range fs.Sizes(".log") {
		for at := rng.Int64N(7); at < size; at += 7 {
			damaged := fs.Crash(rng)
			damaged.Flip(name, at)
			testDamage(t, s, damaged, name, at)
		}
	}
}

func testDamage(t *testing.T, s stored, fs *durabletest.FS, name string, at int64) {
	l := mustOpen(t, fs, "log")
	var reported []eventlog.Position
	if _, err := l.Check(t.Context(), func(pos eventlog.Position, err error) {
		if !errors.Is(err, eventlog.ErrCorrupt) {
			t.Errorf("%s at %d: %v", name, at, err)
		}
		reported = append(reported, pos)
	}); err != nil {
		t.Fatal(err)
	}
	lost := 0
	for pos := range s.acked {
		r, err := l.Read(pos)
		switch {
		case errors.Is(err, eventlog.ErrCorrupt):
			lost++
		case errors.Is(err, eventlog.ErrNotFound):
			lost++
			if pos < s.lastGroup() {
				t.Errorf("%s at %d: an acknowledged record at %d was cut off", name, at, pos)
			}
		case err != nil:
			t.Fatal(err)
		case s.wrong(pos, r) != "":
			t.Errorf("%s at %d: %s", name, at, s.wrong(pos, r))
		}
	}
	scanned := 0
	if err := l.Scan(t.Context(), 0, func(eventlog.Record) error { scanned++; return nil }); err != nil {
		t.Fatal(err)
	}
	if scanned != len(s.acked)-lost {
		t.Errorf("%s at %d: scan found %d of %d with %d lost", name, at, scanned, len(s.acked), lost)
	}
	if l.End() == s.ends && len(reported) != 1 {
		t.Errorf("%s at %d: %d reports, want 1", name, at, len(reported))
	}
}

// lastGroup returns the position of the last group's first record: work makes groups of one to three.
func (s stored) lastGroup() eventlog.Position {
	positions := slices.Sorted(maps.Keys(s.acked))
	start := 0
	for i := 0; i < len(positions); i += 1 + i%3 {
		start = i
	}
	return positions[start]
}

func TestForeignFilesAndVersions(t *testing.T) {
	fs := durabletest.New()
	l := mustOpen(t, fs, "log")
	s := work(l, eventlogtest.Events(t, 3), func(err error) bool { t.Fatal(err); return true })
	l.Close()
	if err := durable.WriteFile(fs, "log/notes.txt", []byte("an operator's"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.check(t, mustOpen(t, fs, "log"))

	other := durabletest.New()
	work(mustOpen(t, other, "log"), eventlogtest.Events(t, 24), func(err error) bool { t.Fatal(err); return true })
	names := slices.Sorted(maps.Keys(other.Sizes(".log")))
	f, err := other.Open(names[1])
	if err != nil {
		t.Fatal(err)
	}
	segment := make([]byte, other.Sizes(".log")[names[1]])
	if _, err := f.ReadAt(segment, 0); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(fs, names[1], segment, 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := openOn(t, fs, "log"); err == nil {
		l.Close()
		t.Error("a segment of another log was taken in")
	}
}

func BenchmarkAppend(b *testing.B) {
	events := eventlogtest.Events(b, 512)
	for _, group := range []int{1, 16, 512} {
		b.Run(map[int]string{1: "group=1", 16: "group=16", 512: "group=512"}[group], func(b *testing.B) {
			l, err := eventlog.Open(eventlog.Config{Dir: b.TempDir(), Logger: logger(b)})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			for b.Loop() {
				if _, err := l.Append(events[:group], 1); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*group), "ns/event")
		})
	}
}
