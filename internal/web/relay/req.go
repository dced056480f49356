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
	id   string
	size int // bytes of its message, which the filters hold on to
	live *hub.Subscription

	mu      sync.Mutex // guards what follows
	stored  bool       // stored events are out: live ones go straight to the queue
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
	if len(c.subs) >= c.relay.cfg.Limits.Subs {
		c.closed(m.SubID, fmt.Sprintf("blocked: a connection may have %d subscriptions", c.relay.cfg.Limits.Subs))
		return
	}
	if c.filters+size > c.filterRoom() {
		c.closed(m.SubID, "blocked: your subscriptions' filters are too long")
		return
	}
	s := &subscription{conn: c, id: m.SubID, size: size}
	c.filters += size
	c.relay.filters.Add(int64(size))
	s.live = c.relay.cfg.Hub.Subscribe(m.Filters, c.mayRead, s.deliver)
	c.subs[m.SubID] = s

	began := time.Now()
	pos, later, err := c.query(m)
	c.relay.stats.queries.UpdateDuration(began)
	if err == nil {
		err = c.sendStored(m.SubID, later)
	}
	if err == nil {
		c.send(func(dst []byte) []byte { return nostr.AppendEOSE(dst, m.SubID) })
		err = s.catchUp(pos)
	}
	if err != nil {
		c.endSub(m.SubID)
		c.closed(m.SubID, c.failure("REQ", err))
	}
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
	if !c.rates.queries.Allow() || !c.addr.queries.Allow() {
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

// query sends what the client may read of what it asks for, as long as there is room for it. Where the rest stands it
// returns: a client that reads slowly must not hold what the query holds open.
func (c *conn) query(m nostr.ReqMsg) (end eventlog.Position, later []eventlog.Position, err error) {
	leave, err := c.beginQuery()
	if err != nil {
		return 0, nil, err
	}
	defer leave()
	ctx, cancel := context.WithTimeoutCause(c.ctx, queryTime, errSlow)
	defer cancel()
	found, filters, err := c.search(ctx, m.Filters)
	if err != nil {
		return 0, nil, cause(ctx, err)
	}
	q := index.Query{
		Filters: filters, Now: c.relay.cfg.Now().Unix(), Visible: c.mayRead, MaxLimit: c.relay.cfg.Limits.Results,
	}
	later = found
	answer, err := c.relay.cfg.Index.Query(ctx, q, func(item index.Item) error {
		if slices.Contains(found, item.Pos) {
			return nil
		}
		if later != nil || !c.out.trySend(eventMessage(m.SubID, item.JSON)) {
			later = append(later, item.Pos)
		}
		return nil
	})
	return answer.End, later, cause(ctx, err)
}

// cause says why ctx has ended, where that is the reason for an error.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// sendStored sends events that a query has found.
func (c *conn) sendStored(subID string, positions []eventlog.Position) error {
	for _, at := range positions {
		json, err := c.relay.cfg.Index.JSON(at)
		if err != nil {
			return err
		}
		if err := c.sendEvent(subID, json); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) sendEvent(subID string, json []byte) error {
	if !c.send(eventMessage(subID, json)) {
		return errStopped
	}
	return nil
}

func eventMessage(subID string, json []byte) func(dst []byte) []byte {
	return func(dst []byte) []byte { return nostr.AppendEvent(dst, subID, json) }
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
	for _, d := range ds {
		s.take(d)
	}
}

// take sends or keeps one. Call with mu held.
func (s *subscription) take(d *hub.Live) {
	if s.stored {
		queued, slow := s.conn.out.offer(eventMessage(s.id, d.Event.JSON()))
		if queued {
			s.conn.relay.stats.deliveries.Inc()
		}
		if slow {
			s.conn.relay.stats.dropped.Inc()
		}
		return
	}
	if s.flooded {
		return
	}
	s.early, s.bytes = append(s.early, d), s.bytes+len(d.Event.JSON())
	if s.bytes > s.conn.relay.cfg.Limits.Queue {
		s.early, s.flooded = nil, true
	}
}

// catchUp sends the live events that came while stored ones were sent, except those that the query had seen.
func (s *subscription) catchUp(seen eventlog.Position) error {
	for {
		s.mu.Lock()
		if s.flooded {
			s.mu.Unlock()
			return errFlooded
		}
		early := s.early
		s.early, s.bytes = nil, 0
		if len(early) == 0 {
			s.stored = true
			s.mu.Unlock()
			return nil
		}
		s.mu.Unlock()
		for _, d := range early {
			if d.Pos < seen {
				continue
			}
			if err := s.conn.sendEvent(s.id, d.Event.JSON()); err != nil {
				return err
			}
			s.conn.relay.stats.deliveries.Inc()
		}
	}
}
