package relay

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/gobwas/ws"

	"madang/internal/nostr"
)

func TestSubscriptionLimits(t *testing.T) {
	n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.Limits.Subs, cfg.Limits.Results = 2, 3 })
	for i := range 5 {
		n.submit(n.note(alice, int64(i), "x"))
	}
	c := n.connect()
	if got := c.stored("a", filter{}); len(got) != 3 {
		t.Errorf("%d results without a limit, want 3", len(got))
	}
	if got := c.stored("b", filter{"limit": 5}); len(got) != 3 {
		t.Errorf("%d results for a limit of 5, want 3", len(got))
	}
	c.send("REQ", "c", filter{})
	if m := c.want("CLOSED", "c"); prefix(m.text(2)) != "blocked" {
		t.Errorf("got %s", m)
	}
	c.stored("a", filter{"kinds": []int{5}}) // replacing one is no more
	c.send("CLOSE", "a")
	c.stored("c", filter{})
	c.send("REQ", "d", filter{"search": "words"})
	if m := c.want("CLOSED", "d"); prefix(m.text(2)) != "unsupported" {
		t.Errorf("got %s", m)
	}
}

func TestRates(t *testing.T) {
	n := startNode(t, t.TempDir(), true, func(cfg *Config) {
		cfg.Address = byHeader
		cfg.Limits.ConnsPerAddr = 3
		cfg.Limits.Conn = Rates{Events: Rate{never, 2}, Wraps: Rate{never, 1}, Queries: Rate{never, 2}}
		cfg.Limits.Addr = Rates{Events: Rate{never, 3}, Wraps: Rate{never, 2}, Queries: Rate{never, 3}}
	})
	a := n.from("192.0.2.1")
	a.publish(n.note(alice, 1, "1"), true, "")
	a.publish(n.note(alice, 2, "2"), true, "")
	a.publish(n.note(alice, 3, "3"), false, "rate-limited")
	wrap := func(i int64) *nostr.Event {
		return n.event(carol, nostr.KindGiftWrap, i, "", nostr.Tag{"p", alice.PubKey().String()})
	}
	a.publish(wrap(1), true, "")
	a.publish(wrap(2), false, "rate-limited")
	a.stored("s", filter{"limit": 0})
	a.count(filter{})
	a.send("REQ", "t", filter{})
	if m := a.want("CLOSED", "t"); prefix(m.text(2)) != "rate-limited" {
		t.Errorf("got %s", m)
	}
	// Another connection of the same address has what that one left.
	b := n.from("192.0.2.1")
	b.publish(n.note(alice, 4, "4"), true, "")
	b.publish(n.note(alice, 5, "5"), false, "rate-limited")
	n.from("192.0.2.1")
	host := n.server.Listener.Addr().String()
	header := ws.HandshakeHeaderHTTP{"X-Test-Address": {"192.0.2.1"}}
	_, _, _, err := ws.Dialer{Header: header}.Dial(t.Context(), "ws://"+host)
	if status, ok := err.(ws.StatusError); !ok || int(status) != http.StatusTooManyRequests {
		t.Errorf("a fourth connection: %v, want 429", err)
	}
	n.from("192.0.2.2").publish(n.note(alice, 6, "6"), true, "")
}

func TestConnectionsInAll(t *testing.T) {
	n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.Limits.Conns = 1 })
	n.connect()
	_, _, _, err := ws.Dialer{}.Dial(t.Context(), "ws://"+n.server.Listener.Addr().String())
	if status, ok := err.(ws.StatusError); !ok || int(status) != http.StatusServiceUnavailable {
		t.Errorf("a second connection: %v, want 503", err)
	}
}

// TestManyAddresses: whoever comes from very many, one after the other, fills no memory.
func TestManyAddresses(t *testing.T) {
	const conns = 50
	as := newAddresses(Limits{Conns: conns, ConnsPerAddr: 2})
	at := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }
	var staying []*address
	for i := range conns {
		a, ok := as.join(at(i))
		if !ok {
			t.Fatal("refused")
		}
		staying = append(staying, a)
	}
	for i := range 10_000 {
		a, ok := as.join(at(1000 + i))
		if !ok {
			t.Fatal("refused")
		}
		a.leave()
	}
	if known := len(as.known); known > 2*conns {
		t.Errorf("%d addresses are known, want at most %d", known, 2*conns)
	}
	for i, a := range staying {
		if again, ok := as.join(at(i)); !ok || again != a {
			t.Error("an address with a connection was forgotten")
		}
	}
}
