package relay

import "sync"

// flush writes what waits, as far as the system takes it at once, unless somebody writes already.
func (o *outbox) flush() {
	o.mu.Lock()
	mine := !o.writing && len(o.queue) > 0 && o.socket != nil
	o.writing = o.writing || mine
	o.mu.Unlock()
	if !mine {
		return
	}
	done, err := o.socket.write(o, false)
	switch {
	case err != nil:
		o.fail()
	case !done:
		go o.drain()
	}
}

// drain writes what waits at the pace of the client.
func (o *outbox) drain() {
	if _, err := o.socket.write(o, true); err != nil {
		o.fail()
	}
}

// fail ends a connection that cannot be written to.
func (o *outbox) fail() {
	o.socket.Conn.Close() // so that the reader ends, too
	o.mu.Lock()
	o.taken, o.writing = 0, false
	o.mu.Unlock()
	o.stop()
}

// fill appends the next bytes to a chunk. When there are none, nobody writes any more.
func (o *outbox) fill(chunk []byte) []byte {
	o.mu.Lock()
	if len(o.queue) == 0 || o.broken {
		o.drop(0)
		o.queue, o.taken, o.offset, o.writing = nil, 0, 0, false
		o.socket.waitToWrite(0)
		if o.closed {
			o.socket.closeWrite()
		}
		o.room.Broadcast()
		o.mu.Unlock()
		return chunk
	}
	o.taken = 0
	for n := -o.offset; n < cap(chunk) && o.taken < len(o.queue); o.taken++ {
		n += o.queue[o.taken].size()
	}
	frames, offset := o.queue[:o.taken], o.offset
	o.mu.Unlock()
	for i := range frames {
		chunk = frames[i].fill(chunk, offset, o.deflate)
		offset = 0
	}
	return chunk
}

// written takes note of what went to the client.
func (o *outbox) written(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n += o.offset
	gone := 0
	for ; gone < o.taken; gone++ {
		length := o.queue[gone].length(o.deflate)
		if n < length {
			break
		}
		n -= length
		o.release(&o.queue[gone])
	}
	o.queue, o.taken, o.offset = o.queue[gone:], o.taken-gone, n
	o.room.Broadcast()
}

// flushers write what publishers queued, a few connections at a time. They live as long as there is something to do.
type flushers struct {
	most int

	mu      sync.Mutex // guards what follows
	waiting []*outbox  // each once
	running int
}

func (f *flushers) add(o *outbox) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting = append(f.waiting, o)
	if f.running < f.most {
		f.running++
		go f.run()
	}
}

func (f *flushers) run() {
	for {
		f.mu.Lock()
		if len(f.waiting) == 0 {
			f.waiting = nil
			f.running--
			f.mu.Unlock()
			return
		}
		o := f.waiting[0]
		f.waiting[0] = nil
		f.waiting = f.waiting[1:]
		f.mu.Unlock()
		o.flush()
		o.woken()
	}
}

// woken ends what wake began.
func (o *outbox) woken() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waking = false
	o.wake() // for what came while somebody was about to end writing
	o.room.Broadcast()
}
