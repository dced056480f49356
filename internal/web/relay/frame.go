package relay

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// errGone is returned when the client has said farewell.
var errGone = errors.New("the client closed the connection")

// closeError ends a connection with a close frame.
type closeError struct {
	code   ws.StatusCode
	reason string
}

func (e *closeError) Error() string { return fmt.Sprintf("closing with %d: %s", e.code, e.reason) }

// frameReader puts messages together (RFC 6455, section 5).
type frameReader struct {
	r     *bufio.Reader
	limit int                                   // bytes of one message
	pong  func(payload []byte)                  // answers a ping
	bye   func(code ws.StatusCode, text string) // answers a close frame
}

// next returns the next text message, which is the caller's. Memory grows with what arrives, never with what a header
// promises.
func (f *frameReader) next() ([]byte, error) {
	var message bytes.Buffer
	state := ws.StateServerSide
	for fragments := 0; fragments < maxFragments; {
		h, err := ws.ReadHeader(f.r)
		if err != nil {
			if errors.Is(err, ws.ErrHeaderLengthMSB) || errors.Is(err, ws.ErrHeaderLengthUnexpected) {
				return nil, &closeError{ws.StatusProtocolError, "malformed frame"}
			}
			return nil, err
		}
		if err := ws.CheckHeader(h, state); err != nil {
			return nil, &closeError{ws.StatusProtocolError, err.Error()}
		}
		if h.OpCode.IsControl() {
			if err := f.control(h); err != nil {
				return nil, err
			}
			continue
		}
		fragments++
		if h.OpCode == ws.OpBinary {
			return nil, &closeError{ws.StatusUnsupportedData, "only text messages are understood"}
		}
		if h.Length > int64(f.limit-message.Len()) {
			return nil, &closeError{ws.StatusMessageTooBig, fmt.Sprintf("messages may have %d bytes", f.limit)}
		}
		start := message.Len()
		if _, err := io.CopyN(&message, f.r, h.Length); err != nil {
			return nil, noEOF(err)
		}
		ws.Cipher(message.Bytes()[start:], h.Mask, 0)
		if !h.Fin {
			state = state.Set(ws.StateFragmented)
			continue
		}
		if !utf8.Valid(message.Bytes()) {
			return nil, &closeError{ws.StatusInvalidFramePayloadData, "text is not UTF-8"}
		}
		return message.Bytes(), nil
	}
	return nil, &closeError{ws.StatusPolicyViolation, "too many fragments"}
}

func (f *frameReader) control(h ws.Header) error {
	payload := make([]byte, h.Length)
	if _, err := io.ReadFull(f.r, payload); err != nil {
		return noEOF(err)
	}
	ws.Cipher(payload, h.Mask, 0)
	switch h.OpCode {
	case ws.OpPing:
		f.pong(payload)
	case ws.OpClose:
		code, reason := ws.StatusNormalClosure, ""
		if h.Length > 0 {
			code, reason = ws.ParseCloseFrameData(payload)
			if h.Length == 1 || ws.CheckCloseFrameData(code, reason) != nil {
				return &closeError{ws.StatusProtocolError, "malformed close frame"}
			}
		}
		f.bye(code, "")
		return errGone
	}
	return nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// patientConn gives every read idleTime and every write writeTime, until hurry gives all that follows closeTime
// together.
type patientConn struct {
	net.Conn
	mu       sync.Mutex // guards hurrying, together with the deadlines that follow from it
	hurrying bool
}

func (c *patientConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	if !c.hurrying {
		c.Conn.SetReadDeadline(time.Now().Add(idleTime))
	}
	c.mu.Unlock()
	return c.Conn.Read(p)
}

func (c *patientConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	if !c.hurrying {
		c.Conn.SetWriteDeadline(time.Now().Add(writeTime))
	}
	c.mu.Unlock()
	return c.Conn.Write(p)
}

func (c *patientConn) hurry() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hurrying = true
	c.Conn.SetDeadline(time.Now().Add(closeTime))
}
