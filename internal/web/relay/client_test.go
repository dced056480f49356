package relay

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"madang/internal/eventlog"
	"madang/internal/hub"
	"madang/internal/index"
	"madang/internal/ingest"
	"madang/internal/nostr"
	"madang/internal/policy"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// testNode is everything behind a relay, on a directory of its own.
type testNode struct {
	t      testing.TB
	key    nostr.SecretKey
	log    *eventlog.Files
	index  *index.Index
	hub    *hub.Hub
	policy *policy.Policy
	ingest *ingest.Ingest
	relay  *Relay
	server *httptest.Server
	now    time.Time    // as tests sign by
	clock  atomic.Int64 // Unix nanoseconds: what the node reads
}

// startNode opens a node in dir. change may alter its configuration.
func startNode(t testing.TB, dir string, open bool, change func(*Config)) *testNode {
	t.Helper()
	n := &testNode{t: t, key: testKey(200), now: time.Unix(1_700_000_000, 0)}
	var err error
	if n.log, err = eventlog.Open(eventlog.Config{Dir: dir + "/log"}); err != nil {
		t.Fatal(err)
	}
	if n.index, err = index.Open(t.Context(), index.Config{Dir: dir + "/index", Log: n.log}); err != nil {
		t.Fatal(err)
	}
	n.hub = hub.New()
	n.policy = policy.New(policy.Config{NodeKey: n.key.PubKey(), Open: open})
	n.setNow(n.now)
	clock := func() time.Time { return time.Unix(0, n.clock.Load()) }
	n.ingest = ingest.New(ingest.Config{Log: n.log, Index: n.index, Hub: n.hub, Policy: n.policy, Now: clock})
	cfg := Config{Index: n.index, Hub: n.hub, Ingest: n.ingest, Policy: n.policy, Now: clock, Limits: DefaultLimits()}
	cfg.Limits.Conn, cfg.Limits.Addr = Rates{}, Rates{}
	if change != nil {
		change(&cfg)
	}
	n.relay = New(cfg)
	n.server = httptest.NewServer(n.relay)
	t.Cleanup(n.stop)
	return n
}

// setNow sets the node's clock.
func (n *testNode) setNow(now time.Time) {
	n.now = now
	n.clock.Store(now.UnixNano())
}

// stop ends the node in order; it may be called twice.
func (n *testNode) stop() {
	if n.server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := n.relay.Shutdown(ctx); err != nil {
		n.t.Errorf("shutdown: %v", err)
	}
	n.server.Close()
	n.server = nil
	if err := errors.Join(n.ingest.Close(), n.index.Close(), n.log.Close()); err != nil {
		n.t.Errorf("closing: %v", err)
	}
	if queued := n.relay.queued.Load(); queued != 0 {
		n.t.Errorf("%d bytes are counted as queued after the end", queued)
	}
}

// admit makes the keys members.
func (n *testNode) admit(keys ...nostr.SecretKey) {
	n.t.Helper()
	roster := &nostr.Event{Kind: nostr.KindMembers, CreatedAt: n.now.Unix(), Tags: nostr.Tags{{"-"}}}
	for _, k := range keys {
		roster.Tags = append(roster.Tags, nostr.Tag{"member", k.PubKey().String()})
	}
	n.submit(sign(n.t, n.key, roster))
}

// submit takes events in past the relay.
func (n *testNode) submit(events ...*nostr.Event) {
	n.t.Helper()
	for i, r := range n.ingest.SubmitMany(n.t.Context(), events, policy.Writer{Road: policy.Import}) {
		if !r.OK {
			n.t.Fatalf("event %d was refused: %s", i, r.Message)
		}
	}
}

// testKey returns one of 255 keys, always the same.
func testKey(i byte) (sk nostr.SecretKey) {
	sk[31] = i
	return sk
}

func sign(t testing.TB, sk nostr.SecretKey, e *nostr.Event) *nostr.Event {
	t.Helper()
	if err := e.Sign(sk); err != nil {
		t.Fatal(err)
	}
	return e
}

// note signs a short text; at is seconds after the node's time.
func (n *testNode) note(sk nostr.SecretKey, at int64, content string, tags ...nostr.Tag) *nostr.Event {
	n.t.Helper()
	return n.event(sk, nostr.KindNote, at, content, tags...)
}

func (n *testNode) event(sk nostr.SecretKey, kind uint16, at int64, content string, tags ...nostr.Tag) *nostr.Event {
	n.t.Helper()
	return sign(n.t, sk, &nostr.Event{Kind: kind, CreatedAt: n.now.Unix() + at, Content: content, Tags: tags})
}

// client is a plain Nostr client.
type client struct {
	t         testing.TB
	conn      net.Conn
	r         *bufio.Reader
	host      string
	challenge string
}

// connect opens a connection and takes the challenge.
func (n *testNode) connect() *client {
	n.t.Helper()
	c := n.dial(ws.Dialer{})
	m := c.next()
	if m.label != "AUTH" {
		n.t.Fatalf("the first message is %s, want AUTH", m)
	}
	c.challenge = m.text(1)
	return c
}

func (n *testNode) dial(d ws.Dialer) *client {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	host := n.server.Listener.Addr().String()
	conn, r, _, err := d.Dial(ctx, "ws://"+host+"/")
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { conn.Close() })
	if r == nil {
		r = bufio.NewReader(conn)
	}
	return &client{t: n.t, conn: conn, r: r, host: host}
}

// message is one that came from the relay.
type message struct {
	label    string
	parts    []json.RawMessage
	raw      string
	deflated int // bytes it came as; 0: it was not compressed
}

func (m message) String() string { return m.raw }

func (m message) text(i int) string {
	var s string
	if i >= len(m.parts) || json.Unmarshal(m.parts[i], &s) != nil {
		return fmt.Sprintf("<no text %d in %s>", i, m.raw)
	}
	return s
}

// send sends a message of these elements.
func (c *client) send(elements ...any) {
	c.t.Helper()
	for i, e := range elements {
		if event, ok := e.(*nostr.Event); ok {
			elements[i] = json.RawMessage(event.AppendJSON(nil))
		}
	}
	b, err := json.Marshal(elements)
	if err != nil {
		c.t.Fatal(err)
	}
	c.sendText(string(b))
}

func (c *client) sendText(s string) {
	c.t.Helper()
	c.conn.SetWriteDeadline(time.Now().Add(patience))
	if err := wsutil.WriteClientText(c.conn, []byte(s)); err != nil {
		c.t.Fatal(err)
	}
}

// read returns the next message, or the close frame as an error.
func (c *client) read() (message, error) {
	c.conn.SetReadDeadline(time.Now().Add(patience))
	for {
		h, err := ws.ReadHeader(c.r)
		if err != nil {
			return message{}, err
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(c.r, payload); err != nil {
			return message{}, err
		}
		deflated := 0
		if h.Rsv1() {
			deflated = len(payload)
			if payload, err = inflateAll(payload); err != nil {
				return message{}, err
			}
		}
		switch h.OpCode {
		case ws.OpClose:
			code, reason := ws.ParseCloseFrameData(payload)
			return message{}, &closeError{code, reason}
		case ws.OpText:
			m := message{raw: string(payload), deflated: deflated}
			if err := json.Unmarshal(payload, &m.parts); err != nil {
				return m, fmt.Errorf("%q: %w", payload, err)
			}
			m.label = m.text(0)
			return m, nil
		case ws.OpPong:
			return message{label: "pong", raw: string(payload)}, nil
		}
	}
}

func (c *client) next() message {
	c.t.Helper()
	m, err := c.read()
	if err != nil {
		c.t.Fatalf("waiting for a message: %v", err)
	}
	return m
}

// want takes the next message and checks its label and second element.
func (c *client) want(label, second string) message {
	c.t.Helper()
	m := c.next()
	if m.label != label || m.text(1) != second {
		c.t.Fatalf("got %s, want %s %q", m, label, second)
	}
	return m
}

// wantClose checks that the relay closes the connection next.
func (c *client) wantClose(code ws.StatusCode) {
	c.t.Helper()
	m, err := c.read()
	var closed *closeError
	if !errors.As(err, &closed) || closed.code != code {
		c.t.Fatalf("got %s, %v, want a close frame with %d", m, err, code)
	}
}

// publish sends an event and checks the answer.
func (c *client) publish(e *nostr.Event, accepted bool, prefix string) {
	c.t.Helper()
	c.send("EVENT", e)
	c.wantOK(e, accepted, prefix)
}

func (c *client) wantOK(e *nostr.Event, accepted bool, want string) {
	c.t.Helper()
	m := c.want("OK", e.ID.String())
	if string(m.parts[2]) != fmt.Sprint(accepted) || want != "" && prefix(m.text(3)) != want {
		c.t.Fatalf("got %s, want %v %q", m, accepted, want)
	}
}

// authEvent answers the challenge; change may spoil it.
func (c *client) authEvent(sk nostr.SecretKey, now time.Time, change func(*nostr.Event)) *nostr.Event {
	c.t.Helper()
	e := &nostr.Event{Kind: nostr.KindAuth, CreatedAt: now.Unix(), Tags: nostr.Tags{
		{"relay", "ws://" + c.host + "/"}, {"challenge", c.challenge},
	}}
	if change != nil {
		change(e)
	}
	return sign(c.t, sk, e)
}

func (c *client) auth(sk nostr.SecretKey, now time.Time) {
	c.t.Helper()
	e := c.authEvent(sk, now, nil)
	c.send("AUTH", e)
	c.wantOK(e, true, "")
}

type filter map[string]any

// stored asks and returns the ids of the stored events, in order. The subscription stays open.
func (c *client) stored(sub string, filters ...filter) []string {
	c.t.Helper()
	c.send(ask("REQ", sub, filters)...)
	ids := []string{}
	for {
		m := c.next()
		switch {
		case m.label == "EOSE" && m.text(1) == sub:
			return ids
		case m.label == "EVENT" && m.text(1) == sub:
			ids = append(ids, m.id())
		default:
			c.t.Fatalf("got %s while waiting for stored events", m)
		}
	}
}

// find is stored for a subscription that ends at once.
func (c *client) find(filters ...filter) []string {
	c.t.Helper()
	ids := c.stored("find", filters...)
	c.send("CLOSE", "find")
	return ids
}

func ask(label, sub string, filters []filter) []any {
	elements := []any{label, sub}
	for _, f := range filters {
		elements = append(elements, f)
	}
	return elements
}

// id is the id of the event in an EVENT message.
func (m message) id() string {
	var e struct{ ID string }
	if len(m.parts) != 3 || json.Unmarshal(m.parts[2], &e) != nil {
		return "<no event in " + m.raw + ">"
	}
	return e.ID
}

func (c *client) count(filters ...filter) int {
	c.t.Helper()
	c.send(ask("COUNT", "count", filters)...)
	m := c.want("COUNT", "count")
	var answer struct{ Count int }
	if err := json.Unmarshal(m.parts[2], &answer); err != nil {
		c.t.Fatal(err)
	}
	return answer.Count
}

// sync returns when the relay has dealt with all that was sent before, failing on any message in between: what should
// not come would have come by then.
func (c *client) sync() {
	c.t.Helper()
	c.conn.SetWriteDeadline(time.Now().Add(patience))
	if err := wsutil.WriteClientMessage(c.conn, ws.OpPing, []byte("sync")); err != nil {
		c.t.Fatal(err)
	}
	if m := c.next(); m.label != "pong" || m.raw != "sync" {
		c.t.Fatalf("got %s, want nothing", m)
	}
}
