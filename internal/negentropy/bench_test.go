package negentropy

import (
	"math/rand/v2"
	"runtime"
	"testing"
)

func randomItems(n int) []Item {
	random := rand.New(rand.NewPCG(1, 1))
	items := make([]Item, n)
	for i := range items {
		items[i] = item(1_700_000_000+random.Int64N(10_000_000), i)
	}
	return items
}

// BenchmarkListAll lists 500,000 ids to a peer that has none, in frames of 128 KiB.
func BenchmarkListAll(b *testing.B) {
	const n = 500_000
	set := NewSet(randomItems(n))
	b.ReportAllocs()
	for b.Loop() {
		got := 0
		responder, message := New(set, 128<<10), New(NewSet(nil), 0).Initiate()
		for len(message) > 0 {
			reply, err := responder.Reconcile(message)
			if err != nil {
				b.Fatal(err)
			}
			var more int
			if message, more, err = nextRequest(reply); err != nil {
				b.Fatal(err)
			}
			got += more
		}
		if got != n {
			b.Fatalf("%d ids", got)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/id")
}

// nextRequest is an initiator that has nothing and keeps nothing, so that the benchmark is the responder's alone.
func nextRequest(reply []byte) (message []byte, ids int, err error) {
	in, err := newReader(reply)
	if err != nil {
		return nil, 0, err
	}
	out := newWriter()
	var from bound
	for len(in.b) > 0 {
		to, mode, err := in.rangeHead(from)
		if err != nil {
			return nil, 0, err
		}
		switch mode {
		case modeFingerprint:
			if _, err := in.take(fingerprintSize); err != nil {
				return nil, 0, err
			}
			out.skip(from)
			out.ids(to, NewSet(nil), 0, 0)
		case modeIDs:
			list, err := in.ids()
			if err != nil {
				return nil, 0, err
			}
			ids += list.len()
		}
		from = to
	}
	if len(out.b) == 1 {
		return nil, ids, nil
	}
	return out.b, ids, nil
}

func BenchmarkNewSet(b *testing.B) {
	const n = 500_000
	items := randomItems(n)
	for b.Loop() {
		NewSet(items)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/item")
}

// BenchmarkWith adds one item at the end, as most events come, to a set of 500,000.
func BenchmarkWith(b *testing.B) {
	set := NewSet(randomItems(500_000))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		set, _ = set.With([]Item{item(2_000_000_000, 1_000_000+i)}, nil)
	}
}

// BenchmarkMemory tells what a set weighs.
func BenchmarkMemory(b *testing.B) {
	const n = 500_000
	for b.Loop() {
		items := randomItems(n)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		set := NewSet(items)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "bytes/item")
		runtime.KeepAlive(set)
		runtime.KeepAlive(items)
	}
}
