package relay

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gobwas/ws"
	"pgregory.net/rapid"

	"madang/internal/hub"
	"madang/internal/nostr"
	"madang/internal/verify"
)

// readFrames takes a stream apart, inflating what is compressed.
func readFrames(wire []byte) (texts []string, closed bool, err error) {
	r := bytes.NewReader(wire)
	for r.Len() > 0 {
		h, err := ws.ReadHeader(r)
		if err != nil {
			return texts, closed, err
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(r, payload); err != nil {
			return texts, closed, err
		}
		if h.Rsv1() {
			if payload, err = inflateAll(payload); err != nil {
				return texts, closed, err
			}
		}
		switch {
		case closed:
			return texts, closed, fmt.Errorf("a frame after the close frame")
		case h.OpCode == ws.OpClose:
			closed = true
		default:
			texts = append(texts, string(payload))
		}
	}
	return texts, closed, nil
}

// TestOutboxStream: however little of its queue the system takes at once, and whatever is queued meanwhile, what goes over
// the wire are whole frames in their order. A slow reader gets those that were begun, a NOTICE and a close frame. Nothing
// is counted as queued in the end.
func TestOutboxStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		defer theirs.Close()
		var total atomic.Int64
		o := outbox{deflate: rapid.Bool().Draw(t, "deflate")}
		o.init(Limits{Queue: 20_000, Queues: 1 << 30}, &total, &flushers{})
		o.socket, o.writing = &socket{Conn: ours}, true // the test is the writer
		shared := &outEvent{json: []byte(`{"shared":"` + strings.Repeat("word ", 300) + `"}`), deflate: deflateEvent}
		var want []string
		var wire []byte
		slow := false
		event := func(t *rapid.T) (outFrame, string) {
			e := shared
			if rapid.Bool().Draw(t, "own") {
				e = &outEvent{json: []byte(`"` + strings.Repeat("x", rapid.IntRange(0, 9000).Draw(t, "length")) + `"`)}
			}
			sub := rapid.StringN(1, 64, 64).Draw(t, "sub")
			return outFrame{eventHead(sub), e}, string(nostr.AppendEvent(nil, sub, e.json))
		}
		write := func(t *rapid.T) bool {
			chunk := o.fill(make([]byte, 0, rapid.IntRange(1, 4000).Draw(t, "room")))
			o.writing = true
			n := rapid.IntRange(0, len(chunk)).Draw(t, "taken")
			wire = append(wire, chunk[:n]...)
			o.written(n)
			return len(chunk) > 0
		}
		t.Repeat(map[string]func(*rapid.T){
			"message": func(t *rapid.T) {
				text := rapid.StringN(0, 200, 300).Draw(t, "text")
				if o.trySend(func(dst []byte) []byte { return append(dst, text...) }) {
					want = append(want, text)
				}
			},
			"stored": func(t *rapid.T) {
				if f, text := event(t); o.tryEvent(f) {
					want = append(want, text)
				}
			},
			"live": func(t *rapid.T) {
				var frames []outFrame
				var texts []string
				for range rapid.IntRange(1, 8).Draw(t, "events") {
					f, text := event(t)
					frames, texts = append(frames, f), append(texts, text)
				}
				queued, dropped := o.offer(slices.Values(frames))
				slow = slow || dropped
				want = append(want, texts[:queued]...)
			},
			"write": func(t *rapid.T) { write(t) },
		})
		for write(t) {
		}
		got, closed, err := readFrames(wire)
		if err != nil {
			t.Fatal(err)
		}
		if slow {
			last := len(got) - 1
			if !closed || !strings.HasPrefix(got[last], `["NOTICE","error: `) || last > len(want) {
				t.Fatalf("a slow reader was closed: %v, after %d messages, the last %q", closed, len(got), got[last])
			}
			got, want = got[:last], want[:last]
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
		if total.Load() != 0 || o.bytes != 0 || shared.refs.Load() != 0 {
			t.Fatalf("in the end %d, %d bytes and %d references are counted", total.Load(), o.bytes, shared.refs.Load())
		}
	})
}

// group makes events of size bytes as one commit publishes them.
func (n *testNode) group(count, size int) (ds []hub.Delivery) {
	n.t.Helper()
	for i := range count {
		v, err := verify.One(n.event(alice, 20001, int64(i), strings.Repeat("x", size)))
		if err != nil {
			n.t.Fatal(err)
		}
		ds = append(ds, hub.Delivery{Pos: hub.Ephemeral, Event: v})
	}
	return ds
}

// TestWholeGroup: whoever keeps up gets all of a group, though it be larger than the queue.
func TestWholeGroup(t *testing.T) {
	n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.Limits.Queue = 64 << 10 })
	c := n.connect()
	c.stored("s", filter{"limit": 0})
	group := n.group(100, 4000)
	n.hub.Publish(group)
	for _, d := range group {
		if m := c.want("EVENT", "s"); m.id() != d.Event.Event().ID.String() {
			t.Fatalf("got %s", m)
		}
	}
	c.sync()
}

// TestSharedMemoryCountsOnce: an event that waits for many who do not read is in memory once, and so it counts.
func TestSharedMemoryCountsOnce(t *testing.T) {
	const readers = 50
	n := startNode(t, t.TempDir(), true, nil)
	var pipes []net.Conn
	ended := make(chan struct{}, readers)
	for range readers {
		ours, theirs := net.Pipe() // which holds nothing: what is not read waits in the queue
		c := newConn(n.relay, &address{buckets: newBuckets(Rates{})}, "pipe")
		c.serve(ours, nil, false, func() { ended <- struct{}{} })
		reader := &client{t: t, conn: theirs, r: bufio.NewReader(theirs)}
		reader.next()
		reader.stored("s", filter{"limit": 0})
		pipes = append(pipes, theirs)
	}
	n.hub.Publish(n.group(1, 100_000))
	if queued := n.relay.queued.Load(); queued < 100_000 || queued > 110_000 {
		t.Errorf("%d bytes are counted, want about 100,000", queued)
	}
	for _, p := range pipes {
		p.Close()
	}
	for range readers {
		<-ended
	}
	if queued := n.relay.queued.Load(); queued != 0 {
		t.Errorf("%d bytes are counted after the end", queued)
	}
}

// TestPanicEndsOneConnection: a fault that a message meets takes neither the node down nor others' connections, and the
// log tells where it was, not what it was about.
func TestPanicEndsOneConnection(t *testing.T) {
	var log bytes.Buffer
	n := startNode(t, t.TempDir(), true, func(cfg *Config) {
		cfg.Join = func(context.Context, *nostr.Event) (string, error) { panic("private words") }
		cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	other, c := n.connect(), n.connect()
	c.send("EVENT", n.event(bob, nostr.KindJoin, 0, ""))
	c.wantClose(ws.StatusInternalServerError)
	other.sync()
	n.stop()
	if text := log.String(); !strings.Contains(text, "outbox_test.go") || strings.Contains(text, "private words") {
		t.Errorf("the log says %s", text)
	}
}
