package relay

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"madang/internal/nostr"
)

// statusTryAgainLater is sent to a client that reads too slowly (IANA's WebSocket close codes).
const statusTryAgainLater ws.StatusCode = 1013

// outbox is a connection's outgoing queue: frames ready for the wire, in one buffer that the writer swaps for an empty
// one, so that what waits together is written together.
type outbox struct {
	limit  int           // bytes
	total  *atomic.Int64 // bytes in all queues of the relay
	budget int64         // of total
	wake   chan struct{} // holds one token when there is something to write
	hurry  func()        // called once when the connection begins to close

	mu      sync.Mutex // guards what follows; never held while writing
	room    *sync.Cond // the queue got shorter, or closed
	queue   []byte
	writing int // bytes taken from the queue and not yet written
	closed  bool
}

func newOutbox(l Limits, total *atomic.Int64, hurry func()) *outbox {
	o := &outbox{limit: l.Queue, total: total, budget: int64(l.Queues), wake: make(chan struct{}, 1), hurry: hurry}
	o.room = sync.NewCond(&o.mu)
	return o
}

// bound is how many bytes may wait. Call with mu held.
func (o *outbox) bound() int {
	if o.total.Load() > o.budget {
		return o.limit / 16
	}
	return o.limit
}

// send queues a message that the client asked for, waiting while half of the queue is taken: the other half is for
// live events, so that a large answer does not make a client look slow. It reports whether the connection is open.
func (o *outbox) send(message func(dst []byte) []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.closed && len(o.queue)+o.writing > o.bound()/2 {
		o.room.Wait()
	}
	if o.closed {
		return false
	}
	o.push(ws.OpText, message)
	return true
}

// trySend is send for who does not wait. It reports whether the message was queued.
func (o *outbox) trySend(message func(dst []byte) []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || len(o.queue)+o.writing > o.bound()/2 {
		return false
	}
	o.push(ws.OpText, message)
	return true
}

// offer queues a message if there is room and never waits. When there is none, the client is too slow: the queue is
// thrown away, the client told so, and the connection closed. A connection that is closed already gives false, false.
func (o *outbox) offer(message func(dst []byte) []byte) (queued, slow bool) {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		return false, false
	}
	// A client that keeps up may get one event that is larger than the bound, as a large roster is.
	keepsUp := len(o.queue)+o.writing <= o.bound()/2
	o.push(ws.OpText, message)
	if keepsUp || len(o.queue)+o.writing <= o.bound() {
		o.mu.Unlock()
		return true, false
	}
	o.resize(o.queue[:0])
	o.push(ws.OpText, func(dst []byte) []byte {
		return nostr.AppendNotice(dst, "error: you read too slowly and have missed events")
	})
	o.mu.Unlock()
	o.finish(statusTryAgainLater, "reading too slowly")
	return false, true
}

// control queues a ping or pong, or leaves it out where too much waits already: who sends pings and does not read has no
// need of every answer (RFC 6455, section 5.5.3).
func (o *outbox) control(op ws.OpCode, payload []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed && len(o.queue)+o.writing <= o.bound()/2 {
		o.push(op, func(dst []byte) []byte { return append(dst, payload...) })
	}
}

// finish queues a close frame as the last one. Only the first call counts.
func (o *outbox) finish(code ws.StatusCode, reason string) {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		return
	}
	o.push(ws.OpClose, func(dst []byte) []byte { return append(dst, ws.NewCloseFrameBody(code, reason)...) })
	o.closed = true
	o.room.Broadcast()
	o.mu.Unlock()
	o.hurry()
}

func (o *outbox) finished() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.closed
}

// push appends one frame. Call with mu held.
func (o *outbox) push(op ws.OpCode, message func(dst []byte) []byte) {
	o.resize(appendFrame(o.queue, op, message))
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// resize keeps the relay's total right. Call with mu held.
func (o *outbox) resize(queue []byte) {
	o.total.Add(int64(len(queue) - len(o.queue)))
	o.queue = queue
}

// run writes until the connection closes, and pings. It returns nil after the close frame.
func (o *outbox) run(w io.Writer) error {
	ping := time.NewTicker(pingTime)
	defer ping.Stop()
	var spare []byte
	for {
		select {
		case <-ping.C:
			o.control(ws.OpPing, nil)
		case <-o.wake:
		}
		o.mu.Lock()
		out, last := o.queue, o.closed
		o.queue, o.writing = spare[:0], len(out)
		o.mu.Unlock()
		if err := o.write(w, out); err != nil {
			return err
		}
		if last {
			return nil
		}
		spare = nil
		if cap(out) <= writeChunk { // a connection at rest holds little memory
			spare = out
		}
	}
}

func (o *outbox) write(w io.Writer, out []byte) error {
	defer o.written(0)
	for len(out) > 0 {
		chunk := out[:min(len(out), writeChunk)]
		if _, err := w.Write(chunk); err != nil {
			return err
		}
		out = out[len(chunk):]
		o.written(len(out))
	}
	return nil
}

// written takes note that only left bytes of those taken are still to be written.
func (o *outbox) written(left int) {
	o.mu.Lock()
	o.total.Add(int64(left - o.writing))
	o.writing = left
	o.room.Broadcast()
	o.mu.Unlock()
}

// stop frees whoever waits after the connection broke.
func (o *outbox) stop() {
	o.mu.Lock()
	o.closed = true
	o.resize(nil)
	o.room.Broadcast()
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// appendFrame appends an unmasked, unfragmented frame (RFC 6455, section 5.2). Most payloads need the header of four
// bytes, so that much is left free before the payload is written and the payload moved where that was wrong.
func appendFrame(dst []byte, op ws.OpCode, message func(dst []byte) []byte) []byte {
	const guess = 4
	start := len(dst)
	dst = message(append(dst, make([]byte, guess)...))
	n := len(dst) - start - guess
	header := headerSize(n)
	if header > guess {
		dst = append(dst, make([]byte, header-guess)...)
	}
	copy(dst[start+header:], dst[start+guess:start+guess+n])
	dst = dst[:start+header+n]
	dst[start] = 0x80 | byte(op)
	switch header {
	case 2:
		dst[start+1] = byte(n)
	case 4:
		dst[start+1], dst[start+2], dst[start+3] = 126, byte(n>>8), byte(n)
	default:
		dst[start+1] = 127
		for i := range 8 {
			dst[start+2+i] = byte(uint64(n) >> (56 - 8*i))
		}
	}
	return dst
}

func headerSize(n int) int {
	switch {
	case n < 126:
		return 2
	case n < 1<<16:
		return 4
	}
	return 10
}
