package relay

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws/wsflate"
	"github.com/klauspost/compress/flate"

	"madang/internal/eventlog"
	"madang/internal/nostr"
)

// Compression is permessage-deflate (RFC 7692), each message by itself, so that no connection has a window to keep. An
// event is deflated once for all who get it: the blocks of a deflate stream may be put together wherever one ends at a
// byte, so a message is the words before the event in a stored block, and then the blocks that all have in common.

// rsv1 in a frame's first byte says that the message is compressed (RFC 7692, section 6).
const rsv1 = 0x40

// storedHeader is the size of a stored block's header (RFC 1951, section 3.2.4).
const storedHeader = 5

func appendStored(dst []byte, n int) []byte {
	return append(dst, 0, byte(n), byte(n>>8), byte(^n), byte(^n>>8))
}

// syncEnd is how a flushed stream ends; what is sent lacks it (RFC 7692, section 7.2.1).
const syncEnd = "\x00\x00\xff\xff"

// deflation negotiates the extension for one connection: the first offer that can be met is.
type deflation struct{ agreed bool }

func (d *deflation) negotiate(offer httphead.Option) (httphead.Option, error) {
	var p wsflate.Parameters
	// An offer that is malformed, or wants a smaller window than the encoder's, is passed over, as the RFC has it.
	if d.agreed || string(offer.Name) != wsflate.ExtensionName || p.Parse(offer) != nil || p.ServerMaxWindowBits != 0 {
		return httphead.Option{}, nil
	}
	d.agreed = true
	return wsflate.Parameters{ServerNoContextTakeover: true, ClientNoContextTakeover: true}.Option(), nil
}

const (
	minDeflate  = 400      // bytes of an event that may be worth it
	coldDeflate = 2        // times that an event is sent as it is, because it may be the last time
	rawDeflate  = 16 << 10 // from which on an event is deflated even for one reader who may be the only one
)

// sealed reports whether events of the kind are sealed for their readers, so that they do not get smaller.
func sealed(kind uint16) bool {
	return kind == nostr.KindGiftWrap || kind == nostr.KindEphemeralWrap || kind == kindDirectMessage
}

// kindDirectMessage is NIP-04's.
const kindDirectMessage uint16 = 4

// deflateEvent returns an event and the bracket that closes its message as the last blocks of a stream, without syncEnd;
// nil if that saves nothing.
func deflateEvent(json []byte) []byte {
	out := bytes.NewBuffer(make([]byte, 0, len(json)))
	// Writing to memory cannot fail, and so neither can this.
	_ = flate.StatelessDeflate(out, append(json[:len(json):len(json)], ']'), false, nil)
	body, ok := bytes.CutSuffix(out.Bytes(), []byte(syncEnd))
	if !ok || len(body) >= len(json) {
		return nil
	}
	return bytes.Clone(body)
}

// compressed returns what deflate made of the event, which is asked once.
func (e *outEvent) compressed() []byte {
	e.once.Do(func() {
		if e.deflate != nil {
			e.deflated = e.deflate(e.json)
		}
	})
	return e.deflated
}

// deflatedEvents keeps what stored events were deflated to, since many people ask for the same ones: an event is sent as
// it is until it has been asked for coldDeflate times.
type deflatedEvents struct {
	kept  eventlog.Recent[deflatedEvent]
	stats *stats
}

const deflatedSize = 4 << 10 // of what is kept: 16 MiB at worst, and 2 MiB where events have the usual size

type deflatedEvent struct {
	body []byte // nil: not deflated
	seen int    // how often it was asked for before that
}

func (d *deflatedEvents) put(pos eventlog.Position, body []byte) {
	if len(body) <= deflatedSize {
		d.kept.Put(pos, deflatedEvent{body: body})
	}
}

// deflate deflates an event and keeps what that gave.
func (d *deflatedEvents) deflate(pos eventlog.Position, json []byte) []byte {
	body := deflateEvent(json)
	d.put(pos, body)
	d.stats.deflated.Inc()
	if body != nil {
		d.stats.saved.Add(len(json) - len(body))
	}
	return body
}

// live returns an event for all whom it is on its way to.
func (d *deflatedEvents) live(pos eventlog.Position, json []byte) *outEvent {
	e := &outEvent{json: json}
	if len(json) >= minDeflate {
		e.deflate = func(json []byte) []byte { return d.deflate(pos, json) }
	}
	return e
}

// stored returns an event for one reader who takes compressed messages.
func (d *deflatedEvents) stored(pos eventlog.Position, json []byte) *outEvent {
	e := &outEvent{json: json}
	if len(json) < minDeflate {
		return e
	}
	known, _ := d.kept.Get(pos)
	switch {
	case known.body != nil:
		e.deflate = func([]byte) []byte { return known.body }
	case known.seen >= coldDeflate || len(json) >= rawDeflate:
		e.deflate = func(json []byte) []byte { return d.deflate(pos, json) }
	default:
		d.kept.Put(pos, deflatedEvent{seen: known.seen + 1})
	}
	return e
}

// inflater reads what clients compressed.
type inflater struct {
	from  bytes.Reader
	flate io.Reader // of from
}

var inflaters = sync.Pool{New: func() any {
	z := new(inflater)
	z.flate = flate.NewReader(&z.from)
	return z
}}

var (
	errInflate  = errors.New("malformed compressed data")
	errInflated = errors.New("inflates to too much")
)

// inflate returns what a client's message says, of at most limit bytes. It may append to the message.
func inflate(message []byte, limit int) ([]byte, error) {
	z := inflaters.Get().(*inflater)
	defer inflaters.Put(z)
	// What the client left away, and an empty last block to make the stream whole.
	z.from.Reset(append(message, syncEnd+"\x01"+syncEnd...))
	defer z.from.Reset(nil)
	if err := z.flate.(flate.Resetter).Reset(&z.from, nil); err != nil {
		return nil, errInflate
	}
	text := bytes.NewBuffer(make([]byte, 0, min(4*len(message), limit)))
	n, err := text.ReadFrom(io.LimitReader(z.flate, int64(limit)+1))
	switch {
	case n > int64(limit):
		return nil, errInflated
	case err != nil:
		return nil, errInflate
	}
	return text.Bytes(), nil
}
