package relay

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// frame is a client's frame; fin and mask as a good client has them.
func frame(op ws.OpCode, payload string) ws.Frame {
	return ws.MaskFrameWith(ws.NewFrame(op, true, []byte(payload)), [4]byte{1, 2, 3, 4})
}

func part(op ws.OpCode, payload string) ws.Frame {
	return ws.MaskFrameWith(ws.NewFrame(op, false, []byte(payload)), [4]byte{5, 6, 7, 8})
}

func (c *client) sendFrames(frames ...ws.Frame) {
	c.t.Helper()
	var b bytes.Buffer
	for _, f := range frames {
		if err := ws.WriteFrame(&b, f); err != nil {
			c.t.Fatal(err)
		}
	}
	c.sendBytes(b.Bytes())
}

func (c *client) sendBytes(b []byte) {
	c.t.Helper()
	c.conn.SetWriteDeadline(time.Now().Add(patience))
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

func TestBadFramesCloseTheConnection(t *testing.T) {
	const limit = 1000
	n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.Limits.Frame = limit })
	unmasked := ws.NewTextFrame([]byte("[]"))
	reserved := frame(ws.OpText, "[]")
	reserved.Header.Rsv = 4
	longPing := frame(ws.OpPing, strings.Repeat("p", 126))
	closing := func(payload []byte) ws.Frame { return frame(ws.OpClose, string(payload)) }
	long := strings.Repeat("x", limit)
	tests := map[string]struct {
		frames []ws.Frame
		code   ws.StatusCode
	}{
		"unmasked":                  {[]ws.Frame{unmasked}, ws.StatusProtocolError},
		"reserved bit":              {[]ws.Frame{reserved}, ws.StatusProtocolError},
		"reserved opcode":           {[]ws.Frame{frame(3, "x")}, ws.StatusProtocolError},
		"long ping":                 {[]ws.Frame{longPing}, ws.StatusProtocolError},
		"ping in parts":             {[]ws.Frame{part(ws.OpPing, "x")}, ws.StatusProtocolError},
		"continues nothing":         {[]ws.Frame{frame(ws.OpContinuation, "x")}, ws.StatusProtocolError},
		"text within a message":     {[]ws.Frame{part(ws.OpText, "["), frame(ws.OpText, "]")}, ws.StatusProtocolError},
		"binary":                    {[]ws.Frame{frame(ws.OpBinary, "x")}, ws.StatusUnsupportedData},
		"too long":                  {[]ws.Frame{frame(ws.OpText, strings.Repeat("x", limit+1))}, ws.StatusMessageTooBig},
		"long in parts":             {[]ws.Frame{part(ws.OpText, long), part(ws.OpContinuation, "x")}, ws.StatusMessageTooBig},
		"not UTF-8":                 {[]ws.Frame{frame(ws.OpText, "[\"\xff\"]")}, ws.StatusInvalidFramePayloadData},
		"close of one byte":         {[]ws.Frame{closing([]byte{3})}, ws.StatusProtocolError},
		"close with a bad code":     {[]ws.Frame{closing(ws.NewCloseFrameBody(1005, ""))}, ws.StatusProtocolError},
		"close with bad text":       {[]ws.Frame{closing(ws.NewCloseFrameBody(1000, "\xff"))}, ws.StatusProtocolError},
		"close":                     {[]ws.Frame{closing(ws.NewCloseFrameBody(1000, "bye"))}, ws.StatusNormalClosure},
		"close with a code of ours": {[]ws.Frame{closing(ws.NewCloseFrameBody(4000, ""))}, 4000},
		"close without a code":      {[]ws.Frame{closing(nil)}, ws.StatusNormalClosure},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := n.connect()
			c.t = t
			c.sendFrames(tt.frames...)
			c.wantClose(tt.code)
			if _, err := c.read(); !errors.Is(err, io.EOF) {
				t.Errorf("after the close frame: %v, want EOF", err)
			}
		})
	}
}

func TestTooManyFragments(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	c := n.connect()
	frames := []ws.Frame{part(ws.OpText, "[")}
	for range maxFragments {
		frames = append(frames, part(ws.OpContinuation, ""))
	}
	c.sendFrames(frames...)
	c.wantClose(ws.StatusPolicyViolation)
}

// TestPromisedLength: a header may promise more than there is memory; only what arrives counts.
func TestPromisedLength(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	for _, length := range []uint64{1 << 62, 1 << 63, 600 << 10} {
		c := n.connect()
		header := append([]byte{0x81, 0x80 | 127}, binary.BigEndian.AppendUint64(nil, length)...)
		c.sendBytes(append(header, 1, 2, 3, 4))
		_, err := c.read()
		var closed *closeError
		if !errors.As(err, &closed) || closed.code != ws.StatusMessageTooBig && closed.code != ws.StatusProtocolError {
			t.Errorf("length %d: %v", length, err)
		}
	}
}

func TestMessageInParts(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	c := n.connect()
	c.sendFrames(
		part(ws.OpText, `["COUNT","마`[:11]), // within a character
		frame(ws.OpPing, "between"),
		part(ws.OpContinuation, `["COUNT","마`[11:]+`당",`),
		frame(ws.OpContinuation, `{}]`),
	)
	if m := c.next(); m.label != "pong" || m.raw != "between" {
		t.Errorf("got %s", m)
	}
	c.want("COUNT", "마당")
}

// TestEarlyMessage sends the first message together with the upgrade.
func TestEarlyMessage(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	host := n.server.Listener.Addr().String()
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := &client{t: t, conn: conn, host: host}
	var b bytes.Buffer
	b.WriteString("GET / HTTP/1.1\r\nHost: " + host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	ws.WriteFrame(&b, frame(ws.OpText, `["COUNT","early",{}]`))
	c.sendBytes(b.Bytes())
	c.r = bufio.NewReader(conn)
	for line := "x"; line != "\r\n"; {
		if line, err = c.r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	c.next() // AUTH
	c.want("COUNT", "early")
}

// TestSilence lets time pass: the relay pings, and gives up a client that does not answer.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		r := New(Config{})
		c := newConn(r, &address{buckets: newBuckets(Rates{})}, "box.lan")
		ended := make(chan struct{})
		c.serve(ours, nil, false, func() { close(ended) })
		began := time.Now()
		var ops []ws.OpCode
		for {
			h, err := ws.ReadHeader(theirs)
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error(err)
				}
				break
			}
			if _, err := io.CopyN(io.Discard, theirs, h.Length); err != nil {
				t.Fatal(err)
			}
			ops = append(ops, h.OpCode)
		}
		<-ended
		n := len(ops)
		if n < 4 || ops[0] != ws.OpText || ops[1] != ws.OpPing || ops[2] != ws.OpPing || ops[n-1] != ws.OpClose {
			t.Errorf("the relay sent %v", ops)
		}
		if silence := time.Since(began); silence < idleTime || silence > idleTime+closeTime {
			t.Errorf("it gave up after %v, want %v", silence, idleTime)
		}
	})
}

func TestAppendFrame(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 65535, 65536, 200_000} {
		payload := bytes.Repeat([]byte("x"), n)
		var want bytes.Buffer
		if err := ws.WriteFrame(&want, ws.NewTextFrame(payload)); err != nil {
			t.Fatal(err)
		}
		got := appendFrame([]byte("before"), ws.OpText, func(dst []byte) []byte { return append(dst, payload...) })
		if !bytes.Equal(got, append([]byte("before"), want.Bytes()...)) {
			t.Errorf("a frame of %d bytes is wrong", n)
		}
	}
}

// FuzzFrames: whatever a client sends, a message is whole UTF-8 text within the limit.
func FuzzFrames(f *testing.F) {
	for _, frames := range [][]ws.Frame{
		{frame(ws.OpText, `["CLOSE","s"]`)},
		{part(ws.OpText, `["CLOSE",`), frame(ws.OpPing, "p"), frame(ws.OpContinuation, `"s"]`)},
		{frame(ws.OpClose, "\x03\xe8bye")},
		{frame(ws.OpText, strings.Repeat("x", 300))},
	} {
		var b bytes.Buffer
		for _, frame := range frames {
			ws.WriteFrame(&b, frame)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 200
		frames := frameReader{
			r: bufio.NewReader(bytes.NewReader(b)), limit: limit,
			pong: func(p []byte) {
				if len(p) > ws.MaxControlFramePayloadSize {
					t.Errorf("a pong of %d bytes", len(p))
				}
			},
			hold: func(int, int) bool { return true },
			bye: func(code ws.StatusCode, _ string) {
				if ws.CheckCloseFrameData(code, "") != nil {
					t.Errorf("a farewell with %d", code)
				}
			},
		}
		for {
			message, err := frames.next()
			if err != nil {
				return
			}
			if len(message) > limit || !utf8.Valid(message) {
				t.Errorf("message %q", message)
			}
		}
	})
}
