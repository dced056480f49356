package relay

import (
	"bufio"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/gobwas/ws/wsutil"

	"madang/internal/nostr"
)

// TestUnreadAnswersHoldUpNobodyElse has a client send events and read no answer, over a connection that holds nothing
// in between: it has to wait, others do not, and in the end it has every answer.
func TestUnreadAnswersHoldUpNobodyElse(t *testing.T) {
	n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.Limits.Queue = 8 << 10 })
	addr, _ := n.relay.addresses.join(netip.Addr{})
	theirs, ours := net.Pipe()
	conn := newConn(n.relay, addr, "pipe")
	if !n.relay.enter(conn) {
		t.Fatal("the relay is full")
	}
	var running sync.WaitGroup
	running.Add(1)
	conn.serve(theirs, nil, false, func() {
		n.relay.leave(conn)
		running.Done()
	})
	const total, unread = 200, 80
	events := make([]*nostr.Event, total)
	for i := range events {
		events[i] = n.note(testKey(1), int64(-i), strconv.Itoa(i))
	}
	c := &client{t: t, conn: ours, r: bufio.NewReader(ours)}
	running.Go(func() {
		for _, e := range events {
			message := `["EVENT",` + string(e.AppendJSON(nil)) + `]`
			if err := wsutil.WriteClientText(ours, []byte(message)); err != nil {
				t.Errorf("sending: %v", err)
				return
			}
		}
	})
	for n.index.Len() < unread {
		runtime.Gosched()
	}
	n.submit(n.note(testKey(2), 0, "another's"))

	if m := c.next(); m.label != "AUTH" {
		t.Fatalf("the first message is %s", m)
	}
	missing := map[string]bool{}
	for _, e := range events {
		missing[e.ID.String()] = true
	}
	for range events {
		m := c.next()
		if m.label != "OK" || !missing[m.text(1)] {
			t.Fatalf("got %s", m)
		}
		delete(missing, m.text(1))
	}
	ours.Close()
	running.Wait()
}
