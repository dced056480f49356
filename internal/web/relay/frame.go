package relay

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// errGone is returned when the client has said farewell.
var errGone = errors.New("the client closed the connection")

// statusTryAgainLater is registered by IANA beside those of RFC 6455.
const statusTryAgainLater ws.StatusCode = 1013

// closeError ends a connection with a close frame.
type closeError struct {
	code   ws.StatusCode
	reason string
}

func (e *closeError) Error() string { return fmt.Sprintf("closing with %d: %s", e.code, e.reason) }

// frameReader puts messages together (RFC 6455, section 5).
type frameReader struct {
	r       *bufio.Reader
	limit   int                                   // bytes of one message, as it comes and as it is inflated
	inflate bool                                  // messages may be compressed (RFC 7692)
	pong    func(payload []byte)                  // answers a ping
	bye     func(code ws.StatusCode, text string) // answers a close frame
	hold    func(n, of int) bool                  // counts n bytes more of a message of so many; false: there is no room

	held  int       // bytes counted by hold
	began time.Time // when the message did
}

// next returns the next text message, which is the caller's, or nothing after a control frame between messages. Memory
// grows with what arrives, never with what a header promises.
func (f *frameReader) next() ([]byte, error) {
	message, err := f.whole()
	if f.held > 0 {
		f.hold(-f.held, 0)
		f.held = 0
	}
	return message, err
}

// whole is next, with bytes left counted.
func (f *frameReader) whole() ([]byte, error) {
	var message []byte
	state, compressed := ws.StateServerSide, false
	for fragments := 0; fragments < maxFragments; {
		h, err := f.header(state)
		if err != nil {
			return nil, err
		}
		if h.OpCode.IsControl() {
			if err := f.control(h); err != nil {
				return nil, err
			}
			if !state.Fragmented() {
				return nil, nil
			}
			continue
		}
		if fragments++; fragments == 1 {
			compressed, f.began = h.Rsv1(), time.Now()
		} else if err := f.notTooSlow(len(message)); err != nil {
			return nil, err
		}
		if h.OpCode == ws.OpBinary {
			return nil, &closeError{ws.StatusUnsupportedData, "only text messages are understood"}
		}
		if h.Length > int64(f.limit-len(message)) {
			return nil, f.tooBig()
		}
		if message, err = f.payload(message, h); err != nil {
			return nil, err
		}
		if h.Fin {
			return f.text(message, compressed)
		}
		state = state.Set(ws.StateFragmented)
	}
	return nil, &closeError{ws.StatusPolicyViolation, "too many fragments"}
}

func (f *frameReader) tooBig() error {
	return &closeError{ws.StatusMessageTooBig, fmt.Sprintf("messages may have %d bytes", f.limit)}
}

// header reads a header. That a message is compressed is said in its first frame (RFC 7692, section 6).
func (f *frameReader) header(state ws.State) (ws.Header, error) {
	h, err := ws.ReadHeader(f.r)
	if err != nil {
		if errors.Is(err, ws.ErrHeaderLengthMSB) || errors.Is(err, ws.ErrHeaderLengthUnexpected) {
			return h, &closeError{ws.StatusProtocolError, "malformed frame"}
		}
		return h, err
	}
	checked := h
	if f.inflate && h.Rsv1() && h.OpCode.IsData() && !state.Fragmented() {
		checked.Rsv = ws.Rsv(false, h.Rsv2(), h.Rsv3())
	}
	if err := ws.CheckHeader(checked, state); err != nil {
		return h, &closeError{ws.StatusProtocolError, err.Error()}
	}
	return h, nil
}

// notTooSlow wants a message to come at writeChunk bytes in writeTime at least: whoever never ends one would keep what
// all may have.
func (f *frameReader) notTooSlow(got int) error {
	if time.Since(f.began) > writeTime*time.Duration(1+got/writeChunk) {
		return &closeError{ws.StatusPolicyViolation, "the message comes too slowly"}
	}
	return nil
}

// payload appends a frame's payload to the message. What is longer than one step is counted while it is not whole.
func (f *frameReader) payload(message []byte, h ws.Header) ([]byte, error) {
	const step = 4 << 10
	for left := int(h.Length); left > 0; {
		start := len(message)
		n := min(left, max(step, start))
		if start+n > step {
			f.held += n
			if !f.hold(n, start+n) {
				return nil, &closeError{statusTryAgainLater, "too many long messages at once, try again later"}
			}
		}
		message = slices.Grow(message, n)[:start+n]
		for got := start; got < start+n; {
			k, err := f.r.Read(message[got:])
			if err != nil {
				return nil, noEOF(err)
			}
			got += k
			if err := f.notTooSlow(got); err != nil {
				return nil, err
			}
		}
		ws.Cipher(message[start:], h.Mask, int(h.Length)-left)
		left -= n
	}
	return message, nil
}

// text returns what a whole message says.
func (f *frameReader) text(message []byte, compressed bool) ([]byte, error) {
	if compressed {
		var err error
		switch message, err = inflate(message, f.limit); {
		case errors.Is(err, errInflated):
			return nil, f.tooBig()
		case err != nil:
			return nil, &closeError{ws.StatusInvalidFramePayloadData, err.Error()}
		}
	}
	if !utf8.Valid(message) {
		return nil, &closeError{ws.StatusInvalidFramePayloadData, "text is not UTF-8"}
	}
	if message == nil {
		message = []byte{}
	}
	return message, nil
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
