package relay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"madang/internal/eventlog"
	"madang/internal/hub"
	"madang/internal/index"
	"madang/internal/nostr"
)

// subscription is one REQ. While stored events are being sent, live ones wait in early.
type subscription struct {
	conn *conn
	id   string
	live *hub.Subscription

	mu      sync.Mutex // guards what follows
	stored  bool       // stored events are out: live ones go straight to the queue
	early   []hub.Delivery
	bytes   int  // in early
	flooded bool // early got too long
}

// req answers stored events, then EOSE, then live events until CLOSE (NIP-01).
func (c *conn) req(m nostr.ReqMsg) {
	if old := c.subs[m.SubID]; old != nil { // replaced, whatever becomes of the new one
		old.live.Cancel()
		delete(c.subs, m.SubID)
	}
	if refusal := c.mayAsk(m.Filters); refusal != "" {
		c.closed(m.SubID, refusal)
		return
	}
	if len(c.subs) >= c.relay.cfg.Limits.Subs {
		c.closed(m.SubID, fmt.Sprintf("blocked: a connection may have %d subscriptions", c.relay.cfg.Limits.Subs))
		return
	}
	s := &subscription{conn: c, id: m.SubID}
	s.live = c.relay.cfg.Hub.Subscribe(m.Filters, c.mayRead, s.deliver)
	c.subs[m.SubID] = s

	began := time.Now()
	pos, err := c.query(m.Filters, c.relay.cfg.Limits.Results, func(item index.Item) bool {
		return c.send(func(dst []byte) []byte { return nostr.AppendEvent(dst, m.SubID, item.JSON) })
	})
	c.relay.stats.queries.UpdateDuration(began)
	if err == nil {
		c.send(func(dst []byte) []byte { return nostr.AppendEOSE(dst, m.SubID) })
		err = s.catchUp(pos)
	}
	if err != nil {
		s.live.Cancel()
		delete(c.subs, m.SubID)
		c.closed(m.SubID, c.failure("REQ", err))
	}
}

// close takes a CLOSE (NIP-01).
func (c *conn) close(m nostr.CloseMsg) {
	if s := c.subs[m.SubID]; s != nil {
		s.live.Cancel()
		delete(c.subs, m.SubID)
	}
}

// mayAsk refuses, in NIP-01's words, a query that comes too soon, or that can find nothing without authentication.
func (c *conn) mayAsk(filters []nostr.Filter) (refusal string) {
	if !c.rates.queries.Allow() || !c.addr.queries.Allow() {
		return "rate-limited: too many queries, wait a moment"
	}
	for _, f := range filters {
		if f.Search != "" {
			return "unsupported: this relay has no search (NIP-50)"
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

// query runs one query over what the client may read; found returns false to end it. limit bounds each filter's
// results (0: no bound). Time counts from one result to the next, so that a slow link does not count.
func (c *conn) query(filters []nostr.Filter, limit int, found func(index.Item) bool) (eventlog.Position, error) {
	ctx, cancel := context.WithTimeoutCause(c.ctx, queryTime, errSlow)
	defer cancel()
	ctx, expire := context.WithCancelCause(ctx)
	defer expire(nil)
	timer := time.AfterFunc(scanTime, func() { expire(errSlow) })
	defer timer.Stop()

	q := index.Query{Filters: filters, Now: c.relay.cfg.Now().Unix(), Visible: c.mayRead, MaxLimit: limit}
	pos, err := c.relay.cfg.Index.Query(ctx, q, func(item index.Item) error {
		timer.Stop()
		if !found(item) {
			return errStopped
		}
		timer.Reset(scanTime)
		return nil
	})
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return pos, err
}

// failure turns an error into a CLOSED or NEG-ERR message, and logs what is the node's own fault.
func (c *conn) failure(what string, err error) string {
	switch {
	case errors.Is(err, errSlow), errors.Is(err, errFlooded):
		return "error: " + err.Error()
	case c.ctx.Err() == nil && !errors.Is(err, errStopped):
		c.relay.cfg.Logger.Error("query failed", "message", what, "err", err)
	}
	return "error: could not read the store"
}

// deliver is the hub's: it never waits.
func (s *subscription) deliver(d hub.Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stored {
		queued, slow := s.conn.out.offer(func(dst []byte) []byte {
			return nostr.AppendEvent(dst, s.id, d.Event.JSON())
		})
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
			if !s.conn.send(func(dst []byte) []byte { return nostr.AppendEvent(dst, s.id, d.Event.JSON()) }) {
				return errStopped
			}
			s.conn.relay.stats.deliveries.Inc()
		}
	}
}
