package relay

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/gobwas/ws"
	"golang.org/x/time/rate"

	"madang/internal/nostr"
)

// never is a rate at which nothing comes back while a test runs.
const never = 1e-9

// from connects as one of several addresses; see byHeader.
func (n *testNode) from(address string) *client {
	n.t.Helper()
	c := n.dial(ws.Dialer{Header: ws.HandshakeHeaderHTTP{"X-Test-Address": {address}}})
	c.challenge = c.next().text(1)
	return c
}

func byHeader(r *http.Request) netip.Addr { return netip.MustParseAddr(r.Header.Get("X-Test-Address")) }

func TestMessageRate(t *testing.T) {
	const burst = 9
	n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.Limits.Conn.Messages = Rate{never, burst} })
	c := n.connect()
	c.stored("s", filter{"limit": 0})
	c.stored("t", filter{"limit": 0})
	c.reconcile("n", filter{}) // one message
	for range burst - 3 {
		c.send("CLOSE", "-")
	}
	id := strings.Repeat("0", 64)
	note, auth := n.note(alice, 0, "x"), c.authEvent(alice, n.now, nil)
	for _, tt := range []struct {
		sent          []any
		label, second string
	}{
		{[]any{"EVENT", note}, "OK", note.ID.String()},
		{[]any{"AUTH", auth}, "OK", auth.ID.String()},
		{[]any{"REQ", "s", filter{}}, "CLOSED", "s"},
		{[]any{"COUNT", "c", filter{}}, "CLOSED", "c"},
		{[]any{"NEG-OPEN", "o", filter{}, "6100000200"}, "NEG-ERR", "o"},
		{[]any{"NEG-MSG", "n", "6100000200"}, "NEG-ERR", "n"},
		{[]any{"NONSENSE"}, "NOTICE", ""},
	} {
		c.send(tt.sent...)
		m := c.next()
		text := m.text(len(m.parts) - 1)
		if m.label != tt.label || tt.second != "" && m.text(1) != tt.second || prefix(text) != "rate-limited" {
			t.Errorf("%v was answered by %s", tt.sent, m)
		}
	}
	if n.hub.Len() != 1 {
		t.Errorf("%d subscriptions are left, want 1: the other was told that it is closed", n.hub.Len())
	}
	c.send("CLOSE", "t") // what makes less work is done
	c.send("NEG-CLOSE", "n")
	c.sync()
	if n.hub.Len() != 0 {
		t.Errorf("%d subscriptions are left, want none", n.hub.Len())
	}
	c.send("COUNT", id, filter{})
	c.wantClose(ws.StatusPolicyViolation)
}

func TestMessageRateOfAnAddress(t *testing.T) {
	n := startNode(t, t.TempDir(), true, func(cfg *Config) {
		cfg.Address = byHeader
		cfg.Limits.Addr.Messages = Rate{never, 3}
	})
	a, b := n.from("192.0.2.1"), n.from("192.0.2.1")
	a.count(filter{})
	b.count(filter{})
	a.count(filter{})
	b.send("COUNT", "s", filter{})
	if m := b.want("CLOSED", "s"); prefix(m.text(2)) != "rate-limited" {
		t.Errorf("got %s", m)
	}
	n.from("192.0.2.2").count(filter{})
}

// TestReadsNoFasterThanItsRate: whoever sends faster waits, as on a slow network, and that is all.
func TestReadsNoFasterThanItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, step, perSecond, burst = 96_000, 24_000, 1000, 10_000 // each step is more than a burst
		p := pace{t.Context(), [2]*rate.Limiter{Rate{perSecond, burst}.limiter(), Rate{}.limiter()}, newStats(metrics.NewSet(), new(Relay))}
		began := time.Now() // the bubble's clock, which moves only while all wait
		for range size / step {
			p.wait(step)
		}
		took, want := time.Since(began), (size-burst)/perSecond*time.Second
		if took < want || took > want+burst*time.Second/perSecond {
			t.Errorf("it took %v, want about %v", took, want)
		}
	})
}

func TestQueriesAtOnceOfAnAddress(t *testing.T) {
	n := startNode(t, t.TempDir(), true, func(cfg *Config) {
		cfg.Address = byHeader
		cfg.Limits.AddrQueries = 1
	})
	c, other := n.from("192.0.2.1"), n.from("192.0.2.2")
	n.relay.addresses.mu.Lock()
	asking := &n.relay.addresses.known[netip.MustParseAddr("192.0.2.1")].asking
	n.relay.addresses.mu.Unlock()
	asking.Add(1) // another connection's query has begun
	for label, answer := range map[string]string{"REQ": "CLOSED", "COUNT": "CLOSED", "NEG-OPEN": "NEG-ERR"} {
		elements := []any{label, "s", filter{}}
		if label == "NEG-OPEN" {
			elements = append(elements, "6100000200")
		}
		c.send(elements...)
		if m := c.want(answer, "s"); prefix(m.text(2)) != "rate-limited" {
			t.Errorf("%s: got %s", label, m)
		}
	}
	other.stored("s", filter{})
	asking.Add(-1)
	c.stored("s", filter{})
	c.count(filter{})
	c.reconcile("s", filter{})
	if left := asking.Load(); left != 0 {
		t.Errorf("%d queries are counted as open after the end", left)
	}
}

func TestEventsOfAKey(t *testing.T) {
	n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.Limits.Key = Rate{never, 3} })
	a, b := n.connect(), n.connect()
	forged := n.note(alice, 0, "true")
	forged.Content = "false"
	for range 5 { // neither what others say in her name nor what was there before is hers
		a.publish(forged, false, "invalid")
	}
	first := n.note(alice, 1, "1")
	a.publish(first, true, "")
	b.publish(first, true, "duplicate")
	b.publish(n.note(alice, 2, "2"), true, "")
	a.publish(n.note(alice, 3, "3"), true, "")
	for _, c := range []*client{a, b, n.connect()} {
		c.publish(n.note(alice, 4, "4"), false, "rate-limited")
	}
	a.publish(n.note(bob, 5, "5"), true, "")
	for i := range int64(5) { // one-time keys are nobody's
		a.publish(n.event(carol, nostr.KindGiftWrap, i, "", nostr.Tag{"p", bob.PubKey().String()}), true, "")
	}
}

// TestAuthorsAreForgotten bounds what is known of keys, and for how long.
func TestAuthorsAreForgotten(t *testing.T) {
	a := &authors{rate: Rate{never, 1}}
	now := time.Unix(1_700_000_000, 0)
	key := func(i int) nostr.PubKey { return nostr.PubKey{byte(i), byte(i >> 8), byte(i >> 16)} }
	a.wrote(key(1), now)
	if a.mayWrite(key(1)) || !a.mayWrite(key(2)) {
		t.Error("who wrote may write, or who did not may not")
	}
	for i := range 5 * authorsKept {
		a.wrote(key(i), now)
	}
	if known := len(a.newer) + len(a.older); known > 2*authorsKept {
		t.Errorf("%d keys are known, want at most %d", known, 2*authorsKept)
	}
	last := key(5*authorsKept - 1)
	if a.mayWrite(last) {
		t.Error("the last one was forgotten")
	}
	a.wrote(key(1), now.Add(authorTime+1))
	if a.mayWrite(last) {
		t.Error("the last one was forgotten too early")
	}
	a.wrote(key(1), now.Add(2*authorTime+2))
	if !a.mayWrite(last) {
		t.Error("the last one is still known after its time")
	}
}
