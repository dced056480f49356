package index

import (
	"sync/atomic"

	"madang/internal/eventlog"
)

// recent holds events that queries have found lately, since most people ask for the newest. An item's place follows
// from its position, so that a newer one takes an older one's place without any bookkeeping.
type recent [recentItems]atomic.Pointer[Item]

// At most 4096 items of 4 KiB: some 6 MiB where events have the usual size, three times as much at worst.
const (
	recentBits  = 12
	recentItems = 1 << recentBits
	recentSize  = 4 << 10
)

func (r *recent) slot(pos eventlog.Position) *atomic.Pointer[Item] {
	const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio spreads neighbours apart (Fibonacci hashing)
	return &r[uint64(pos)*golden>>(64-recentBits)]
}

func (r *recent) get(pos eventlog.Position) (Item, bool) {
	if it := r.slot(pos).Load(); it != nil && it.Pos == pos {
		return *it, true
	}
	return Item{}, false
}

func (r *recent) put(it Item) {
	if len(it.JSON) <= recentSize {
		r.slot(it.Pos).Store(&it)
	}
}
