package relay

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"madang/internal/ingest"
	"madang/internal/nostr"
	"madang/internal/policy"
)

// A client may send many events without waiting for each OK, and ask on: those of all clients that wait are verified
// and committed together.
const (
	waitingEvents = 64
	waitingBytes  = 1 << 20 // about
)

// event takes an EVENT (NIP-01) of size bytes, which the event holds on to. more says that the client has sent more
// already; else it is likely to wait for its OK, and the reader may bring the event in with its own hand.
func (c *conn) event(e *nostr.Event, size int, more bool) {
	if !c.mayBring(e, size) {
		const text = "rate-limited: too many events, wait a moment"
		c.relay.stats.event(false, text)
		c.ok(e.ID.String(), false, text)
		return
	}
	switch {
	case e.Kind == nostr.KindJoin && c.relay.cfg.Join != nil:
		c.requested(e, c.relay.cfg.Join)
		return
	case e.Kind == nostr.KindLeave && c.relay.cfg.Leave != nil:
		c.requested(e, c.leave)
		return
	}
	if c.events == nil {
		c.events = semaphore.NewWeighted(waitingBytes)
	}
	weight := min(max(int64(size)+roughSize(e), waitingBytes/waitingEvents), waitingBytes)
	if c.events.Acquire(c.ctx, weight) != nil {
		return
	}
	bring := c.relay.cfg.Ingest.Start
	if !more {
		bring = c.relay.cfg.Ingest.Run
		c.out.cork()
		defer c.out.uncork()
	}
	w := policy.Writer{Road: policy.Live, Keys: *c.keys.Load(), Here: c.isHere, Source: c.source()}
	bring(c.ctx, []*nostr.Event{e}, w, func(results []ingest.Result) { c.brought(e, weight, results[0]) })
}

// brought answers an event of this weight. It never waits: the entrance calls it, and others wait for that.
func (c *conn) brought(e *nostr.Event, weight int64, result ingest.Result) {
	c.relay.stats.event(result.OK, result.Message)
	if result.OK && result.Message == "" && !isWrap(e) {
		c.relay.authors.wrote(e.PubKey, time.Now())
	}
	ok := func(dst []byte) []byte { return nostr.AppendOK(dst, e.ID.String(), result.OK, result.Message) }
	if c.out.trySend(ok) {
		c.events.Release(weight)
		return
	}
	go func() { // the client does not read: its own next events wait for it
		c.send(ok)
		c.events.Release(weight)
	}()
}

// settle waits until every event has had its answer. It is the reader's, after its last event.
func (c *conn) settle() {
	if c.events != nil {
		// It fails only where its context ends.
		_ = c.events.Acquire(context.Background(), waitingBytes)
	}
}

// source is what bad signatures are held against: the address, or the connection where a proxy hides that.
func (c *conn) source() any {
	if c.addr.key.IsValid() {
		return c.addr.key
	}
	return c.challenge
}

// leave takes a request to leave from its author alone: it is protected (NIP-70).
func (c *conn) leave(ctx context.Context, e *nostr.Event) (message string, err error) {
	if !slices.Contains(*c.keys.Load(), e.PubKey) {
		return "", &policy.Error{Prefix: "auth-required", Text: "only you yourself may leave"}
	}
	return c.relay.cfg.Leave(ctx, e)
}

// requested brings a request to join or to leave (NIP-43) to whoever keeps the roster.
func (c *conn) requested(e *nostr.Event, by func(context.Context, *nostr.Event) (message string, err error)) {
	message, err := by(c.ctx, e)
	var refusal *policy.Error
	switch {
	case errors.As(err, &refusal):
		message = refusal.Error()
	case err != nil:
		c.relay.cfg.Logger.Error("a request to join or leave failed", "err", err)
		message = "error: the node could not do this"
	}
	c.relay.stats.event(err == nil, message)
	c.ok(e.ID.String(), err == nil, message)
}

// mayBring takes a token for an event. Gift wraps come under one-time keys (NIP-59), and requests to vanish (NIP-62)
// under any, so that only their rate bounds what strangers bring, and fill the disk with: a large one takes more tokens.
// A connection that a member has authenticated is bound as for other events.
func (c *conn) mayBring(e *nostr.Event, size int) bool {
	if (isWrap(e) || e.Kind == nostr.KindVanish) && !c.isMember() {
		now, tokens := time.Now(), 1+size/wrapToken
		ok := c.rates.wraps.AllowN(now, tokens) && c.addr.wraps.AllowN(now, tokens)
		return c.relay.stats.within(limitLetters, ok)
	}
	return c.relay.stats.within(limitEvents, c.rates.events.Allow() && c.addr.events.Allow()) &&
		c.relay.stats.within(limitAuthor, c.relay.authors.mayWrite(e.PubKey))
}

func isWrap(e *nostr.Event) bool {
	return e.Kind == nostr.KindGiftWrap || e.Kind == nostr.KindEphemeralWrap
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
