package ingest

import "sync"

// line is where work waits for its turn. One goroutine at a time leads: it takes what waits as one group, does it, and
// hands over the lead while more waits. So groups form by themselves under load, nothing runs while nothing waits, and
// who brings work to an empty line may do it without waking anyone.
type line[T any] struct {
	mu      sync.Mutex // guards what follows; held for a moment
	waiting []T
	led     bool // whenever anything waits, too
}

// join puts items at the end and reports whether the caller leads now.
func (l *line[T]) join(items ...T) bool {
	if len(items) == 0 {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, items...)
	leads := !l.led
	l.led = true
	return leads
}

// take returns the first item and those behind it for as long as fits agrees to each. It is the leader's.
func (l *line[T]) take(fits func(T) bool) []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for n < len(l.waiting) && (fits(l.waiting[n]) || n == 0) {
		n++
	}
	group := l.waiting[:n:n]
	l.waiting = l.waiting[n:]
	if len(l.waiting) == 0 {
		l.waiting = nil
	}
	return group
}

// more reports whether the lead is to be handed on; else nobody has it any more. It is the leader's.
func (l *line[T]) more() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.led = len(l.waiting) > 0
	return l.led
}

func (l *line[T]) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}

// atMost returns a fits for take: up to a number of events and of bytes.
func atMost[T any](events, bytes int, size func(T) (events, bytes int)) func(T) bool {
	return func(item T) bool {
		n, b := size(item)
		events, bytes = events-n, bytes-b
		return events >= 0 && bytes >= 0
	}
}

// checkedTogether: beyond this many a signature gets hardly cheaper, and who comes next has waited long.
func checkedTogether() func(*work) bool {
	return atMost(4096, 16<<20, func(k *work) (int, int) { return len(k.events), int(k.weight) })
}

// committedTogether: one write and one sync of the log, and one batch of the index.
func committedTogether() func(candidate) bool {
	return atMost(1024, 4<<20, func(c candidate) (int, int) { return 1, len(c.event.JSON()) })
}
