package relay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"madang/internal/eventlog"
	"madang/internal/hub"
	"madang/internal/index"
	"madang/internal/nostr"
	"madang/internal/search"
)

// subscription is one REQ. While stored events are being sent, live ones wait in early.
type subscription struct {
	conn *conn
	head []byte // of its EVENT messages
	size int    // about how many bytes its filters take: its message, which they hold on to, and what the hub needs
	live *hub.Subscription

	mu      sync.Mutex // guards what follows
	isLive  bool       // stored events are out: live ones go straight to the queue
	early   []*hub.Live
	bytes   int  // in early
	flooded bool // early got too long
}

// req takes a REQ of size bytes. It answers stored events, then EOSE, then live events until CLOSE (NIP-01).
func (c *conn) req(m nostr.ReqMsg, size int) {
	c.endSub(m.SubID) // one of the same name is replaced, whatever becomes of the new one
	if refusal := c.mayAsk(m.Filters); refusal != "" {
		c.closed(m.SubID, refusal)
		return
	}
	if !c.relay.stats.within(limitSubscriptions, len(c.subs) < c.relay.cfg.Limits.Subs) {
		c.closed(m.SubID, fmt.Sprintf("blocked: a connection may have %d subscriptions", c.relay.cfg.Limits.Subs))
		return
	}
	size += hub.FiledBytes * values(m.Filters)
	if !c.relay.stats.within(limitFilters, c.filters+size <= c.filterRoom()) {
		c.closed(m.SubID, "blocked: your subscriptions' filters are too long")
		return
	}
	s := &subscription{conn: c, head: eventHead(m.SubID), size: size}
	c.filters += size
	c.relay.filters.Add(int64(size))
	s.live = c.relay.cfg.Hub.Subscribe(m.Filters, c.mayRead, s.deliver)
	c.subs[m.SubID] = s
	if err := s.answer(m); err != nil {
		c.endSub(m.SubID)
		c.closed(m.SubID, c.failure("REQ", err))
	}
}

// answer sends what is stored, EOSE, and what came in the meantime.
func (s *subscription) answer(m nostr.ReqMsg) error {
	began := time.Now()
	answer, later, err := s.query(m.Filters)
	s.conn.relay.stats.queries[queryREQ].UpdateDuration(began)
	if err != nil {
		return err
	}
	if err := s.sendLater(later); err != nil {
		return err
	}
	if !s.conn.send(func(dst []byte) []byte { return nostr.AppendEOSE(dst, m.SubID, hints(answer)...) }) {
		return errStopped
	}
	return s.catchUp(answer.End)
}

// hints says whether the client has got all there is (NIP-67).
func hints(a index.Answer) []string {
	switch {
	case a.Complete:
		return []string{"finish"}
	case a.More:
		return []string{"more"}
	}
	return nil
}

// values counts what the filters list.
func values(filters []nostr.Filter) (n int) {
	for i := range filters {
		f := &filters[i]
		n += len(f.IDs) + len(f.Authors) + len(f.Kinds)
		for _, t := range f.Tags {
			n += len(t.Values)
		}
	}
	return n
}

// close takes a CLOSE (NIP-01).
func (c *conn) close(m nostr.CloseMsg) { c.endSub(m.SubID) }

func (c *conn) endSub(id string) {
	if s := c.subs[id]; s != nil {
		s.live.Cancel()
		delete(c.subs, id)
		c.filters -= s.size
		c.relay.filters.Add(-int64(s.size))
	}
}

// filterRoom is how many bytes of filters the client may leave here.
func (c *conn) filterRoom() int {
	l := &c.relay.cfg.Limits
	if c.relay.filters.Load() > int64(l.FiltersAll) {
		return l.Filters / 16
	}
	return l.Filters
}

// mayAsk refuses, in NIP-01's words, a query that comes too soon, or that can find nothing without authentication.
func (c *conn) mayAsk(filters []nostr.Filter) (refusal string) {
	if !c.mayQuery() {
		return "rate-limited: too many queries, wait a moment"
	}
	for _, f := range filters {
		if f.Search != "" && c.relay.cfg.Search == nil {
			return noSearch
		}
		for _, kind := range f.Kinds {
			if (kind == nostr.KindGiftWrap || kind == nostr.KindEphemeralWrap) && len(*c.keys.Load()) == 0 {
				return "auth-required: gift wraps are only for those whom they are for"
			}
		}
	}
	return ""
}

var (
	errStopped = errors.New("the connection has ended")
	errSlow    = errors.New("query takes too long")
	errFlooded = errors.New("too many new events while stored ones were sent")
)

// stored is an event that was found and has not been sent yet.
type stored struct {
	pos    eventlog.Position
	sealed bool
}

// query sends what the client may read of what it asks for, as long as there is room for it. Where the rest stands it
// returns: a client that reads slowly must not hold what the query holds open.
func (s *subscription) query(filters []nostr.Filter) (answer index.Answer, later []stored, err error) {
	c := s.conn
	leave, err := c.beginQuery()
	if err != nil {
		return answer, nil, err
	}
	defer leave()
	ctx, cancel := context.WithTimeoutCause(c.ctx, queryTime, errSlow)
	defer cancel()
	found, others, err := c.search(ctx, filters)
	if err != nil {
		return answer, nil, cause(ctx, err)
	}
	for _, pos := range found {
		later = append(later, stored{pos: pos})
	}
	q := index.Query{
		Filters: others, Now: c.relay.cfg.Now().Unix(), Visible: c.mayRead, MaxLimit: c.relay.cfg.Limits.Results,
	}
	answer, err = c.relay.cfg.Index.Query(ctx, q, func(item index.Item) error {
		if slices.Contains(found, item.Pos) {
			return nil
		}
		at := stored{item.Pos, sealed(item.Head.Kind)}
		if later != nil || !c.out.tryEvent(s.frame(at, item.JSON)) {
			later = append(later, at)
		}
		return nil
	})
	if len(others) < len(filters) {
		answer.Complete = false // a search says nothing of what it left out
	}
	return answer, later, cause(ctx, err)
}

// cause says why ctx has ended, where that is the reason for an error.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// sendLater sends events that a query has found.
func (s *subscription) sendLater(events []stored) error {
	for _, at := range events {
		json, err := s.conn.relay.cfg.Index.JSON(at.pos)
		if errors.Is(err, index.ErrGone) {
			continue
		}
		if err != nil {
			return err
		}
		if !s.conn.out.sendEvent(s.frame(at, json)) {
			return errStopped
		}
	}
	return nil
}

// frame is the frame of a stored event.
func (s *subscription) frame(at stored, json []byte) outFrame {
	if s.conn.out.deflate && !at.sealed {
		return outFrame{s.head, s.conn.relay.deflated.stored(at.pos, json)}
	}
	return outFrame{s.head, &outEvent{json: json}}
}

// liveFrame is the frame of a live event.
func (s *subscription) liveFrame(d *hub.Live) outFrame {
	return outFrame{s.head, d.Form(func() any {
		if sealed(d.Event.Event().Kind) {
			return &outEvent{json: d.Event.JSON()}
		}
		return s.conn.relay.deflated.live(d.Pos, d.Event.JSON())
	}).(*outEvent)}
}

// failure turns an error into a CLOSED or NEG-ERR message, and logs what is the node's own fault.
func (c *conn) failure(what string, err error) string {
	switch {
	case errors.Is(err, errSlow), errors.Is(err, errFlooded):
		return "error: " + err.Error()
	case errors.Is(err, search.ErrUnavailable), errors.Is(err, search.ErrSlow):
		return "error: " + err.Error()
	case errors.Is(err, errManySearches):
		return "unsupported: " + err.Error()
	case errors.Is(err, errBusy):
		return "rate-limited: " + err.Error()
	case c.ctx.Err() == nil && !errors.Is(err, errStopped):
		c.relay.cfg.Logger.Error("query failed", "message", what, "err", err)
	}
	return "error: could not read the store"
}

// deliver is the hub's: it never waits.
func (s *subscription) deliver(ds []*hub.Live) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.isLive {
		s.keep(ds)
		return
	}
	queued, slow := s.conn.out.offer(func(yield func(outFrame) bool) {
		for _, d := range ds {
			if !yield(s.liveFrame(d)) {
				return
			}
		}
	})
	s.conn.relay.stats.deliveries.Add(queued)
	if slow {
		s.conn.relay.stats.dropped.Inc()
	}
}

// keep has events wait until the stored ones are out. Call with mu held.
func (s *subscription) keep(ds []*hub.Live) {
	for _, d := range ds {
		if s.flooded {
			return
		}
		s.early, s.bytes = append(s.early, d), s.bytes+len(d.Event.JSON())
		if s.bytes > s.conn.relay.cfg.Limits.Queue {
			s.early, s.flooded = nil, true
		}
	}
}

// catchUp sends the live events that came while stored ones were sent, except those that the query had seen.
func (s *subscription) catchUp(seen eventlog.Position) error {
	defer s.conn.out.flush()
	for {
		s.mu.Lock()
		if s.flooded {
			s.mu.Unlock()
			return errFlooded
		}
		early := s.early
		s.early, s.bytes = nil, 0
		if len(early) == 0 {
			s.isLive = true
			s.mu.Unlock()
			return nil
		}
		s.mu.Unlock()
		for _, d := range early {
			if d.Pos < seen {
				continue
			}
			if !s.conn.out.sendEvent(s.liveFrame(d)) {
				return errStopped
			}
			s.conn.relay.stats.deliveries.Inc()
		}
	}
}
