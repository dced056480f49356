package index

import (
	"bytes"
	"container/heap"
	"context"
	"errors"

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
	MaxLimit int                     // bound on each filter's limit; 0: none
}

// Query calls yield for each match, newest first, ties by lowest id, each event once; each filter gives at most its
// limit. Queries share what they may hold open, so yield must not wait for a person, nor query again. It returns the position up to which the log was taken in when it began: live events before it were in sight.
func (x *Index) Query(ctx context.Context, q Query, yield func(Item) error) (eventlog.Position, error) {
	m := merge{x: x, q: &q, left: make([]int, len(q.Filters))}
	for i, f := range q.Filters {
		m.left[i] = f.Limit
		if q.MaxLimit > 0 && (f.Limit < 0 || f.Limit > q.MaxLimit) {
			m.left[i] = q.MaxLimit
		}
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

// JSON returns the wire form of an event that a query has found, whatever became of it since.
func (x *Index) JSON(pos eventlog.Position) ([]byte, error) {
	r, err := x.cfg.Log.Read(pos)
	return r.JSON, err
}

func (x *Index) unlimited(ctx context.Context, q Query, yield func(Item) error) (eventlog.Position, error) {
	if err := x.scanning.Acquire(ctx, 1); err != nil {
		return 0, err
	}
	defer x.scanning.Release(1)
	m := merge{x: x, q: &q, left: make([]int, len(q.Filters))}
	for i := range m.left {
		m.left[i] = -1
	}
	return m.run(ctx, yield)
}

// merge walks the legs of all filters at once, in order.
type merge struct {
	x     *Index
	q     *Query
	left  []int // for each filter, how many more it may give; negative: any number
	legs  legHeap
	opens []*leg
	ticks int
}

func (m *merge) run(ctx context.Context, yield func(Item) error) (at eventlog.Position, err error) {
	for i := range m.q.Filters {
		if m.q.Filters[i].Search != "" {
			return 0, ErrSearch
		}
	}
	if err := m.x.enter(); err != nil {
		return 0, err
	}
	defer m.x.users.Done()
	budget, count := max(1, m.x.maxLegs/max(1, len(m.q.Filters))), int64(0)
	for i := range m.q.Filters {
		count += int64(legCount(&m.q.Filters[i], budget))
	}
	if err := m.x.walking.Acquire(ctx, count); err != nil {
		return 0, err
	}
	defer m.x.walking.Release(count)
	snap := m.x.db.NewSnapshot()
	defer func() {
		for _, l := range m.opens {
			err = firstOf(err, l.close())
		}
		err = firstOf(err, snap.Close())
	}()
	if at, err = m.x.watermark(snap); err != nil {
		return 0, err
	}
	tick := func() error {
		if m.ticks++; m.ticks%256 == 0 {
			return ctx.Err()
		}
		return nil
	}
	if err := m.open(ctx, snap, budget, tick); err != nil {
		return 0, err
	}
	for len(m.legs) > 0 {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := m.step(tick, yield); err != nil {
			return 0, err
		}
	}
	return at, nil
}

func firstOf(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

func (m *merge) open(ctx context.Context, snap *pebble.Snapshot, budget int, tick func() error) error {
	for i := range m.q.Filters {
		if m.left[i] == 0 {
			continue
		}
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
	matched := false
	for asked := -1; len(m.legs) > 0 && m.legs[0].cur == cur; {
		l := m.legs[0]
		// Legs of one filter on the same event follow one another in the heap: it counts once.
		if item.Head != nil && m.left[l.filter] != 0 && l.filter != asked {
			asked = l.filter
			if m.q.Filters[l.filter].Matches(item.Head) {
				matched = true
				m.left[l.filter]--
			}
		}
		more := false
		if m.left[l.filter] != 0 {
			if more, err = l.next(tick); err != nil {
				return err
			}
		}
		if more {
			heap.Fix(&m.legs, 0)
		} else {
			heap.Pop(&m.legs)
		}
	}
	if !matched {
		return nil
	}
	return yield(item)
}

// read returns the event, or an empty Item where it is not to be served: expired, not for this reader, or damaged.
func (m *merge) read(cur suffix) (Item, error) {
	pos := cur.position()
	item, err := m.x.read(pos)
	if err == nil && makeSuffix(item.Head.CreatedAt, item.Head.ID, pos) != cur {
		err = eventlog.ErrCorrupt
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
