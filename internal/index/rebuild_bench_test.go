package index

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"madang/internal/eventlog"
	"madang/internal/nostr"
)

// villageLog is a log of made-up, unsigned events of about 1 KB each: what a village of 1,000 authors writes.
type villageLog struct {
	eventlog.Log
	json []byte
	ends []int // of each event in json
	n    int   // events appended so far
}

func newVillageLog(n int) *villageLog {
	l := &villageLog{n: n}
	rng := rand.New(rand.NewPCG(1, 2))
	var authors [1000]nostr.PubKey
	for i := range authors {
		scramble(rng, authors[i][:])
	}
	text := strings.Repeat("the ferry leaves at nine if the wind lets it ", 40)
	for i := range n {
		e := &nostr.Event{CreatedAt: 1_700_000_000 + int64(i)*7, PubKey: authors[rng.IntN(len(authors))], Tags: nostr.Tags{}}
		scramble(rng, e.ID[:])
		scramble(rng, e.Sig[:])
		size := 200
		tag := func(t ...string) { e.Tags = append(e.Tags, nostr.Tag(t)) }
		someone := func() string { return authors[rng.IntN(len(authors))].String() }
		language := func() { tag("L", "ISO-639-1"); tag("l", "ko", "ISO-639-1") }
		switch roll := rng.IntN(100); {
		case roll < 2:
			e.Kind, size = 0, 500
		case roll < 42:
			e.Kind, size = 1, 300+rng.IntN(300)
			tag("p", someone())
			tag("t", "topic"+strconv.Itoa(rng.IntN(500)))
		case roll < 62:
			var target nostr.ID
			scramble(rng, target[:])
			e.Kind, size = 7, 200
			tag("e", target.String(), "ws://node.example/")
			tag("p", someone())
			tag("k", "1")
		case roll < 90:
			e.Kind, size = nostr.KindGiftWrap, 700
			scramble(rng, e.PubKey[:])
			e.CreatedAt -= rng.Int64N(2 * 86400)
			tag("p", someone())
		case roll < 96:
			e.Kind, size = 30023, 1600
			tag("d", strconv.Itoa(i))
			tag("title", text[:40])
			tag("published_at", strconv.FormatInt(e.CreatedAt, 10))
			tag("t", "news")
			language()
		default:
			e.Kind, size = 34235, 200
			tag("d", strconv.Itoa(i))
			tag("title", text[:40])
			for range 3 {
				var hash nostr.ID
				scramble(rng, hash[:])
				tag("imeta", "url http://node.example/"+hash.String()+".mp4", "x "+hash.String(), "m video/mp4", "dim 640x360")
			}
			language()
		}
		e.Content = strings.ToUpper(strconv.Itoa(i)) + text[:size]
		l.json = e.AppendJSON(l.json)
		l.ends = append(l.ends, len(l.json))
	}
	return l
}

func scramble(rng *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
}

func (l *villageLog) ID() eventlog.ID        { return eventlog.ID{1} }
func (l *villageLog) End() eventlog.Position { return eventlog.Position(l.ends[l.n-1]) }

func (l *villageLog) Scan(_ context.Context, from eventlog.Position, fn func(eventlog.Record) error) error {
	at := 0
	for _, end := range l.ends[:l.n] {
		if at >= int(from) {
			if err := fn(eventlog.Record{Pos: eventlog.Position(at), JSON: l.json[at:end]}); err != nil {
				return err
			}
		}
		at = end
	}
	return nil
}

func (l *villageLog) Read(pos eventlog.Position) (eventlog.Record, error) {
	i, _ := slices.BinarySearch(l.ends, int(pos)+1)
	return eventlog.Record{Pos: pos, JSON: l.json[pos:l.ends[i]]}, nil
}

// BenchmarkRebuild takes a whole log in, and tells what that costs in processor time, on the disk and in writes.
func BenchmarkRebuild(b *testing.B) {
	for _, n := range []int{200_000, 1_000_000} {
		b.Run(fmt.Sprintf("events=%d", n), func(b *testing.B) {
			log := newVillageLog(n)
			var used float64
			var size, written int64
			for b.Loop() {
				b.StopTimer()
				dir := filepath.Join(b.TempDir(), "index")
				cpu, wrote := cpuSeconds(b), writtenBytes(b)
				b.StartTimer()
				x, err := Open(b.Context(), Config{Dir: dir, Log: log, Logger: slog.New(slog.DiscardHandler)})
				if err != nil {
					b.Fatal(err)
				}
				if err := x.Close(); err != nil {
					b.Fatal(err)
				}
				used += cpuSeconds(b) - cpu
				written += writtenBytes(b) - wrote
				size += treeSize(b, dir)
			}
			events := float64(b.N * n)
			b.ReportMetric(used*1e6/events, "cpu-us/event")
			b.ReportMetric(float64(size)/events, "index-B/event")
			b.ReportMetric(float64(written)/events, "written-B/event")
			b.ReportMetric(float64(len(log.json))/float64(n), "json-B/event")
		})
	}
}

func cpuSeconds(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

// writtenBytes is what the process has given to write calls, by proc(5), "io".
func writtenBytes(b *testing.B) int64 {
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		b.Skip(err)
	}
	_, rest, _ := strings.Cut(string(text), "wchar: ")
	line, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.ParseInt(line, 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func treeSize(b *testing.B, dir string) (size int64) {
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return size
}

// BenchmarkCommitOne takes events in one by one, into an index that holds many already, and tells what that costs in
// processor time and in writes, flushes and compactions together. What the log writes comes on top.
func BenchmarkCommitOne(b *testing.B) {
	const before, more = 400_000, 100_000
	log := newVillageLog(before + more)
	var used float64
	var written int64
	for b.Loop() {
		b.StopTimer()
		log.n = before
		dir := filepath.Join(b.TempDir(), "index")
		x, err := Open(b.Context(), Config{Dir: dir, Log: log, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		cpu, wrote := cpuSeconds(b), writtenBytes(b)
		b.StartTimer()
		at := log.End()
		for _, end := range log.ends[before:] {
			log.n++
			e, err := nostr.DecodeHead(log.json[at:end])
			if err != nil {
				b.Fatal(err)
			}
			s := x.Stage()
			if err := s.take(e); err != nil {
				b.Fatal(err)
			}
			if err := s.Commit([]eventlog.Position{at}, log.End()); err != nil {
				b.Fatal(err)
			}
			at = log.End()
		}
		if err := x.Close(); err != nil {
			b.Fatal(err)
		}
		used += cpuSeconds(b) - cpu
		written += writtenBytes(b) - wrote
	}
	events := float64(b.N * more)
	b.ReportMetric(used*1e6/events, "cpu-us/event")
	b.ReportMetric(float64(written)/events, "written-B/event")
}
