package negentropy

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"sort"

	"madang/internal/nostr"
)

// Item is one element of a set: an event's id, and its created_at, 0 or later.
type Item struct {
	Timestamp int64
	ID        nostr.ID
}

// infinity is the timestamp above all items'.
const infinity = math.MaxUint64

// bound is a place between items: everything below it lies before.
type bound struct {
	timestamp uint64
	id        nostr.ID
	idLength  int // bytes of id that are written; the rest is zeros
}

func (b bound) compare(to bound) int {
	return cmp.Or(cmp.Compare(b.timestamp, to.timestamp), bytes.Compare(b.id[:], to.id[:]))
}

func (it Item) bound() bound { return bound{uint64(it.Timestamp), it.ID, len(it.ID)} }

// boundBetween returns the shortest bound above a and not above b, which follows it.
func boundBetween(a, b Item) bound {
	between := bound{timestamp: uint64(b.Timestamp)}
	if a.Timestamp == b.Timestamp {
		for between.idLength < len(a.ID) && a.ID[between.idLength] == b.ID[between.idLength] {
			between.idLength++
		}
		between.idLength++
		copy(between.id[:], b.ID[:between.idLength])
	}
	return between
}

// vector is a sorted set. Every range's fingerprint costs the same, whatever its size: no message can make it dear.
type vector struct {
	items []Item
	sums  []sum // sums[i] is of the first i items
}

func newVector(items []Item) vector {
	slices.SortFunc(items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Timestamp, b.Timestamp), bytes.Compare(a.ID[:], b.ID[:]))
	})
	v := vector{items: slices.Compact(items)}
	v.sums = make([]sum, len(v.items)+1)
	for i, it := range v.items {
		v.sums[i+1] = v.sums[i].plus(it.ID)
	}
	return v
}

// find returns the index of the first item from start on that does not lie below b.
func (v vector) find(start int, b bound) int {
	return start + sort.Search(len(v.items)-start, func(i int) bool {
		return v.items[start+i].bound().compare(b) >= 0
	})
}

const fingerprintSize = 16

// fingerprint of the items from lower to upper, without upper.
func (v vector) fingerprint(lower, upper int) (f [fingerprintSize]byte) {
	b := v.sums[upper].minus(v.sums[lower]).append(nil)
	hash := sha256.Sum256(appendVarint(b, uint64(upper-lower)))
	copy(f[:], hash[:])
	return f
}

// sum is a sum of ids as 256-bit little-endian numbers, without what overflows. The least significant word is first.
type sum [4]uint64

func (s sum) plus(id nostr.ID) sum {
	var carry uint64
	for i := range s {
		s[i], carry = bits.Add64(s[i], binary.LittleEndian.Uint64(id[8*i:]), carry)
	}
	return s
}

func (s sum) minus(other sum) sum {
	var borrow uint64
	for i := range s {
		s[i], borrow = bits.Sub64(s[i], other[i], borrow)
	}
	return s
}

func (s sum) append(dst []byte) []byte {
	for _, word := range s {
		dst = binary.LittleEndian.AppendUint64(dst, word)
	}
	return dst
}
