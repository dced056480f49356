package relay

import (
	"iter"
	"sync"
	"sync/atomic"

	"github.com/gobwas/ws"

	"madang/internal/nostr"
)

// outbox is a connection's outgoing queue. Whoever has put something into it writes it, as far as the system takes it at
// once (flush); what it does not take is left to a goroutine that lives until it is written. Publishers, who have many
// connections to serve, leave the writing to the relay's flushers (wake).
type outbox struct {
	limit    int           // bytes
	total    *atomic.Int64 // bytes in all queues of the relay, what they share counted once
	budget   int64         // of total
	flushers *flushers
	deflate  bool // the client takes compressed messages

	mu      sync.Mutex // guards what follows; never held while writing
	room    sync.Cond  // the queue got shorter, or closed
	socket  *socket    // nil until attach
	queue   []outFrame
	bytes   int  // in queue
	taken   int  // frames at the queue's head that are being written
	offset  int  // bytes of the first that are written
	writing bool // somebody writes
	waking  bool // a flusher will
	corked  bool // the reader will
	closed  bool // nothing more may be queued
	broken  bool // nothing can be written
}

func (o *outbox) init(l Limits, total *atomic.Int64, flushers *flushers) {
	o.limit, o.total, o.budget, o.flushers = l.Queue, total, int64(l.Queues), flushers
	o.room.L = &o.mu
}

// attach begins to write.
func (o *outbox) attach(s *socket) {
	o.mu.Lock()
	o.socket = s
	closed, broken := o.closed, o.broken
	o.mu.Unlock()
	if closed {
		s.hurry()
	}
	if broken {
		s.Close()
	}
	o.flush()
}

// cut closes the connection as it is.
func (o *outbox) cut() {
	o.stop()
	o.mu.Lock()
	s := o.socket
	o.mu.Unlock()
	if s != nil {
		s.Close() // which waits for who is about to write, and so for mu
	}
}

// bound is how many bytes may wait. Call with mu held.
func (o *outbox) bound() int {
	if o.total.Load() > o.budget {
		return o.limit / 16
	}
	return o.limit
}

// crowded reports whether half of the queue is taken: the other half is for live events, so that a large answer does not
// make a client look slow. Call with mu held.
func (o *outbox) crowded() bool { return o.bytes > o.bound()/2 }

// send queues a message that the client asked for and writes it. It waits while the queue is crowded, and reports
// whether the connection is open.
func (o *outbox) send(message func(dst []byte) []byte) bool {
	if !o.wait() {
		return false
	}
	o.pushText(message)
	o.mu.Unlock()
	o.flush()
	return true
}

// trySend is send for who does not wait, and leaves the writing to others. It reports whether the message was queued.
func (o *outbox) trySend(message func(dst []byte) []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.crowded() {
		return false
	}
	o.pushText(message)
	o.wake()
	return true
}

// sendEvent is send for an event, but leaves it to its caller to flush.
func (o *outbox) sendEvent(f outFrame) bool {
	if !o.wait() {
		return false
	}
	o.push(f)
	o.mu.Unlock()
	return true
}

// wait waits while the queue is crowded. It returns with mu held, or with false if the connection is closed.
func (o *outbox) wait() bool {
	o.mu.Lock()
	for !o.closed && o.crowded() {
		o.wake()
		o.room.Wait()
	}
	if o.closed {
		o.mu.Unlock()
		return false
	}
	return true
}

// tryEvent is sendEvent for who does not wait. It reports whether the event was queued, and from time to time writes what
// was.
func (o *outbox) tryEvent(f outFrame) bool {
	o.mu.Lock()
	if o.closed || o.crowded() {
		o.mu.Unlock()
		return false
	}
	o.push(f)
	much := o.bytes >= writeChunk && !o.writing
	o.mu.Unlock()
	if much {
		o.flush()
	}
	return true
}

// offer queues live events if there is room and never waits. When there is none, the client is too slow: the queue is
// thrown away, the client told so, and the connection closed. A closed connection takes none.
func (o *outbox) offer(frames iter.Seq[outFrame]) (queued int, slow bool) {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		return 0, false
	}
	// A client that keeps up gets all of a group, though together, or by a large roster alone, it be beyond the bound.
	keepsUp := !o.crowded()
	for f := range frames {
		o.push(f)
		queued++
	}
	if keepsUp || o.bytes <= o.bound() {
		o.wake()
		o.mu.Unlock()
		return queued, false
	}
	o.drop(o.taken)
	o.pushText(func(dst []byte) []byte {
		return nostr.AppendNotice(dst, "error: you read too slowly and have missed events")
	})
	o.mu.Unlock()
	o.finish(statusTryAgainLater, "reading too slowly")
	return 0, true
}

// control queues a ping or pong, or leaves it out where too much waits already: who sends pings and does not read has no
// need of every answer (RFC 6455, section 5.5.3).
func (o *outbox) control(op ws.OpCode, payload []byte) {
	o.mu.Lock()
	if !o.closed && !o.crowded() {
		o.pushFrame(op, func(dst []byte) []byte { return append(dst, payload...) })
	}
	o.mu.Unlock()
	o.flush()
}

// finish queues a close frame as the last one. Only the first call counts.
func (o *outbox) finish(code ws.StatusCode, reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.pushFrame(ws.OpClose, func(dst []byte) []byte { return append(dst, ws.NewCloseFrameBody(code, reason)...) })
	o.closed = true
	o.room.Broadcast()
	if o.socket != nil {
		o.socket.hurry()
	}
	o.wake()
}

func (o *outbox) finished() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.closed
}

// stop throws away what waits and frees whoever waits, after the connection broke.
func (o *outbox) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed, o.broken = true, true
	o.drop(o.taken) // what is being written is the writer's to drop
	if !o.writing {
		o.drop(0)
	}
	o.room.Broadcast()
}

// rest waits until nothing waits to be written and nobody writes.
func (o *outbox) rest() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.writing || o.waking || len(o.queue) > 0 {
		o.room.Wait()
	}
}

// cork has what others queue wait for uncork, by which the reader writes it together with what it has to say itself.
func (o *outbox) cork() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.corked = true
}

func (o *outbox) uncork() {
	o.mu.Lock()
	o.corked = false
	o.mu.Unlock()
	o.flush()
}

// What follows changes the queue. Call with mu held.

// pushText appends a message.
func (o *outbox) pushText(message func(dst []byte) []byte) { o.pushFrame(ws.OpText, message) }

// pushFrame appends a frame to the frames that wait last, if those are not being written.
func (o *outbox) pushFrame(op ws.OpCode, message func(dst []byte) []byte) {
	last := len(o.queue) - 1
	if last < o.taken || o.queue[last].event != nil {
		o.push(outFrame{head: appendFrame(nil, op, message)})
		return
	}
	f := &o.queue[last]
	had := len(f.head)
	f.head = appendFrame(f.head, op, message)
	o.count(len(f.head) - had)
}

func (o *outbox) push(f outFrame) {
	o.queue = append(o.queue, f)
	if f.event == nil {
		o.count(len(f.head))
		return
	}
	o.bytes += f.size()
	o.total.Add(frameRoom)
	if f.event.refs.Add(1) == 1 {
		o.total.Add(int64(len(f.event.json)))
	}
}

// count takes note of n bytes that are this queue's alone.
func (o *outbox) count(n int) {
	o.bytes += n
	o.total.Add(int64(n))
}

// release takes note that the frame is not in the queue any more.
func (o *outbox) release(f *outFrame) {
	if f.event == nil {
		o.count(-len(f.head))
	} else {
		o.bytes -= f.size()
		o.total.Add(-frameRoom)
		if f.event.refs.Add(-1) == 0 {
			o.total.Add(-int64(len(f.event.json)))
		}
	}
	*f = outFrame{}
}

// drop throws all frames but the first away.
func (o *outbox) drop(first int) {
	for i := range o.queue[first:] {
		o.release(&o.queue[first+i])
	}
	o.queue = o.queue[:first]
}

// wake has a flusher write the queue, if nobody else does.
func (o *outbox) wake() {
	if o.writing || o.waking || o.corked || len(o.queue) == 0 || o.socket == nil {
		return
	}
	o.waking = true
	o.flushers.add(o)
}
