package nostr

import (
	"strings"
	"testing"
)

// TestPlainLen puts every byte at every place of a few words, alone and behind bytes that may lend to it.
func TestPlainLen(t *testing.T) {
	const length = 20
	for _, filler := range []string{"a", "\x7f", "\x80", "\xff", " ", "!", "#", "["} {
		for at := range length {
			for c := range 256 {
				s := strings.Repeat(filler, at) + string([]byte{byte(c)}) + strings.Repeat(filler, length-at-1)
				want := length
				if c < ' ' || c == '"' || c == '\\' {
					want = at
				}
				if got := plainLen(s); got != want {
					t.Fatalf("%q: %d, want %d", s, got, want)
				}
				if got := plainLen(s[:at+1]); got != min(want, at+1) {
					t.Fatalf("%q: %d, want %d", s[:at+1], got, min(want, at+1))
				}
			}
		}
	}
}

func BenchmarkDecodeLongContent(b *testing.B) {
	e := *benchmarkEvent
	e.Content = strings.Repeat("A boat with news from the other side; \\o/ \"all well\" on board.\n", 1500)
	text := e.AppendJSON(nil)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeEvent(text); err != nil {
			b.Fatal(err)
		}
	}
}
