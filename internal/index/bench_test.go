package index

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"madang/internal/nostr"
	"madang/internal/verify"
)

func benchmarkStore(b *testing.B, n int) *store {
	s := newStore(b)
	rng := rand.New(rand.NewPCG(1, 1))
	var group []verify.Event
	for i := range n {
		var tags nostr.Tags
		kind := []uint16{1, 1, 1, 7, 1059, 30023}[rng.IntN(6)]
		switch kind {
		case 30023:
			tags = append(tags, nostr.Tag{"d", strconv.Itoa(i)}, nostr.Tag{"t", "news"})
		default:
			tags = append(tags, nostr.Tag{"p", strconv.Itoa(rng.IntN(200))}, nostr.Tag{"t", strconv.Itoa(rng.IntN(50))})
		}
		group = append(group, makeEvent(b, rng.IntN(200), kind, int64(1e9+i), strings.Repeat("text ", 40), tags...))
		if len(group) == 500 || i == n-1 {
			s.add(group...)
			group = nil
		}
	}
	return s
}

func BenchmarkQuery(b *testing.B) {
	s := benchmarkStore(b, 20_000)
	tag := func(letter byte, value string) []nostr.TagFilter {
		return []nostr.TagFilter{{Letter: letter, Values: []string{value}}}
	}
	var follows []nostr.PubKey
	for i := range 150 {
		follows = append(follows, nostr.SecretKey{31: byte(1 + i)}.PubKey())
	}
	for _, c := range []struct {
		name string
		set  func(f *nostr.Filter)
	}{
		{"newest 100", func(f *nostr.Filter) { f.Limit = 100 }},
		{"inbox", func(f *nostr.Filter) { f.Kinds, f.Tags, f.Limit = []uint16{1059}, tag('p', "7"), 100 }},
		{"articles", func(f *nostr.Filter) { f.Kinds, f.Limit = []uint16{30023}, 20 }},
		{"follows", func(f *nostr.Filter) { f.Authors, f.Kinds, f.Limit = follows, []uint16{1}, 100 }},
		{"one author", func(f *nostr.Filter) { f.Authors, f.Limit = follows[:1], 20 }},
		{"hashtag", func(f *nostr.Filter) { f.Tags, f.Limit = tag('t', "9"), 50 }},
	} {
		b.Run(c.name, func(b *testing.B) {
			f := nostr.All()
			c.set(&f)
			n := 0
			for b.Loop() {
				n = 0
				if _, err := s.x.Query(b.Context(), Query{Filters: []nostr.Filter{f}}, func(Item) error { n++; return nil }); err != nil {
					b.Fatal(err)
				}
			}
			if n == 0 {
				b.Fatal("nothing found")
			}
			b.ReportMetric(float64(n), "events")
		})
	}
}

func BenchmarkApply(b *testing.B) {
	var events []verify.Event
	for i := range 512 {
		events = append(events, makeEvent(b, i%50, 1, int64(i), "text", nostr.Tag{"p", strconv.Itoa(i % 20)}, nostr.Tag{"t", "x"}))
	}
	n := 0
	for b.Loop() {
		b.StopTimer()
		s := newStore(b)
		positions, err := s.log.Append(events, 1)
		if err != nil {
			b.Fatal(err)
		}
		entries := make([]Entry, len(events))
		for i := range events {
			entries[i] = Entry{positions[i], events[i]}
		}
		b.StartTimer()
		if err := s.x.Apply(entries, s.log.End()); err != nil {
			b.Fatal(err)
		}
		n += len(events)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
}
