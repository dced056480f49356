package eventlog

import "sync/atomic"

// Recent remembers something of positions that were asked for lately. A value's place follows from its position, so that
// a newer one takes an older one's place without any bookkeeping: there are at most 4096. It is safe for concurrent use;
// the zero Recent is empty.
type Recent[T any] struct {
	places [1 << recentBits]atomic.Pointer[remembered[T]]
}

const recentBits = 12

type remembered[T any] struct {
	pos   Position
	value T
}

func (r *Recent[T]) place(pos Position) *atomic.Pointer[remembered[T]] {
	const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio spreads neighbours apart (Fibonacci hashing)
	return &r.places[uint64(pos)*golden>>(64-recentBits)]
}

// Get returns what is remembered of a position, shared, and whether there is anything.
func (r *Recent[T]) Get(pos Position) (value T, ok bool) {
	if it := r.place(pos).Load(); it != nil && it.pos == pos {
		return it.value, true
	}
	return value, false
}

// Put remembers a value.
func (r *Recent[T]) Put(pos Position, value T) {
	r.place(pos).Store(&remembered[T]{pos, value})
}
