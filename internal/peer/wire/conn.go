package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"madang/internal/nostr"
)

const (
	closeTime  = time.Second
	maxMessage = 5 << 20 // bytes of one message: the largest event, a node's roster, and what is around it
	// tediousness is how many times our patience a relay may talk without saying what it was asked for.
	tediousness = 10
)

// conn is the WebSocket (RFC 6455) to the other relay. It belongs to one goroutine.
type conn struct {
	net      net.Conn
	patience time.Duration
	asked    time.Time // when the relay last said what it was asked for
	messages wsutil.Reader
	out      *bufio.Writer
}

// newConn takes what Dial returns.
func newConn(nc net.Conn, buffered *bufio.Reader, patience time.Duration) *conn {
	c := &conn{net: nc, patience: patience, asked: time.Now()}
	c.out = bufio.NewWriterSize(patient{c}, 16<<10)
	var in io.Reader = patient{c}
	if buffered != nil { // the relay spoke at once
		early, _ := buffered.Peek(buffered.Buffered())
		in = io.MultiReader(bytes.NewReader(bytes.Clone(early)), in)
		ws.PutReader(buffered)
	}
	c.messages = wsutil.Reader{
		Source: bufio.NewReaderSize(in, 16<<10), State: ws.StateClientSide, MaxMessageSize: maxMessage,
		OnIntermediate: c.control,
	}
	return c
}

// patient bounds every read and write.
type patient struct{ *conn }

func (p patient) Read(b []byte) (int, error) {
	at := time.Now().Add(p.patience)
	if last := p.asked.Add(tediousness * p.patience); last.Before(at) {
		at = last
	}
	if err := p.net.SetReadDeadline(at); err != nil {
		return 0, err
	}
	return p.net.Read(b)
}

func (p patient) Write(b []byte) (int, error) {
	if err := p.net.SetWriteDeadline(time.Now().Add(p.patience)); err != nil {
		return 0, err
	}
	return p.net.Write(b)
}

// heard takes note that the relay has said what it was asked for.
func (c *conn) heard() { c.asked = time.Now() }

// write queues a message; receive and flush send what is queued.
func (c *conn) write(message []byte) error {
	if err := wsutil.WriteClientText(c.out, message); err != nil {
		return temporary{fmt.Errorf("sending: %w", err)}
	}
	return nil
}

func (c *conn) flush() error {
	if err := c.out.Flush(); err != nil {
		return temporary{fmt.Errorf("sending: %w", err)}
	}
	return nil
}

// errMessage refuses what no relay says.
var errMessage = errors.New("what the relay says is no Nostr")

// receive returns the next message.
func (c *conn) receive() (nostr.RelayMessage, error) {
	for {
		if err := c.flush(); err != nil {
			return nostr.RelayMessage{}, err
		}
		header, err := c.messages.NextFrame()
		if err != nil {
			return nostr.RelayMessage{}, broken(err)
		}
		if header.OpCode.IsControl() {
			if err := c.control(header, &c.messages); err != nil {
				return nostr.RelayMessage{}, broken(err)
			}
			continue
		}
		frame, err := io.ReadAll(&c.messages)
		if err != nil {
			return nostr.RelayMessage{}, broken(err)
		}
		m, err := nostr.DecodeRelayMessage(frame)
		if err != nil {
			return m, fmt.Errorf("%w: %w", errMessage, err)
		}
		return m, nil
	}
}

// broken says whether it is worth to connect again.
func broken(err error) error {
	if errors.Is(err, wsutil.ErrMessageTooLarge) {
		return fmt.Errorf("%w: a message of more than %d bytes", errMessage, maxMessage)
	}
	return temporary{fmt.Errorf("the relay went away: %w", err)}
}

// control answers pings and a farewell.
func (c *conn) control(header ws.Header, body io.Reader) error {
	payload, err := io.ReadAll(io.LimitReader(body, ws.MaxControlFramePayloadSize))
	if err != nil {
		return err
	}
	switch header.OpCode {
	case ws.OpPing:
		return wsutil.WriteClientMessage(c.out, ws.OpPong, payload)
	case ws.OpClose:
		code, reason := ws.ParseCloseFrameData(payload)
		return wsutil.ClosedError{Code: code, Reason: reason}
	}
	return nil
}

// close says farewell and ends the connection.
func (c *conn) close() {
	c.patience = closeTime
	// Whether it hears that is all one to us.
	_ = wsutil.WriteClientMessage(c.out, ws.OpClose, ws.NewCloseFrameBody(ws.StatusNormalClosure, ""))
	_ = c.out.Flush()
	_ = c.net.Close()
}
