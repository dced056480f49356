package relay

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"madang/internal/nostr"
	"madang/internal/policy"
)

// A client may send many events without waiting for each OK; those that wait are verified and committed together.
const (
	waitingEvents = 64
	waitingBytes  = 1 << 20 // about
)

// submitter brings one connection's events in, in order, while the reader reads on. The nil submitter has none.
type submitter struct {
	waiting chan waitingEvent
	bytes   *semaphore.Weighted
	ended   sync.WaitGroup
}

type waitingEvent struct {
	event *nostr.Event
	size  int64
}

// event takes an EVENT (NIP-01) of size bytes, which the event holds on to.
func (c *conn) event(e *nostr.Event, size int) {
	if !c.mayBring(e, size) {
		const text = "rate-limited: too many events, wait a moment"
		c.relay.stats.event(false, text)
		c.ok(e.ID.String(), false, text)
		return
	}
	if e.Kind == nostr.KindJoin && c.relay.cfg.Join != nil {
		c.join(e)
		return
	}
	if c.events == nil {
		c.events = &submitter{
			waiting: make(chan waitingEvent, waitingEvents),
			bytes:   semaphore.NewWeighted(waitingBytes),
		}
		c.events.ended.Go(func() { c.submit(c.events) })
	}
	w := waitingEvent{event: e, size: min(int64(size)+roughSize(e), waitingBytes)}
	if c.events.bytes.Acquire(c.ctx, w.size) != nil {
		return
	}
	c.events.waiting <- w
}

// join brings a request to join (NIP-43) to whoever admits members.
func (c *conn) join(e *nostr.Event) {
	message, err := c.relay.cfg.Join(c.ctx, e)
	var refusal *policy.Error
	switch {
	case errors.As(err, &refusal):
		message = refusal.Error()
	case err != nil:
		c.relay.cfg.Logger.Error("a request to join failed", "err", err)
		message = "error: the node could not admit you"
	}
	c.relay.stats.event(err == nil, message)
	c.ok(e.ID.String(), err == nil, message)
}

// mayBring takes a token for an event. Gift wraps come under one-time keys (NIP-59), so that only their rate bounds
// what strangers bring, and fill the disk with: a large one takes more tokens. A connection that a member has
// authenticated is bound as for other events.
func (c *conn) mayBring(e *nostr.Event, size int) bool {
	if isWrap(e) && !c.isMember() {
		now, tokens := time.Now(), 1+size/wrapToken
		return c.rates.wraps.AllowN(now, tokens) && c.addr.wraps.AllowN(now, tokens)
	}
	return c.rates.events.Allow() && c.addr.events.Allow() && c.relay.authors.mayWrite(e.PubKey)
}

func isWrap(e *nostr.Event) bool {
	return e.Kind == nostr.KindGiftWrap || e.Kind == nostr.KindEphemeralWrap
}

// submit runs until the connection ends.
func (c *conn) submit(s *submitter) {
	for first := range s.waiting {
		batch, size := []*nostr.Event{first.event}, first.size
	more:
		for len(batch) < waitingEvents {
			select {
			case w, ok := <-s.waiting:
				if !ok {
					break more
				}
				batch, size = append(batch, w.event), size+w.size
			default:
				break more
			}
		}
		c.bring(batch)
		s.bytes.Release(size)
	}
}

func (c *conn) bring(batch []*nostr.Event) {
	// A commit that has begun is not called off with the connection; what waited behind it is.
	if c.ctx.Err() != nil {
		return
	}
	w := policy.Writer{Road: policy.Live, Keys: *c.keys.Load()}
	for i, result := range c.relay.cfg.Ingest.SubmitMany(context.WithoutCancel(c.ctx), batch, w) {
		c.relay.stats.event(result.OK, result.Message)
		if result.OK && result.Message == "" && !isWrap(batch[i]) {
			c.relay.authors.wrote(batch[i].PubKey, time.Now())
		}
		c.ok(batch[i].ID.String(), result.OK, result.Message)
	}
}

// wait ends the submitter. Only the reader may call it, as only the reader sends to it.
func (s *submitter) wait() {
	if s != nil {
		close(s.waiting)
		s.ended.Wait()
	}
}

// roughSize is about how many bytes of memory the event takes beside its text.
func roughSize(e *nostr.Event) int64 {
	n := 200
	for _, t := range e.Tags {
		n += 24 + 16*len(t)
	}
	return int64(n)
}

// prefix returns the machine-readable word of an OK or CLOSED message.
func prefix(message string) string {
	word, _, ok := strings.Cut(message, ":")
	if !ok || len(word) > 20 {
		return "error"
	}
	return word
}
