package relay

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gobwas/ws"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"madang/internal/nostr"
	"madang/internal/policy"
)

// conn is one client's connection. Its reader runs in serve, and answers queries itself: a client has one query at a
// time, and waits for it to be written. The writer is outbox.run.
type conn struct {
	relay     *Relay
	addr      *address
	rates     buckets
	host      string // what the client calls this node
	challenge string // NIP-42
	keys      atomic.Pointer[[]nostr.PubKey]

	ctx    context.Context // ends with the connection
	cancel context.CancelFunc
	ready  chan struct{} // closed when net and out may be used by others
	net    *patientConn
	out    *outbox

	// What follows is the reader's.
	subs    map[string]*subscription
	filters int // bytes of the messages that opened them
	negs    map[string]*reconciliation
	events  *semaphore.Weighted // of waitingBytes: events that wait for their answer; nil until the first
	strikes int                 // malformed messages in a row

	patience *rate.Limiter // for messages beyond the rate; nil until the first
}

func newConn(r *Relay, addr *address, host string) *conn {
	c := &conn{
		relay: r, addr: addr, rates: newBuckets(r.cfg.Limits.Conn), host: host, challenge: rand.Text(),
		ready: make(chan struct{}),
		subs:  make(map[string]*subscription), negs: make(map[string]*reconciliation),
	}
	c.keys.Store(new([]nostr.PubKey))
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// serve speaks with the client until either has had enough. It returns when all that it started has ended.
func (c *conn) serve(nc net.Conn, early []byte) {
	defer nc.Close()
	defer c.cancel()
	c.net = &patientConn{Conn: nc}
	c.out = newOutbox(c.relay.cfg.Limits, &c.relay.queued, c.net.hurry)
	close(c.ready)

	var writer sync.WaitGroup
	writer.Go(func() {
		if c.out.run(c.net) != nil {
			nc.Close() // so that the reader ends, too
		} else if half, ok := nc.(interface{ CloseWrite() error }); ok {
			half.CloseWrite()
		}
		c.out.stop()
	})
	c.send(func(dst []byte) []byte { return nostr.AppendAuth(dst, c.challenge) })

	r := bufio.NewReader(io.MultiReader(bytes.NewReader(bytes.Clone(early)), &pacedReader{
		r: c.net, ctx: c.ctx, buckets: []*rate.Limiter{c.rates.bytes, c.addr.bytes},
	}))
	err := c.read(r)
	c.cancel()
	for id := range c.subs {
		c.endSub(id)
	}
	for _, n := range c.negs {
		n.free()
	}
	c.settle()

	var closing *closeError
	switch {
	case errors.As(err, &closing):
		c.out.finish(closing.code, closing.reason)
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.out.finish(ws.StatusGoingAway, "nothing heard from you")
	case !errors.Is(err, errGone):
		c.out.stop()
	}
	// Whatever the client still sends is taken in and thrown away: closing with unread bytes would make the system
	// reset the connection, and the last frames would be lost.
	if errors.As(err, &closing) {
		io.Copy(io.Discard, r)
	}
	writer.Wait()
}

// read takes messages until the connection ends.
func (c *conn) read(r *bufio.Reader) error {
	frames := frameReader{
		r:     r,
		limit: c.relay.cfg.Limits.Frame,
		pong:  func(payload []byte) { c.out.control(ws.OpPong, payload) },
		bye:   c.out.finish,
	}
	for {
		frame, err := frames.next()
		if err != nil {
			return err
		}
		if c.out.finished() {
			continue // until the client's farewell, or the end of its patience
		}
		m, err := nostr.DecodeClientMessage(frame)
		if !c.mayTalk() {
			if err := c.slowDown(m, err); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			c.refuse(err)
			if c.strikes++; c.strikes == maxStrikes {
				return &closeError{ws.StatusPolicyViolation, "too many malformed messages"}
			}
			continue
		}
		c.strikes = 0
		c.handle(m, len(frame), r.Buffered() > 0)
	}
}

// handle takes a message of size bytes; more says that the client has sent more already.
func (c *conn) handle(m nostr.ClientMessage, size int, more bool) {
	switch m := m.(type) {
	case nostr.EventMsg:
		c.event(m.Event, size, more)
	case nostr.ReqMsg:
		c.req(m, size)
	case nostr.CloseMsg:
		c.close(m)
	case nostr.AuthMsg:
		c.auth(m.Event)
	case nostr.CountMsg:
		c.count(m)
	case nostr.NegOpenMsg:
		c.negOpen(m)
	case nostr.NegMsgMsg:
		c.negMsg(m)
	case nostr.NegCloseMsg:
		c.negClose(m)
	}
}

// refuse answers a malformed message in the form that fits what it was.
func (c *conn) refuse(err error) {
	text := err.Error()
	if !strings.HasPrefix(text, "invalid: ") {
		text = "invalid: " + text
	}
	var m *nostr.MessageError
	errors.As(err, &m)
	switch {
	case m == nil:
		c.notice(text)
	case (m.Label == "EVENT" || m.Label == "AUTH") && m.ID != "":
		c.ok(m.ID, false, text)
	case (m.Label == "REQ" || m.Label == "COUNT") && m.SubID != "":
		if m.Label == "REQ" {
			c.endSub(m.SubID) // to the client, CLOSED is the end of the one before, too
		}
		c.closed(m.SubID, text)
	case strings.HasPrefix(m.Label, "NEG-") && m.SubID != "":
		c.negErr(m.SubID, text)
	default:
		c.notice(text)
	}
}

// mayRead is what decides whether the client may have an event, whatever it asked and whenever.
func (c *conn) mayRead(e *nostr.Event) bool {
	return c.relay.cfg.Policy.MayRead(e, *c.keys.Load())
}

// isMember reports whether the client has proved to be a member.
func (c *conn) isMember() bool {
	for _, pk := range *c.keys.Load() {
		if c.relay.cfg.Policy.Role(pk) >= policy.Member {
			return true
		}
	}
	return false
}

// hangUp says farewell from outside the reader.
func (c *conn) hangUp(code ws.StatusCode, reason string) {
	select {
	case <-c.ready:
		c.out.finish(code, reason)
	default: // in the handshake, which has its own bound; the reader sees the relay's end at once
	}
}

// cut ends the connection without farewell.
func (c *conn) cut() {
	select {
	case <-c.ready:
		c.cancel()
		c.net.Close()
	default:
	}
}

func (c *conn) send(message func(dst []byte) []byte) bool { return c.out.send(message) }

func (c *conn) ok(id string, accepted bool, text string) {
	c.send(func(dst []byte) []byte { return nostr.AppendOK(dst, id, accepted, text) })
}

func (c *conn) closed(subID, text string) {
	c.send(func(dst []byte) []byte { return nostr.AppendClosed(dst, subID, text) })
}

func (c *conn) negErr(subID, text string) {
	c.send(func(dst []byte) []byte { return nostr.AppendNegErr(dst, subID, text) })
}

func (c *conn) notice(text string) {
	c.send(func(dst []byte) []byte { return nostr.AppendNotice(dst, text) })
}
