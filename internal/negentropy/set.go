package negentropy

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"iter"
	"slices"
	"sort"
)

// Set is an ordered set of items that never changes: any number of goroutines and reconciliations may share one. It is
// made of blocks, which the sets that With makes of it share in turn. An item takes 40 bytes, and a block some 56.
type Set struct {
	blocks []block
	// from and to are the ranks of the first item that is seen and of the one after the last: see Between.
	from, to int
}

// block is a run of items and where it stands. Its items are never altered.
type block struct {
	items []Item
	start int // how many items lie before it
	sum   sum // of the ids of those items and its own
}

const (
	blockItems = 256            // most of a block
	fewItems   = blockItems / 2 // a block with fewer is put together with the next one when it is written anew
)

// NewSet takes items, in any order and with any number of doubles.
func NewSet(items []Item) *Set {
	order := make([]place, len(items))
	for i := range items {
		order[i] = place{items[i].Timestamp, i}
	}
	slices.SortFunc(order, func(a, b place) int {
		if a.timestamp != b.timestamp {
			return cmp.Compare(a.timestamp, b.timestamp)
		}
		return bytes.Compare(items[a.index].ID[:], items[b.index].ID[:])
	})
	order = slices.CompactFunc(order, func(a, b place) bool { return items[a.index] == items[b.index] })
	b := builder{blocks: make([]block, 0, (len(order)+blockItems-1)/blockItems)}
	for places := range slices.Chunk(order, blockItems) {
		run := make([]Item, len(places))
		for i, p := range places {
			run[i] = items[p.index]
		}
		b.push(run, sumOf(run))
	}
	return b.set()
}

// place is what of an item most comparisons need: sorting moves it faster than the item itself.
type place struct {
	timestamp int64
	index     int
}

// builder puts blocks one after another.
type builder struct {
	blocks []block
	count  int
	sum    sum
}

func (b *builder) push(items []Item, own sum) {
	b.sum = b.sum.plus(own)
	b.blocks = append(b.blocks, block{items, b.count, b.sum})
	b.count += len(items)
}

func (b *builder) set() *Set { return &Set{blocks: b.blocks, to: b.count} }

// Len returns how many items the set has.
func (s *Set) Len() int { return s.to - s.from }

// Between returns the part of the set from the second since to the second until, both of it. It costs nothing and
// shares all.
func (s *Set) Between(since, until int64) *Set {
	part := *s
	part.from = s.find(s.from, bound{timestamp: uint64(max(since, 0))})
	part.to = part.from
	if until >= since {
		part.to = s.find(part.from, bound{timestamp: uint64(max(until, -1) + 1)})
	}
	return &part
}

// All yields the items in order.
func (s *Set) All() iter.Seq[Item] {
	return func(yield func(Item) bool) {
		for run := range s.runs(s.from, s.to) {
			for _, it := range run {
				if !yield(it) {
					return
				}
			}
		}
	}
}

// With returns a set that has the items of add besides and those of drop no more; what is in both is dropped. It shares
// every block that stays as it was, and tells how many items those have that do not. Of a part of a set (see Between)
// it makes a whole one.
func (s *Set) With(add, drop []Item) (set *Set, copied int) {
	add, drop = inOrder(add), inOrder(drop)
	b := builder{blocks: make([]block, 0, len(s.blocks)+len(add)/fewItems+1)}
	var run []Item // items that wait to become blocks
	flush := func() {
		pieces := (len(run) + blockItems - 1) / blockItems
		for i := range pieces {
			piece := slices.Clone(run[i*len(run)/pieces : (i+1)*len(run)/pieces])
			b.push(piece, sumOf(piece))
		}
		copied += len(run)
		run = run[:0]
	}
	for i, old := range s.blocks {
		// What lies below the next block's first item belongs to this one.
		adds, drops := len(add), len(drop)
		if i+1 < len(s.blocks) {
			next := s.blocks[i+1].items[0].bound()
			adds, drops = lower(add, &next), lower(drop, &next)
		}
		if adds == 0 && drops == 0 && len(run) == 0 {
			b.push(old.items, s.sumBefore(i+1).minus(s.sumBefore(i)))
			continue
		}
		run = merge(run, old.items, add[:adds], drop[:drops])
		add, drop = add[adds:], drop[drops:]
		if len(run) >= fewItems {
			flush()
		}
	}
	run = merge(run, nil, add, drop) // all that there is, where the set was empty
	flush()
	return b.set(), copied
}

func inOrder(items []Item) []Item {
	if slices.IsSortedFunc(items, Item.Compare) {
		return items
	}
	items = slices.Clone(items)
	slices.SortFunc(items, Item.Compare)
	return items
}

// merge appends to dst what is in a or b and not in drop. All are sorted.
func merge(dst, a, b, drop []Item) []Item {
	for len(a) > 0 || len(b) > 0 {
		var it Item
		if len(b) == 0 || len(a) > 0 && a[0].Compare(b[0]) <= 0 {
			it, a = a[0], a[1:]
		} else {
			it, b = b[0], b[1:]
		}
		for len(drop) > 0 && drop[0].Compare(it) < 0 {
			drop = drop[1:]
		}
		if len(drop) > 0 && drop[0] == it || len(dst) > 0 && dst[len(dst)-1] == it {
			continue
		}
		dst = append(dst, it)
	}
	return dst
}

// lower returns how many of the sorted items lie below b.
func lower(items []Item, b *bound) int {
	return sort.Search(len(items), func(i int) bool { return !items[i].below(b) })
}

// find returns the rank of the first item from start on that does not lie below b, at most s.to.
func (s *Set) find(start int, b bound) int {
	if start >= s.to || b.timestamp == infinity {
		return s.to
	}
	first := s.blockAt(start)
	blocks := s.blocks[first:]
	// The last block whose first item lies below b has the place, or it is where the next one begins.
	i := sort.Search(len(blocks), func(i int) bool { return !blocks[i].items[0].below(&b) }) - 1
	if i < 0 {
		return start
	}
	rank := blocks[i].start + lower(blocks[i].items, &b)
	return min(max(rank, start), s.to)
}

// blockAt returns the index of the block that has the item of a rank, or how many blocks there are.
func (s *Set) blockAt(rank int) int {
	return sort.Search(len(s.blocks), func(i int) bool { return s.blocks[i].start+len(s.blocks[i].items) > rank })
}

func (s *Set) at(rank int) Item {
	b := &s.blocks[s.blockAt(rank)]
	return b.items[rank-b.start]
}

// runs yields the items from lower to upper, without upper, as they lie in the blocks.
func (s *Set) runs(lower, upper int) iter.Seq[[]Item] {
	return func(yield func([]Item) bool) {
		for i := s.blockAt(lower); lower < upper; i++ {
			b := &s.blocks[i]
			run := b.items[lower-b.start : min(upper-b.start, len(b.items))]
			if !yield(run) {
				return
			}
			lower += len(run)
		}
	}
}

// sumBefore is the sum of all blocks before one.
func (s *Set) sumBefore(i int) sum {
	if i == 0 {
		return sum{}
	}
	return s.blocks[i-1].sum
}

// sumTo is the sum of all items below a rank. It reads half a block at most: no message can make it dear.
func (s *Set) sumTo(rank int) sum {
	i := s.blockAt(rank)
	if i == len(s.blocks) {
		return s.sumBefore(i)
	}
	b := &s.blocks[i]
	if n := rank - b.start; n > len(b.items)/2 {
		return b.sum.minus(sumOf(b.items[n:]))
	} else {
		return s.sumBefore(i).plus(sumOf(b.items[:n]))
	}
}

const fingerprintSize = 16

// fingerprint of the items from lower to upper, without upper.
func (s *Set) fingerprint(lower, upper int) (f [fingerprintSize]byte) {
	var room [48]byte
	b := s.sumTo(upper).minus(s.sumTo(lower)).append(room[:0])
	hash := sha256.Sum256(appendVarint(b, uint64(upper-lower)))
	copy(f[:], hash[:])
	return f
}
