package nostr

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"
)

func TestHyperLogLogOffset(t *testing.T) {
	key := strings.Repeat("0", 32) + "f" + strings.Repeat("0", 31) // digit 32 is f
	hashed := func(s string) int {
		digit, err := strconv.ParseUint(fmt.Sprintf("%x", sha256.Sum256([]byte(s)))[32:33], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		return 8 + int(digit)
	}
	for _, c := range []struct {
		filters []string
		want    int // -1: not eligible
	}{
		{[]string{`{"#p":["` + key + `"],"kinds":[3]}`}, 23},
		{[]string{`{"kinds":[7],"#e":["` + strings.Repeat("0", 64) + `"]}`}, 8},
		{[]string{`{"#a":["30023:` + key + `:some:d:tag"]}`}, 23},
		{[]string{`{"#A":["10002:` + key + `:"]}`}, 23},
		{[]string{`{"#a":["70000:` + key + `:x"]}`}, hashed("70000:" + key + ":x")},
		{[]string{`{"#a":["no:` + key + `:kind"]}`}, hashed("no:" + key + ":kind")},
		{[]string{`{"#t":["마당"]}`}, hashed("마당")},
		{[]string{`{"#t":[""]}`}, hashed("")},
		{[]string{`{"#E":["` + strings.ToUpper(key) + `"]}`}, hashed(strings.ToUpper(key))},
		{[]string{`{"#t":["first","second"],"#p":["` + key + `"]}`}, hashed("first")},
		{[]string{`{"#p":["` + key + `"],"#t":["first"]}`}, 23},
		{[]string{`{"kinds":[3]}`}, -1},
		{[]string{`{"#t":[],"#p":["` + key + `"]}`}, -1},
		{[]string{`{"#p":["` + key + `"]}`, `{"kinds":[1]}`}, -1},
		{nil, -1},
	} {
		var filters []Filter
		for _, text := range c.filters {
			f, err := DecodeFilter([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			filters = append(filters, f)
		}
		got := -1
		if h, ok := NewHyperLogLog(filters); ok {
			got = h.offset
		}
		if got != c.want {
			t.Errorf("%s: offset %d, want %d", c.filters, got, c.want)
		}
	}
}

// naive is the algorithm of NIP-45's text, word for word, on hex and on whole numbers.
func naive(offset int, keys []PubKey) string {
	registers := make([]int, 256)
	for _, pk := range keys {
		register := new(big.Int).SetBytes(pk[offset : offset+1]).Int64()
		rest := new(big.Int).SetBytes(pk[offset+1:])
		zeros := 8*(32-offset-1) - rest.BitLen()
		registers[register] = max(registers[register], zeros+1)
	}
	var text strings.Builder
	for _, r := range registers {
		fmt.Fprintf(&text, "%02x", r)
	}
	return text.String()
}

func TestHyperLogLogRegisters(t *testing.T) {
	keys := []PubKey{{}, {31: 1}, {0: 0xff, 9: 7, 10: 0x01}, {8: 3, 9: 0x80}, {8: 3, 9: 0x40}, {23: 0xff}}
	for i := range 5000 {
		keys = append(keys, sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i))))
	}
	for offset := 8; offset <= 23; offset++ {
		h := &HyperLogLog{offset: offset}
		for _, pk := range keys {
			h.Add(pk)
		}
		if got, want := h.String(), naive(offset, keys); got != want {
			t.Errorf("offset %d: got %s, want %s", offset, got, want)
		}
		for _, pk := range keys { // whoever comes twice counts once
			h.Add(pk)
		}
		if h.String() != naive(offset, keys) {
			t.Errorf("offset %d: a key counted twice", offset)
		}
	}
}

// TestHyperLogLogEstimates reads registers as clients do: by HyperLogLog's harmonic mean.
func TestHyperLogLogEstimates(t *testing.T) {
	const people = 20_000
	h := &HyperLogLog{offset: 12}
	for i := range people {
		h.Add(sha256.Sum256(binary.BigEndian.AppendUint64([]byte("someone"), uint64(i))))
	}
	sum := 0.0
	for _, r := range h.registers {
		sum += math.Exp2(-float64(r))
	}
	estimate := 0.7182725932495458 * 256 * 256 / sum
	// The standard error is 1.04/sqrt(256), 6.5 %.
	if estimate < people*0.8 || estimate > people*1.2 {
		t.Errorf("%d people are estimated as %.0f", people, estimate)
	}
}
