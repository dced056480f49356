package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"

	"madang/internal/nostr"
)

// mostMessage is the longest message that a client takes, in bytes.
const mostMessage = 8 << 20

// client is a WebSocket connection that costs little: it reads frames where they lie, and tells messages apart by how
// they begin. One goroutine reads; any may send.
type client struct {
	conn    net.Conn
	r       *bufio.Reader
	unread  int // bytes of the last message, still in r
	long    []byte
	inflate *inflater // nil: compression was not negotiated
	count   bool      // compressed messages are not opened: whoever reads wants only their number
	got     int64     // bytes of all messages so far, as they came over the wire

	sending sync.Mutex
	release func() bool
}

type clientOptions struct {
	buffer  int  // bytes to read at once
	window  int  // bytes that the system takes in unread, as a phone on Wi-Fi; 0: as it likes
	deflate bool // offer compression as browsers do
}

// dial connects. The connection breaks when ctx ends.
func dial(ctx context.Context, addr string, o clientOptions) (*client, error) {
	d := ws.Dialer{
		Timeout: 30 * time.Second,
		NetDial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			nd := net.Dialer{Control: asPhone(o.window)}
			return nd.DialContext(ctx, network, addr)
		},
	}
	if o.deflate {
		d.Extensions = append(d.Extensions, wsflate.Parameters{ClientMaxWindowBits: 1}.Option())
	}
	conn, early, handshake, err := d.Dial(ctx, "ws://"+addr)
	if err != nil {
		return nil, err
	}
	var from io.Reader = conn
	if early != nil { // what came with the answer to the handshake
		rest, _ := early.Peek(early.Buffered())
		from = io.MultiReader(bytes.NewReader(bytes.Clone(rest)), conn)
		ws.PutReader(early)
	}
	c := &client{conn: conn, r: bufio.NewReaderSize(from, max(o.buffer, 512))}
	for _, extension := range handshake.Extensions {
		var p wsflate.Parameters
		if err := p.Parse(extension); err != nil {
			conn.Close()
			return nil, fmt.Errorf("permessage-deflate: %w", err)
		}
		c.inflate = newInflater(!p.ServerNoContextTakeover)
	}
	c.release = context.AfterFunc(ctx, func() { conn.Close() })
	return c, nil
}

// close breaks the connection at once, so that thousands leave no ports behind that wait.
func (c *client) close() {
	c.release()
	if tcp, ok := c.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // it is closed all the same
	}
	c.conn.Close()
}

// send writes frames.
func (c *client) send(frames []byte) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	_, err := c.conn.Write(frames)
	return err
}

// textFrame returns a message as a client's frame (RFC 6455, section 5.2).
func textFrame(message []byte) []byte {
	var mask [4]byte
	binary.NativeEndian.PutUint32(mask[:], rand.Uint32())
	return ws.MustCompileFrame(ws.MaskFrameWith(ws.NewTextFrame(message), mask))
}

// next returns the next message, which is valid until the one after it is asked for.
func (c *client) next() ([]byte, error) {
	for {
		payload, first, err := c.frame()
		if err != nil {
			return nil, err
		}
		const final, compressed = 0x80, 0x40
		switch op := ws.OpCode(first & 0x0f); {
		case op == ws.OpPing:
			pong := ws.MaskFrame(ws.NewPongFrame(bytes.Clone(payload)))
			if err := c.send(ws.MustCompileFrame(pong)); err != nil {
				return nil, err
			}
		case op == ws.OpClose:
			code, reason := ws.ParseCloseFrameData(payload)
			return nil, &closedError{code, reason}
		case op != ws.OpText || first&final == 0:
			return nil, fmt.Errorf("a frame that begins with %#x", first)
		case first&compressed != 0 && c.inflate == nil:
			return nil, fmt.Errorf("a compressed frame, although compression was not negotiated")
		case first&compressed != 0 && c.count:
			return isEvent, nil
		case first&compressed != 0:
			return c.inflate.message(payload)
		default:
			return payload, nil
		}
	}
}

// closedError is the server's farewell.
type closedError struct {
	code   ws.StatusCode
	reason string
}

func (e *closedError) Error() string {
	return fmt.Sprintf("the server closed: %d %s", e.code, e.reason)
}

// frame returns a frame's payload and its first byte.
func (c *client) frame() (payload []byte, first byte, err error) {
	if _, err := c.r.Discard(c.unread); err != nil {
		return nil, 0, err
	}
	c.unread = 0
	head, err := c.r.Peek(2)
	if err != nil {
		return nil, 0, err
	}
	first = head[0]
	size, rest := int(head[1]&0x7f), 0
	switch size {
	case 126:
		rest = 2
	case 127:
		rest = 8
	}
	if head, err = c.r.Peek(2 + rest); err != nil {
		return nil, 0, err
	}
	switch rest {
	case 2:
		size = int(binary.BigEndian.Uint16(head[2:]))
	case 8:
		size = int(min(binary.BigEndian.Uint64(head[2:]), mostMessage+1))
	}
	if size > mostMessage {
		return nil, 0, fmt.Errorf("a message of more than %d bytes", mostMessage)
	}
	if _, err := c.r.Discard(2 + rest); err != nil {
		return nil, 0, err
	}
	c.got += int64(2 + rest + size)
	if size <= c.r.Size() {
		payload, err = c.r.Peek(size)
		c.unread = len(payload)
		return payload, first, err
	}
	if cap(c.long) < size {
		c.long = make([]byte, size)
	}
	payload = c.long[:size]
	_, err = io.ReadFull(c.r, payload)
	return payload, first, err
}

// The beginnings of a relay's messages.
var (
	isAuth   = []byte(`["AUTH"`)
	isEOSE   = []byte(`["EOSE"`)
	isEvent  = []byte(`["EVENT"`)
	isNotice = []byte(`["NOTICE"`)
	isOK     = []byte(`["OK"`)
)

// await returns the next message that begins so. Events are passed over; any other message is an error.
func (c *client) await(begin []byte) ([]byte, error) {
	for {
		m, err := c.next()
		if err != nil {
			return nil, err
		}
		if bytes.HasPrefix(m, begin) {
			return m, nil
		}
		if !bytes.HasPrefix(m, isEvent) && !bytes.HasPrefix(m, isAuth) {
			return nil, unexpected(m)
		}
	}
}

func unexpected(m []byte) error { return fmt.Errorf("the server says %.300s", m) }

// accepted refuses an OK that is not true, and one for an event that was there already: what that costs is not what is
// measured.
func accepted(ok []byte) error {
	const verdict = len(`["OK","`) + 64 + len(`",`)
	if len(ok) < verdict+len(`true,""]`) || ok[verdict] != 't' || bytes.Contains(ok[verdict:], []byte("duplicate")) {
		return unexpected(ok)
	}
	return nil
}

// awaitOK waits until an event has been taken.
func awaitOK(c *client) error {
	m, err := c.await(isOK)
	if err != nil {
		return err
	}
	return accepted(m)
}

// authenticate proves to be each of the keys (NIP-42). It must be the first to read from the connection.
func (c *client) authenticate(addr string, keys ...nostr.SecretKey) error {
	m, err := c.await(isAuth)
	if err != nil {
		return err
	}
	var challenge [2]string
	if err := json.Unmarshal(m, &challenge); err != nil {
		return err
	}
	for _, key := range keys {
		e := &nostr.Event{Kind: nostr.KindAuth, CreatedAt: time.Now().Unix(), Tags: nostr.Tags{
			{"relay", "ws://" + addr + "/"}, {"challenge", challenge[1]},
		}}
		if err := e.Sign(key); err != nil {
			return err
		}
		if err := c.send(textFrame(append(e.AppendJSON([]byte(`["AUTH",`)), ']'))); err != nil {
			return err
		}
		if err := awaitOK(c); err != nil {
			return err
		}
	}
	return nil
}
