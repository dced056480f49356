package relay

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gobwas/ws"

	"madang/internal/nostr"
)

// Who sends pings without end and reads nothing must not fill the node's memory with answers.
func TestPongsAreBounded(t *testing.T) {
	const limit = 10_000
	var total atomic.Int64
	var o outbox
	o.init(Limits{Queue: limit, Queues: 1 << 30}, &total, nil)
	for range 10_000 {
		o.control(ws.OpPong, make([]byte, ws.MaxControlFramePayloadSize))
	}
	if total.Load() > limit {
		t.Errorf("%d bytes wait, want at most %d", total.Load(), limit)
	}
	o.drop(0)
	o.control(ws.OpPong, []byte("a later one"))
	if len(o.queue) != 1 || !strings.Contains(string(o.queue[0].head), "a later one") {
		t.Error("a ping was not answered although there was room again")
	}
}

func TestFiltersAreBounded(t *testing.T) {
	n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.Limits.Filters, cfg.Limits.FiltersAll = 3000, 3500 })
	long := filter{"#t": []string{strings.Repeat("x", 1200)}}
	a := n.connect()
	a.stored("1", long)
	a.stored("2", long)
	a.send("REQ", "3", long)
	if m := a.want("CLOSED", "3"); prefix(m.text(2)) != "blocked" {
		t.Errorf("got %s", m)
	}
	a.stored("2", long) // replacing one takes no more room
	// Beyond what all may have together, each gets little.
	b := n.connect()
	b.stored("1", long)
	c := n.connect()
	c.send("REQ", "1", long)
	if m := c.want("CLOSED", "1"); prefix(m.text(2)) != "blocked" {
		t.Errorf("got %s", m)
	}
	c.stored("2", filter{"kinds": []int{1}})
	// What a client closes, by a message or by going, is free again.
	a.send("CLOSE", "1")
	a.send("CLOSE", "2")
	a.sync()
	b.stored("3", long)
	b.conn.Close()
	a.stored("1", long)
}

// A stranger's filter may not hold on to more than its own words: the whole message stands behind each string of it.
func TestUnknownFieldsOfFiltersCount(t *testing.T) {
	n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.Limits.Filters = 3000 })
	c := n.connect()
	c.send("REQ", "a", filter{"noise": strings.Repeat("x", 4000)})
	if m := c.want("CLOSED", "a"); prefix(m.text(2)) != "blocked" {
		t.Errorf("got %s", m)
	}
}

// A reader who is slow gets all stored events in their order, though the index is done with the query long before.
func TestSlowReaderHoldsNoQuery(t *testing.T) {
	n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.Limits.Queue = 100_000 })
	var want []string
	var events []*nostr.Event
	for i := range 200 { // 12 MB: more than queue and sockets take
		e := n.note(alice, -int64(i), strings.Repeat("x", 60_000), nostr.Tag{"t", fmt.Sprint(i % 50)})
		events, want = append(events, e), append(want, e.ID.String())
	}
	n.submit(events...)
	values := make([]string, 500)
	for i := range values {
		values[i] = fmt.Sprint(i)
	}
	// More slow readers than could hold their queries open together, and then one who is not slow.
	slow := make([]*client, 5)
	for i := range slow {
		slow[i] = n.connect()
		slow[i].send("REQ", "s", filter{"#t": values})
	}
	if got := n.connect().stored("s", filter{"#t": values, "limit": 200}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("a reader beside slow ones got %d events, want %d in order", len(got), len(want))
	}
	for i, c := range slow[:2] {
		var got []string
		for m := c.next(); m.text(0) == "EVENT"; m = c.next() {
			got = append(got, m.id())
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("slow reader %d got %d events, want %d in order", i, len(got), len(want))
		}
	}
}

// A stranger's large gift wraps use up as much of the rate as many small ones.
func TestLargeWrapsCostMore(t *testing.T) {
	n := startNode(t, t.TempDir(), false, func(cfg *Config) { cfg.Limits.Conn.Wraps = Rate{1e-9, 5} })
	n.admit(alice)
	wrap := func(at int64, size int) *nostr.Event {
		return n.event(carol, nostr.KindGiftWrap, at, strings.Repeat("x", size), nostr.Tag{"p", alice.PubKey().String()})
	}
	c := n.connect()
	c.publish(wrap(1, 30_000), true, "")
	c.publish(wrap(2, 30_000), false, "rate-limited")
	c.publish(wrap(3, 100), true, "")
	c.publish(wrap(4, 100), false, "rate-limited")
}
