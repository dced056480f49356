package relay

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
)

// heap returns how many bytes are in use once all that can be freed is.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what the first one finalized
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// grows fails where what is in use afterwards is more than bound bytes above what was before.
func grows(t *testing.T, what string, bound int64, attack func()) {
	t.Helper()
	before := heap()
	attack()
	if grown := heap() - before; grown > bound {
		t.Errorf("%s: %d KiB more are in use, want at most %d", what, grown>>10, bound>>10)
	}
}

// TestLongFrames: a frame of 10 MB is refused at its header, and what came of it is not kept.
func TestLongFrames(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	n.connect().sync() // what is made once is made
	long := bytes.Repeat([]byte("x"), 10<<20)
	grows(t, "20 frames of 10 MB", 4<<20, func() {
		for range 20 {
			c := n.connect()
			header := append([]byte{0x81, 0x80 | 127}, binary.BigEndian.AppendUint64(nil, uint64(len(long)))...)
			c.sendBytes(append(header, 0, 0, 0, 0))
			// The relay hangs up while the rest is on its way: an error is what the sender then sees.
			_, _ = c.conn.Write(long)
			_, err := c.read()
			var closed *closeError
			if errors.As(err, &closed) && closed.code != ws.StatusMessageTooBig {
				t.Errorf("got %v", err)
			}
			if err == nil {
				t.Error("a frame of 10 MB was answered")
			}
		}
	})
	n.connect().sync()
}

// TestUnfinishedMessages: what never ends is bounded in all, gives back what it had, and keeps nobody from speaking.
func TestUnfinishedMessages(t *testing.T) {
	const all, each, many = 1 << 20, 300 << 10, 30
	n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.Limits.Unfinished = all })
	speaker := n.connect()
	var clients []*client
	closed := make(chan error, many)
	for range many {
		c := n.connect()
		header := append([]byte{0x81, 0x80 | 127}, binary.BigEndian.AppendUint64(nil, each+100)...)
		c.sendBytes(append(header, 0, 0, 0, 0))
		go func() {
			_, _ = c.conn.Write(make([]byte, each)) // the rest never comes
			_, err := c.read()
			closed <- err
		}()
		clients = append(clients, c)
	}
	for range many - 1 - all/each { // a message takes memory in steps, so that one more may be too many
		err := <-closed
		var reason *closeError
		if errors.As(err, &reason) && reason.code != statusTryAgainLater {
			t.Errorf("got %v", err)
		}
	}
	if held := n.relay.unfinished.Load(); held > all+many*crowded {
		t.Errorf("%d bytes of unfinished messages are held, want at most %d", held, all+many*crowded)
	}
	speaker.publish(n.note(alice, 0, strings.Repeat("x", 3000)), true, "")
	for _, c := range clients {
		c.conn.Close()
	}
	for n.relay.unfinished.Load() > 0 {
		runtime.Gosched()
	}
	speaker.publish(n.note(alice, 1, strings.Repeat("x", 200_000)), true, "")
}

// slowly gives a byte each time, and takes its time.
type slowly struct {
	r    io.Reader
	each time.Duration
}

func (s slowly) Read(p []byte) (int, error) {
	time.Sleep(s.each) // the bubble's clock
	return s.r.Read(p[:1])
}

// TestDrippingMessages: a message that comes byte by byte is given up, in one frame or in many; a slow link's is not.
func TestDrippingMessages(t *testing.T) {
	var parts bytes.Buffer
	for i := range 500 {
		op := ws.OpContinuation
		if i == 0 {
			op = ws.OpText
		}
		if err := ws.WriteFrame(&parts, part(op, "x")); err != nil {
			t.Fatal(err)
		}
	}
	var one bytes.Buffer
	if err := ws.WriteFrame(&one, frame(ws.OpText, strings.Repeat("x", 50_000))); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		bytes []byte
		each  time.Duration
		ok    bool
	}{
		"one frame, dripping":   {one.Bytes(), time.Second, false},
		"many frames, dripping": {parts.Bytes(), time.Second, false},
		"a slow link":           {one.Bytes(), writeTime / writeChunk, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			frames := frameReader{
				r: bufio.NewReaderSize(slowly{bytes.NewReader(tt.bytes), tt.each}, 16), limit: 1 << 20,
				hold: func(int, int) bool { return true },
			}
			message, err := frames.next()
			var closing *closeError
			if tt.ok != (err == nil) || err != nil && (!errors.As(err, &closing) || closing.code != ws.StatusPolicyViolation) {
				t.Errorf("%s: %d bytes, %v", name, len(message), err)
			}
		})
	}
}

// TestManySubscriptions: 100,000 REQs open as many as are allowed, and the rest leaves nothing behind.
func TestManySubscriptions(t *testing.T) {
	const many = 100_000
	n := startNode(t, t.TempDir(), true, nil)
	c := n.connect()
	grows(t, "100,000 subscriptions", 4<<20, func() {
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			for i := range many {
				c.send("REQ", fmt.Sprint(i), filter{"kinds": []int{i % 1000}})
			}
		}()
		open := 0
		for range many {
			m := c.next()
			switch {
			case m.label == "EOSE":
				open++
			case m.label != "CLOSED" || prefix(m.text(2)) != "blocked":
				t.Fatalf("got %s", m)
			}
		}
		<-sent
		if want := n.relay.cfg.Limits.Subs; open != want || n.hub.Len() != want {
			t.Errorf("%d subscriptions were opened and %d are live, want %d", open, n.hub.Len(), want)
		}
	})
}

// TestManyFilters: 10,000 in one REQ are refused as one; many large ones are bounded by what they hold.
func TestManyFilters(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	c := n.connect()
	c.sendText(`["REQ","many"` + strings.Repeat(`,{"kinds":[1]}`, 10_000) + `]`)
	if m := c.want("CLOSED", "many"); prefix(m.text(2)) != "invalid" {
		t.Errorf("got %s", m)
	}
	values := make([]string, 1000)
	for i := range values {
		values[i] = strings.Repeat("x", 200)
	}
	// 100 REQs of 400 KB each: 40 MB.
	grows(t, "large filters", 8<<20, func() {
		refused := 0
		for i := range 100 {
			sub := fmt.Sprint(i)
			c.send("REQ", sub, filter{"#t": values}, filter{"#x": values})
			if m := c.next(); m.label == "CLOSED" && prefix(m.text(2)) == "blocked" {
				refused++
			} else if m.label != "EOSE" {
				t.Fatalf("got %.200s", m)
			}
		}
		if refused < 90 {
			t.Errorf("%d of 100 were refused", refused)
		}
	})
}

// TestManyConnections: each takes little, and none once it is gone.
func TestManyConnections(t *testing.T) {
	const many, each = 500, 64 << 10
	n := startNode(t, t.TempDir(), true, nil)
	clients := make([]*client, many)
	before := heap()
	grows(t, "500 connections", many*each, func() {
		for i := range clients {
			clients[i] = n.connect()
			clients[i].stored("s", filter{"limit": 0})
		}
	})
	for _, c := range clients {
		c.conn.Close()
	}
	for n.relay.Len() > 0 {
		runtime.Gosched()
	}
	clear(clients)
	if left := heap() - before; left > many*each/2 {
		t.Errorf("%d KiB are still in use after the end", left>>10)
	}
}

// TestFloods: what a client throws at the relay without listening fills nothing.
func TestFloods(t *testing.T) {
	n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.Limits.Queue = 256 << 10 })
	n.submit(n.note(alice, 0, strings.Repeat("x", 60_000)))
	for name, message := range map[string]string{
		"queries":        `["REQ","s",{}]`,
		"counts":         `["COUNT","s",{}]`,
		"nonsense":       `["CLOSE",` + strings.Repeat("[", 1000),
		"subscriptions":  `["REQ","` + strings.Repeat("s", 64) + `",{"ids":[]}]`,
		"reconciliation": `["NEG-OPEN","s",{},"6100000200"]`,
	} {
		grows(t, name, 8<<20, func() {
			c := n.connect()
			var b bytes.Buffer
			for range 2000 {
				if err := ws.WriteFrame(&b, frame(ws.OpText, message)); err != nil {
					t.Fatal(err)
				}
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, _ = c.conn.Write(b.Bytes()) // ends when the relay has had enough, or the test
			}()
			other := n.connect()
			other.count(filter{}) // is served meanwhile
			c.conn.Close()
			<-done
		})
	}
	for n.relay.Len() > 5 {
		runtime.Gosched()
	}
}
