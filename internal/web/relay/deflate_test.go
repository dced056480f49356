package relay

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	klauspost "github.com/klauspost/compress/flate"
	"pgregory.net/rapid"

	"madang/internal/nostr"
)

// inflateAll reads a compressed message as the standard library's inflater does.
func inflateAll(payload []byte) ([]byte, error) {
	return io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(payload), strings.NewReader(syncEnd+"\x01"+syncEnd))))
}

// deflateAll compresses a message as clients do.
func deflateAll(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte(syncEnd))
}

func compressed(payload []byte, op ws.OpCode, fin bool) ws.Frame {
	f := ws.NewFrame(op, fin, payload)
	f.Header.Rsv = ws.Rsv(true, false, false)
	return ws.MaskFrameWith(f, [4]byte{9, 8, 7, 6})
}

var browserOffer = wsflate.Parameters{ClientMaxWindowBits: 1}.Option()

// connectDeflating connects as browsers do.
func (n *testNode) connectDeflating() *client {
	n.t.Helper()
	c := n.dial(ws.Dialer{Extensions: []httphead.Option{browserOffer}})
	c.challenge = c.next().text(1)
	return c
}

func TestNegotiation(t *testing.T) {
	for offer, want := range map[string]string{
		"permessage-deflate":                                       "permessage-deflate",
		"permessage-deflate; client_max_window_bits":               "permessage-deflate",
		"permessage-deflate; client_max_window_bits=10":            "permessage-deflate",
		"permessage-deflate; server_no_context_takeover":           "permessage-deflate",
		"permessage-deflate; unknown=1, permessage-deflate":        "permessage-deflate",
		"permessage-deflate; server_max_window_bits=10":            "",
		"permessage-deflate; server_max_window_bits=99":            "",
		"permessage-deflate; client_no_context_takeover=1":         "",
		"permessage-deflate; server_max_window_bits=9, permessage": "",
		"x-webkit-deflate-frame":                                   "",
	} {
		options, ok := httphead.ParseOptions([]byte(offer), nil)
		if !ok {
			t.Fatal(offer)
		}
		var d deflation
		got := ""
		for _, o := range append(options, options...) {
			accepted, err := d.negotiate(o)
			if err != nil {
				t.Errorf("%s: %v", offer, err)
			}
			if accepted.Size() == 0 {
				continue
			}
			if got != "" {
				t.Errorf("%s: accepted twice", offer)
			}
			got = string(accepted.Name)
			for _, must := range []string{"server_no_context_takeover", "client_no_context_takeover"} {
				if _, ok := accepted.Parameters.Get(must); !ok {
					t.Errorf("%s: the answer lacks %s", offer, must)
				}
			}
		}
		if got != want || d.agreed != (want != "") {
			t.Errorf("%s: agreed on %q, want %q", offer, got, want)
		}
	}
}

// TestDeflatedMessages: what a client that compresses sends is understood, and what it gets is what others get.
func TestDeflatedMessages(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	long := strings.Repeat("마당에서 만나요. ", 1000)
	stored := []*nostr.Event{
		n.note(alice, 3, "short"), n.note(alice, 2, strings.Repeat("words and words ", 30)), n.note(alice, 1, long),
	}
	n.submit(stored...)
	c := n.connectDeflating()
	ask := func(sub string) (deflated int) {
		c.sendFrames(compressed(deflateAll(t, `["REQ","`+sub+`",{"kinds":[1],"limit":3}]`), ws.OpText, true))
		for _, e := range stored {
			m := c.want("EVENT", sub)
			if string(m.parts[2]) != string(e.AppendJSON(nil)) {
				t.Errorf("got %s, want %s", m, e.AppendJSON(nil))
			}
			if m.deflated > 0 {
				deflated++
			}
		}
		if m := c.want("EOSE", sub); m.deflated != 0 {
			t.Error("EOSE came compressed, which does not pay")
		}
		return deflated
	}
	// Of events that are asked for once only the long one pays; of those that are asked for often all but the shortest.
	for i, want := range []int{1, 1, 2, 2} {
		if got := ask(fmt.Sprint("s", i)); got != want {
			t.Errorf("time %d: %d events came compressed, want %d", i, got, want)
		}
	}
	// Compressed in parts, with a ping between.
	payload := deflateAll(t, `["COUNT","in parts",{}]`)
	c.sendFrames(compressed(payload[:5], ws.OpText, false), frame(ws.OpPing, "between"),
		part(ws.OpContinuation, string(payload[5:9])), frame(ws.OpContinuation, string(payload[9:])))
	if m := c.next(); m.label != "pong" {
		t.Errorf("got %s", m)
	}
	c.want("COUNT", "in parts")
	c.sendText(`["COUNT","as it is",{}]`)
	c.want("COUNT", "as it is")
}

// TestDeflatedOnce: readers of one live event share what it was deflated to, under whatever names they subscribed, beside
// others who take it as it is.
func TestDeflatedOnce(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	subs := []string{"a", `"quoted" \ 한국어`, strings.Repeat("long", 16)}
	var readers []*client
	for _, sub := range subs {
		for _, c := range []*client{n.connect(), n.connectDeflating()} {
			c.auth(alice, n.now)
			c.stored(sub, filter{"kinds": []uint16{1, 20001, nostr.KindGiftWrap}})
			readers = append(readers, c)
		}
	}
	wrap := n.event(carol, nostr.KindGiftWrap, 1, strings.Repeat("x", 1000), nostr.Tag{"p", alice.PubKey().String()})
	note := n.note(alice, 2, strings.Repeat("a note of some length ", 40))
	typing := n.event(bob, 20001, 3, strings.Repeat("typing ", 60))
	for _, e := range []*nostr.Event{note, wrap, typing, n.note(bob, 4, "hi")} {
		n.submit(e)
		sizes, pays := map[int]bool{}, false
		for i, c := range readers {
			m := c.want("EVENT", subs[i/2])
			if string(m.parts[2]) != string(e.AppendJSON(nil)) {
				t.Errorf("got %s", m)
			}
			if i%2 == 0 && m.deflated != 0 {
				t.Error("a client that did not ask for it got a compressed message")
			}
			if i%2 == 1 {
				sizes[m.deflated-len(eventHead(subs[i/2]))] = true
				pays = pays || m.deflated > 0
			}
		}
		if want := e == note || e == typing; pays != want {
			t.Errorf("%s: compressed is %v", e.AppendJSON(nil), pays)
		} else if pays && len(sizes) != 1 {
			t.Errorf("one event was deflated to %v bytes beside the subscription's name", sizes)
		}
	}
	if n, saved := n.relay.stats.deflated.Get(), n.relay.stats.saved.Get(); n != 2 || saved == 0 {
		t.Errorf("%d events are counted as deflated, and %d bytes as saved", n, saved)
	}
}

func TestBadCompression(t *testing.T) {
	const limit = 1 << 16
	n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.Limits.Frame = limit })
	good := deflateAll(t, `["CLOSE","s"]`)
	rsv2 := frame(ws.OpText, "[]")
	rsv2.Header.Rsv = ws.Rsv(false, true, false)
	for name, tt := range map[string]struct {
		frames []ws.Frame
		code   ws.StatusCode
	}{
		"a ping":            {[]ws.Frame{compressed([]byte("x"), ws.OpPing, true)}, ws.StatusProtocolError},
		"a later part":      {[]ws.Frame{part(ws.OpText, "["), compressed(good, ws.OpContinuation, true)}, ws.StatusProtocolError},
		"another bit":       {[]ws.Frame{rsv2}, ws.StatusProtocolError},
		"not deflate":       {[]ws.Frame{compressed([]byte("\xff\xff\xff"), ws.OpText, true)}, ws.StatusInvalidFramePayloadData},
		"nothing":           {[]ws.Frame{compressed([]byte{0}, ws.OpText, true)}, 0},
		"no bytes":          {[]ws.Frame{compressed(nil, ws.OpText, true)}, ws.StatusInvalidFramePayloadData},
		"cut off":           {[]ws.Frame{compressed(good[:len(good)/2], ws.OpText, true)}, ws.StatusInvalidFramePayloadData},
		"not UTF-8":         {[]ws.Frame{compressed(deflateAll(t, "\"\xff\""), ws.OpText, true)}, ws.StatusInvalidFramePayloadData},
		"long before":       {[]ws.Frame{compressed(make([]byte, limit+1), ws.OpText, true)}, ws.StatusMessageTooBig},
		"long after":        {[]ws.Frame{compressed(deflateAll(t, strings.Repeat("x", limit+1)), ws.OpText, true)}, ws.StatusMessageTooBig},
		"as long as may be": {[]ws.Frame{compressed(deflateAll(t, strings.Repeat("x", limit)), ws.OpText, true)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := n.connectDeflating()
			c.t = t
			c.sendFrames(tt.frames...)
			if tt.code == 0 {
				if m := c.next(); m.label != "NOTICE" { // it was read, and is no message
					t.Errorf("got %s", m)
				}
				return
			}
			c.wantClose(tt.code)
		})
	}
}

// TestBomb: a message that would inflate to half a gigabyte is cut off at the limit, for little memory.
func TestBomb(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	// A megabyte's blocks end at a byte, and so may be put together.
	mega := append(deflateAll(t, strings.Repeat("\x00", 1<<20)), syncEnd...)
	payload := bytes.Repeat(mega, min(512, DefaultLimits().Frame/len(mega)))
	c := n.connectDeflating()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c.sendFrames(compressed(payload, ws.OpText, true))
	c.wantClose(ws.StatusMessageTooBig)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 {
		t.Errorf("%d bytes of memory were taken", took)
	}
	if _, err := inflate(payload, 1<<20); !errors.Is(err, errInflated) {
		t.Errorf("inflate: %v", err)
	}
}

// TestDeflatedEvent puts frames together and has two inflaters, neither of which made them, read them.
func TestDeflatedEvent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sub := rapid.StringN(1, 64, 256).Draw(t, "sub")
		word := rapid.SampledFrom([]string{"word ", "마당", "0123456789abcdef", rapid.StringN(0, 8, 32).Draw(t, "word")})
		json := []byte(`{"content":"` + strings.Join(rapid.SliceOfN(word, 0, 20_000).Draw(t, "words"), "") + `"}`)
		f := outFrame{eventHead(sub), &outEvent{json: json, deflate: deflateEvent}}
		var wire []byte
		room := rapid.IntRange(1, 70_000).Draw(t, "room")
		for n := f.length(true); len(wire) < n; {
			part := f.fill(make([]byte, 0, room), len(wire), true)
			wire = append(wire, part...)
		}
		h, err := ws.ReadHeader(bytes.NewReader(wire))
		if err != nil {
			t.Fatal(err)
		}
		payload := wire[len(wire)-int(h.Length):]
		if len(wire) > f.size() {
			t.Errorf("%d bytes, where at most %d are counted", len(wire), f.size())
		}
		want := nostr.AppendEvent(nil, sub, json)
		if !h.Rsv1() {
			if !bytes.Equal(payload, want) {
				t.Errorf("got %q, want %q", payload, want)
			}
			return
		}
		tail := strings.NewReader(syncEnd + "\x01" + syncEnd)
		got, err := io.ReadAll(klauspost.NewReader(io.MultiReader(bytes.NewReader(payload), tail)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("klauspost: %q, %v, want %q", got, err, want)
		}
		if got, err := inflateAll(payload); err != nil || !bytes.Equal(got, want) {
			t.Errorf("compress/flate: %q, %v, want %q", got, err, want)
		}
	})
}

// FuzzInflate: whatever is called compressed, what comes out is within the limit, and the same as another inflater's.
func FuzzInflate(f *testing.F) {
	f.Add(deflateAll(f, "hello"))
	f.Add(deflateAll(f, strings.Repeat("x", 2000)))
	f.Add([]byte("\xf3\x48\xcd\xc9\xc9\x07\x00\x00")) // RFC 7692, section 7.2.3.4: the last block is marked so
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 1000
		got, err := inflate(bytes.Clone(b), limit)
		if len(got) > limit {
			t.Fatalf("%d bytes", len(got))
		}
		want, wantErr := inflateAll(b)
		if err == nil && (wantErr != nil || !bytes.Equal(got, want)) {
			t.Fatalf("%q, want %q, %v", got, want, wantErr)
		}
		if wantErr == nil && err != nil && len(want) <= limit {
			t.Fatalf("%v, want %q", err, want)
		}
	})
}
