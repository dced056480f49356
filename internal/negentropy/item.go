package negentropy

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"math/bits"

	"madang/internal/nostr"
)

// Item is one element of a set: an event's id, and its created_at, 0 or later.
type Item struct {
	Timestamp int64
	ID        nostr.ID
}

// Compare orders items as a set has them: by time, those of the same second by id.
func (it Item) Compare(other Item) int {
	if it.Timestamp != other.Timestamp {
		return cmp.Compare(it.Timestamp, other.Timestamp)
	}
	return bytes.Compare(it.ID[:], other.ID[:])
}

func (it Item) bound() bound { return bound{uint64(it.Timestamp), it.ID, len(it.ID)} }

// below reports whether the item lies before b.
func (it *Item) below(b *bound) bool {
	if uint64(it.Timestamp) != b.timestamp {
		return uint64(it.Timestamp) < b.timestamp
	}
	return bytes.Compare(it.ID[:], b.id[:]) < 0
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

// sum is a sum of ids as 256-bit little-endian numbers, without what overflows. The least significant word is first.
type sum [4]uint64

func sumOf(items []Item) (s sum) {
	for i := range items {
		s.add(&items[i].ID)
	}
	return s
}

func (s *sum) add(id *nostr.ID) {
	var carry uint64
	s[0], carry = bits.Add64(s[0], binary.LittleEndian.Uint64(id[0:]), 0)
	s[1], carry = bits.Add64(s[1], binary.LittleEndian.Uint64(id[8:]), carry)
	s[2], carry = bits.Add64(s[2], binary.LittleEndian.Uint64(id[16:]), carry)
	s[3], _ = bits.Add64(s[3], binary.LittleEndian.Uint64(id[24:]), carry)
}

func (s sum) plus(other sum) sum {
	var carry uint64
	for i := range s {
		s[i], carry = bits.Add64(s[i], other[i], carry)
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
