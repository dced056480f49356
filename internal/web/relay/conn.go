package relay

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"madang/internal/nostr"
	"madang/internal/policy"
)

// conn is one client's connection. One goroutine reads at a time: rest waits for the client on a small stack, and work
// takes its messages and answers queries itself, since a client has one query at a time. Whoever has something to say
// writes it (outbox).
type conn struct {
	relay     *Relay
	addr      *address
	rates     buckets
	host      string // what the client calls this node
	challenge string // NIP-42
	keys      atomic.Pointer[[]nostr.PubKey]

	ctx    context.Context // ends with the connection
	cancel context.CancelFunc
	out    outbox
	socket *socket     // nil until serve
	ping   *time.Timer // likewise
	over   func()      // is told of the end

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
		relay: r, addr: addr, rates: newBuckets(r.cfg.Limits.Conn), host: strings.Clone(host), challenge: rand.Text(),
		subs: make(map[string]*subscription), negs: make(map[string]*reconciliation),
	}
	c.out.init(r.cfg.Limits, &r.queued, &r.flushers)
	c.keys.Store(new([]nostr.PubKey))
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// serve speaks with the client until either has had enough, and then calls over, once all that it started has ended. It
// returns at once. The client has sent early already; deflate: it takes and sends compressed messages.
func (c *conn) serve(nc net.Conn, early []byte, deflate bool, over func()) {
	c.socket = newSocket(nc, pace{c.ctx, [...]*rate.Limiter{c.rates.bytes, c.addr.bytes}, c.relay.stats})
	c.over, c.out.deflate = over, deflate
	c.ping = time.AfterFunc(pingTime, c.sendPing)
	c.out.attach(c.socket)
	c.send(func(dst []byte) []byte { return nostr.AppendAuth(dst, c.challenge) })
	if len(early) > 0 {
		go c.work(c.socket.inboxOf(early))
		return
	}
	go c.rest()
}

// sendPing pings a client that is still there, now and later.
func (c *conn) sendPing() {
	if c.ctx.Err() == nil {
		c.out.control(ws.OpPing, nil)
		c.ping.Reset(pingTime)
	}
}

// rest waits for the client. What it sends is taken by the same goroutine; the next to wait is a new one, whose stack is
// small again.
func (c *conn) rest() {
	in, err := c.socket.rest()
	if err != nil {
		c.end(err, in)
		return
	}
	c.work(in)
}

// work takes the messages that are there.
func (c *conn) work(in *inbox) {
	if err := c.read(in); err != nil {
		c.end(err, in)
		return
	}
	in.free()
	go c.rest()
}

// recover makes an error of a panic, which must not take the node down. The log gets the place, not the message: private
// content may be in it.
func (c *conn) recover(err *error) {
	v := recover()
	if v == nil {
		return
	}
	what := fmt.Sprintf("%T", v)
	if fault, ok := v.(runtime.Error); ok {
		what = fault.Error()
	}
	c.relay.cfg.Logger.Error("a connection panicked", "panic", what, "stack", string(debug.Stack()))
	*err = &closeError{ws.StatusInternalServerError, "something went wrong on the node"}
}

// end ends the connection for the reason that err is.
func (c *conn) end(err error, in *inbox) {
	defer c.over()
	c.ping.Stop()
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
		c.out.cut()
	}
	// Whatever the client still sends is taken in and thrown away: closing with unread bytes would make the system
	// reset the connection, and the last frames would be lost.
	if errors.As(err, &closing) {
		io.Copy(io.Discard, in)
	}
	c.out.rest()
	c.socket.Close()
}

// read takes messages until the connection ends, or, without an error, none is there.
func (c *conn) read(in *inbox) (err error) {
	defer c.recover(&err)
	frames := frameReader{
		r:       in.Reader,
		limit:   c.relay.cfg.Limits.Frame,
		inflate: c.out.deflate,
		pong:    func(payload []byte) { c.out.control(ws.OpPong, payload) },
		bye:     c.out.finish,
		hold:    c.relay.hold,
	}
	for !in.empty() {
		frame, err := frames.next()
		if err != nil {
			return err
		}
		if frame == nil || c.out.finished() {
			continue // until the client's farewell, or the end of its patience
		}
		if err := c.take(frame, !in.empty()); err != nil {
			return err
		}
	}
	return nil
}

// take takes a message; more says that the client has sent more already.
func (c *conn) take(frame []byte, more bool) error {
	m, err := nostr.DecodeClientMessage(frame)
	if !c.mayTalk() {
		return c.slowDown(m, err)
	}
	if err != nil {
		c.refuse(err)
		if c.strikes++; c.strikes == maxStrikes {
			return &closeError{ws.StatusPolicyViolation, "too many malformed messages"}
		}
		return nil
	}
	c.strikes = 0
	c.handle(m, len(frame), more)
	return nil
}

// handle takes a message of size bytes.
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
func (c *conn) hangUp(code ws.StatusCode, reason string) { c.out.finish(code, reason) }

// cut ends the connection without farewell.
func (c *conn) cut() {
	c.cancel()
	c.out.cut()
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
