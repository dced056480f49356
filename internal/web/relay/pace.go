package relay

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"golang.org/x/time/rate"

	"madang/internal/nostr"
)

const (
	tooFast = "rate-limited: too many messages, wait a moment"

	authorsKept = 10_000          // in each half of authors: some 2 MB
	authorTime  = 5 * time.Minute // after which an author who wrote nothing more is forgotten, or after twice that
)

// mayTalk takes a token for one more message of any type.
func (c *conn) mayTalk() bool {
	return c.relay.stats.within(limitMessages, c.rates.messages.Allow() && c.addr.messages.Allow())
}

// mayQuery takes a token for one more query.
func (c *conn) mayQuery() bool {
	return c.relay.stats.within(limitQueries, c.rates.queries.Allow() && c.addr.queries.Allow())
}

// slowDown refuses a message that came too soon, in the form that fits it; err is what was wrong with it otherwise. A
// client that goes on all the same gets no more answers.
func (c *conn) slowDown(m nostr.ClientMessage, err error) error {
	if c.patience == nil {
		c.patience = c.relay.cfg.Limits.Conn.Messages.limiter()
	}
	if !c.patience.Allow() {
		return &closeError{ws.StatusPolicyViolation, tooFast}
	}
	switch m := m.(type) {
	case nostr.EventMsg:
		c.ok(m.Event.ID.String(), false, tooFast)
	case nostr.AuthMsg:
		c.ok(m.Event.ID.String(), false, tooFast)
	case nostr.ReqMsg:
		c.endSub(m.SubID)
		c.closed(m.SubID, tooFast)
	case nostr.CountMsg:
		c.closed(m.SubID, tooFast)
	case nostr.NegOpenMsg:
		c.endNeg(m.SubID)
		c.negErr(m.SubID, tooFast)
	case nostr.NegMsgMsg:
		c.endNeg(m.SubID)
		c.negErr(m.SubID, tooFast)
	case nostr.CloseMsg: // it makes less work, not more
		c.close(m)
	case nostr.NegCloseMsg:
		c.negClose(m)
	default:
		c.notice(tooFast + " (" + err.Error() + ")")
	}
	return nil
}

// pace reads no faster than its buckets allow. The client feels it as it feels a slow network.
type pace struct {
	ctx     context.Context // ends the waiting
	buckets [2]*rate.Limiter
	stats   *stats
}

// wait takes as long as n bytes may.
func (p pace) wait(n int) {
	p.stats.received.Add(n)
	for _, bucket := range p.buckets {
		for left := n; left > 0 && bucket.Limit() != rate.Inf; left -= bucket.Burst() {
			some := min(left, bucket.Burst())
			if p.stats.within(limitBytes, bucket.AllowN(time.Now(), some)) {
				continue
			}
			if bucket.WaitN(p.ctx, some) != nil {
				return // the connection has ended: the next read says so
			}
		}
	}
}

// crowded is what a message may have while Limits.Unfinished is used up.
const crowded = 8 << 10

// hold counts n bytes more of a message that is not whole yet and has so many then. It reports whether there is room.
func (r *Relay) hold(n, of int) bool {
	all := r.unfinished.Add(int64(n))
	if n < 0 || of <= crowded || all <= int64(r.cfg.Limits.Unfinished) {
		return true
	}
	return r.stats.within(limitUnfinished, false)
}

var errBusy = errors.New("too many queries at once from your address")

// beginQuery counts one more query that reads the store, unless the address has too many; end counts it off.
func (c *conn) beginQuery() (end func(), err error) {
	most := c.relay.cfg.Limits.AddrQueries
	if c.addr.all == nil || most == 0 {
		return func() {}, nil
	}
	if !c.relay.stats.within(limitQueriesAtOnce, c.addr.asking.Add(1) <= int32(most)) {
		c.addr.asking.Add(-1)
		return nil, errBusy
	}
	return func() { c.addr.asking.Add(-1) }, nil
}

// authors bounds how many events of one key are accepted, whatever connections bring them. Only accepted ones count:
// whoever forges an author takes nothing from them. It knows at most twice authorsKept keys, those that wrote last, in
// memory only.
type authors struct {
	rate Rate

	mu           sync.Mutex // guards what follows
	newer, older map[nostr.PubKey]*rate.Limiter
	began        time.Time // of newer
}

// mayWrite reports whether the key has written less than it may.
func (a *authors) mayWrite(pk nostr.PubKey) bool {
	if a.rate == (Rate{}) {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	bucket := a.newer[pk]
	if bucket == nil {
		bucket = a.older[pk]
	}
	return bucket == nil || bucket.Tokens() >= 1
}

// wrote counts an accepted event.
func (a *authors) wrote(pk nostr.PubKey, now time.Time) {
	if a.rate == (Rate{}) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.newer == nil || len(a.newer) >= authorsKept || now.Sub(a.began).Abs() > authorTime {
		a.older, a.newer, a.began = a.newer, make(map[nostr.PubKey]*rate.Limiter), now
	}
	bucket := a.newer[pk]
	if bucket == nil {
		if bucket = a.older[pk]; bucket == nil {
			bucket = a.rate.limiter()
		}
		a.newer[pk] = bucket
		delete(a.older, pk)
	}
	bucket.AllowN(now, 1)
}
