package search

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	"madang/internal/nostr"
)

// benchWords make texts of about the spread that languages have: few words are frequent, many are rare.
var benchWords = strings.Fields(`마당에서 학교 바다로 염소가 시장은 오늘 내일 아침 저녁에 비가 바람이 배를 타고 사람들이 모여 이야기를 합니다
	the market opens tomorrow morning near school water spring boat engine fuel ticket village night goat clinic doctor
	السوق المدرسة القرية الماء غدا صباحا السفينة الطبيب`)

func benchText(r *rand.Rand, words int) string {
	var b strings.Builder
	for range words {
		n := int(r.ExpFloat64() * 12)
		if n < len(benchWords) {
			b.WriteString(benchWords[n])
		} else {
			fmt.Fprintf(&b, "%s%d", benchWords[n%len(benchWords)], r.IntN(n*20))
		}
		b.WriteByte(' ')
	}
	return b.String()
}

// benchHouse has n notes of about 600 bytes, which the search has not seen.
func benchHouse(b *testing.B, n int) *house {
	b.Helper()
	h := newHouse(b)
	h.close()
	r := rand.New(rand.NewPCG(1, 2))
	for range n/500 + 1 {
		var part []*nostr.Event
		for range min(500, n) {
			part = append(part, event(b, byte(1+r.IntN(50)), nostr.KindNote, now-r.Int64N(1e7), benchText(r, 50)))
		}
		h.add(part...)
	}
	return h
}

// BenchmarkIndexing takes in 10,000 notes: the time of one, and what is left on the disk of each byte of text.
func BenchmarkIndexing(b *testing.B) {
	const n = 10_000
	h := benchHouse(b, n)
	var memory runtime.MemStats
	for b.Loop() {
		b.StopTimer()
		if err := os.RemoveAll(h.cfg.Dir); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		h.open()
		h.settle()
		runtime.ReadMemStats(&memory)
		h.close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/event")
	b.ReportMetric(float64((&store{dir: h.cfg.Dir}).size())/float64(h.log.End()), "B/B")
	b.ReportMetric(float64(memory.HeapInuse)/(1<<20), "MiB-heap")
	h.open()
}

// BenchmarkSearch searches 10,000 notes.
func BenchmarkSearch(b *testing.B) {
	h := benchHouse(b, 10_000)
	h.open()
	h.settle()
	for name, text := range map[string]string{
		"common word": "market", "rare word": "goat117", "two words": "market 학교", "syllable": "마", "part of a word": "당에",
		"initials": "ㅁㄷ", "three initials": "ㅅㄹㄷ",
		"run": "마당에서", "phrase": `"the market"`, "prefix": "mark", "nothing": "zebra",
	} {
		f := nostr.All()
		f.Search = text
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.search.Search(b.Context(), Query{Filter: f, Now: now, MaxLimit: 50}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAnalysis(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	e := &nostr.Event{Kind: nostr.KindNote, Content: benchText(r, 5000)}
	b.SetBytes(int64(len(e.Content)))
	b.ReportAllocs()
	for b.Loop() {
		d, _ := makeDocument(e)
		for _, f := range d.Fields {
			f.Analyze()
		}
	}
}
