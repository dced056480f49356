package index

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"madang/internal/eventlog"
	"madang/internal/nostr"
)

// ErrSearch: a filter has a search condition (NIP-50), which the index does not answer.
var ErrSearch = errors.New("search is not supported")

// Query asks for events.
type Query struct {
	Filters  []nostr.Filter          // any of them
	Now      int64                   // Unix seconds; what has expired by then is left out
	Visible  func(*nostr.Event) bool // who may see what, asked for each event before it counts; nil: all
	MaxLimit int                     // bound on each filter's limit; 0: none. See Query for what may exceed it.
}

// Answer is how far the answer to a query goes.
type Answer struct {
	End eventlog.Position // of what was taken in of the log when the query began: what comes live before it was in sight

	// Complete says that there is no match that was not yielded, More that a limit has kept some back. Where finding
	// out would cost too much neither is set (NIP-67).
	Complete, More bool
}

// Query calls yield for each match, newest first, ties by lowest id, each event once; each filter gives at most its
// limit. Where MaxLimit cuts a filter off before its own limit does, what has the same second as its last event comes
// too, at most as many again: who asks on with until misses none of them (NIP-67). But not where mail may be among it,
// of which nobody else may learn.
//
// Items are shared and must not be altered. Queries share what they may hold open, so yield must not wait for a
// person, nor query again.
func (x *Index) Query(ctx context.Context, q Query, yield func(Item) error) (Answer, error) {
	m := merge{x: x, q: &q, bounded: true, left: make([]quota, len(q.Filters))}
	for i := range q.Filters {
		m.left[i] = makeQuota(&q.Filters[i], q.MaxLimit)
	}
	return m.run(ctx, yield)
}

// Events calls yield with each whole event that Query would yield.
func (x *Index) Events(ctx context.Context, q Query, yield func(*nostr.Event) error) error {
	_, err := x.Query(ctx, q, func(it Item) error {
		e, err := it.Event()
		if err != nil {
			return err
		}
		return yield(e)
	})
	return err
}

// Count counts what Query would yield, without limits.
func (x *Index) Count(ctx context.Context, q Query) (int, error) {
	n := 0
	_, err := x.unlimited(ctx, q, func(Item) error { n++; return nil })
	return n, err
}

// Items yields time and id of what Query would yield, without limits, in the same order: what reconciliation (NIP-77)
// works on.
func (x *Index) Items(ctx context.Context, q Query, yield func(createdAt int64, id nostr.ID) error) error {
	_, err := x.unlimited(ctx, q, func(it Item) error { return yield(it.Head.CreatedAt, it.Head.ID) })
	return err
}

// JSON returns the wire form of an event that a query has found, or ErrGone.
func (x *Index) JSON(pos eventlog.Position) ([]byte, error) {
	r, err := x.cfg.Log.Read(pos)
	if err == nil && r.Erased {
		err = ErrGone
	}
	return r.JSON, err
}

func (x *Index) unlimited(ctx context.Context, q Query, yield func(Item) error) (Answer, error) {
	if err := x.scanning.Acquire(ctx, 1); err != nil {
		return Answer{}, err
	}
	defer x.scanning.Release(1)
	m := merge{x: x, q: &q, left: make([]quota, len(q.Filters))}
	for i := range m.left {
		m.left[i] = quota{n: -1}
	}
	return m.run(ctx, yield)
}

// quota is what one filter may still give.
type quota struct {
	n    int   // events; negative: any number
	ties int   // after them, events of the same second as the last one
	last int64 // that second
}

func makeQuota(f *nostr.Filter, most int) quota {
	switch {
	case most == 0 || f.Limit >= 0 && f.Limit <= most:
		return quota{n: f.Limit}
	case mayBePrivate(f):
		return quota{n: most}
	case f.Limit >= 0:
		return quota{n: most, ties: min(most, f.Limit-most)}
	}
	return quota{n: most, ties: most}
}

func (q *quota) spent() bool { return q.n == 0 && q.ties == 0 }

// give counts a match, and reports whether there was room for it.
func (q *quota) give(createdAt int64) bool {
	switch {
	case q.n != 0:
		q.n--
	case q.ties > 0 && createdAt == q.last:
		q.ties--
	default:
		return false
	}
	q.last = createdAt
	return true
}

// merge walks the legs of all filters at once, in order.
type merge struct {
	x       *Index
	q       *Query
	bounded bool // by limits: what is found is likely to be asked for again
	left    []quota
	legs    legHeap
	opens   []*leg
	ticks   int

	giving  int  // filters that may still give something
	probes  int  // see goesOn
	unknown bool // a filter was left before its end
	more    bool // a filter had a match beyond its limit
}

func (m *merge) run(ctx context.Context, yield func(Item) error) (answer Answer, err error) {
	for i := range m.q.Filters {
		if m.q.Filters[i].Search != "" {
			return answer, ErrSearch
		}
	}
	if err := m.x.enter(); err != nil {
		return answer, err
	}
	defer m.x.users.Done()
	budget, count := max(1, m.x.maxLegs/max(1, len(m.q.Filters))), int64(0)
	for i := range m.q.Filters {
		count += int64(legCount(&m.q.Filters[i], budget))
	}
	if err := m.x.walking.Acquire(ctx, count); err != nil {
		return answer, err
	}
	defer m.x.walking.Release(count)
	snap, end, err := m.x.snapshot()
	if err != nil {
		return answer, err
	}
	answer.End = end
	defer func() {
		for _, l := range m.opens {
			err = firstOf(err, l.close())
		}
		err = firstOf(err, snap.Close())
	}()
	tick := func() error {
		if m.ticks++; m.ticks%256 == 0 {
			return ctx.Err()
		}
		return nil
	}
	if err := m.start(ctx, snap, budget, tick); err != nil {
		return answer, err
	}
	for len(m.legs) > 0 && !m.done() {
		if err := ctx.Err(); err != nil {
			return answer, err
		}
		if err := m.step(tick, yield); err != nil {
			return answer, err
		}
	}
	answer.More, answer.Complete = m.more, !m.more && !m.unknown
	return answer, nil
}

func firstOf(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

func (m *merge) start(ctx context.Context, snap *pebble.Snapshot, budget int, tick func() error) error {
	for i := range m.q.Filters {
		if m.left[i].spent() {
			m.unknown = true
			continue
		}
		m.giving++
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := legs(snap, &m.q.Filters[i], i, budget, func(l *leg) { m.opens = append(m.opens, l) }); err != nil {
			return err
		}
	}
	for _, l := range m.opens {
		ok, err := l.first(tick)
		if err != nil {
			return err
		}
		if ok {
			m.legs = append(m.legs, l)
		}
	}
	heap.Init(&m.legs)
	return nil
}

// step takes the newest event that any leg stands on, offers it to every filter that one of those legs belongs to, and
// moves them on.
func (m *merge) step(tick func() error, yield func(Item) error) error {
	cur := m.legs[0].cur
	item, err := m.read(cur)
	if err != nil {
		return err
	}
	matched, beyond := false, false
	for asked := -1; len(m.legs) > 0 && m.legs[0].cur == cur; {
		l := m.legs[0]
		if q := &m.left[l.filter]; q.n == 0 && q.ties > 0 && cur.createdAt() != q.last {
			q.ties = 0
			m.giving--
		}
		// Legs of one filter on the same event follow one another in the heap: it counts once.
		if item.Head != nil && l.filter != asked {
			asked = l.filter
			if m.q.Filters[l.filter].Matches(item.Head) {
				given := m.give(l.filter, item.Head.CreatedAt)
				matched, beyond = matched || given, beyond || !given
			}
		}
		stays := false
		if m.goesOn(l) {
			if stays, err = l.next(tick); err != nil {
				return err
			}
		}
		if stays {
			heap.Fix(&m.legs, 0)
		} else {
			heap.Pop(&m.legs)
		}
	}
	if matched {
		return yield(item)
	}
	m.more = m.more || beyond
	return nil
}

// give counts a match of a filter, and reports whether it may give it.
func (m *merge) give(filter int, createdAt int64) bool {
	q := &m.left[filter]
	given := q.give(createdAt)
	if given && q.spent() {
		m.giving--
	}
	return given
}

// done reports whether there is nothing left to find.
func (m *merge) done() bool { return m.giving == 0 && (m.more || m.unknown) }

// maxProbes is how many keys are looked at to tell whether there is more than a limit allows.
const maxProbes = 8

// goesOn reports whether a leg has anything to look for. After its filter's last match it goes on only to see whether
// there is another one, where it is likely to stand on it next. That it gave up must not tell of mail that the asker may
// not see, so that it does not even try where there may be some.
func (m *merge) goesOn(l *leg) bool {
	switch {
	case !m.left[l.filter].spent():
		return true
	case m.more:
		return false
	case m.probes < maxProbes && l.exact() && !mayBePrivate(&m.q.Filters[l.filter]):
		m.probes++
		return true
	}
	m.unknown = true
	return false
}

func mayBePrivate(f *nostr.Filter) bool {
	return f.Kinds == nil || slices.Contains(f.Kinds, nostr.KindGiftWrap)
}

// read returns the event, or an empty Item where it is not to be served: expired, not for this reader, or damaged.
func (m *merge) read(cur suffix) (Item, error) {
	pos := cur.position()
	item, known := m.x.recent.get(pos)
	var err error
	if !known {
		if item, err = m.x.read(pos); err == nil && m.bounded {
			m.x.recent.put(item)
		}
	}
	if err == nil && makeSuffix(item.Head.CreatedAt, item.Head.ID, pos) != cur {
		err = eventlog.ErrCorrupt
	}
	if errors.Is(err, ErrGone) {
		return Item{}, nil
	}
	if errors.Is(err, eventlog.ErrCorrupt) || errors.Is(err, eventlog.ErrNotFound) {
		m.x.cfg.Logger.Error("a stored event cannot be read", "position", pos, "error", err)
		return Item{}, nil
	}
	if err != nil {
		return Item{}, err
	}
	if at, ok := item.Head.Expiration(); ok && at <= m.q.Now {
		return Item{}, nil
	}
	if m.q.Visible != nil && !m.q.Visible(item.Head) {
		return Item{}, nil
	}
	return item, nil
}

// legHeap has the leg on the newest event on top, and of those on the same event the one of the first filter.
type legHeap []*leg

func (h legHeap) Len() int { return len(h) }
func (h legHeap) Less(i, j int) bool {
	if c := bytes.Compare(h[i].cur[:], h[j].cur[:]); c != 0 {
		return c < 0
	}
	return h[i].filter < h[j].filter
}
func (h legHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *legHeap) Push(l any)   { *h = append(*h, l.(*leg)) }
func (h *legHeap) Pop() any {
	old := *h
	l := old[len(old)-1]
	*h = old[:len(old)-1]
	return l
}
