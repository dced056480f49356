package relay

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// socket is a client's connection. A client at rest costs no buffer: one is taken once bytes are there to be read, or
// once there is room for bytes to be written. Each read is given idleTime, and each writeChunk bytes that the client must
// be waited for writeTime, until hurry gives all that follows closeTime together.
type socket struct {
	net.Conn
	raw  syscall.RawConn // nil for a connection that can only be waited for in Read and Write
	pace pace

	mu       sync.Mutex // guards what follows, together with the deadlines that follow from it
	hurrying bool
	limited  bool // a write has a deadline
}

func newSocket(nc net.Conn, pace pace) *socket {
	s := &socket{Conn: nc, pace: pace}
	if c, ok := nc.(syscall.Conn); ok {
		s.raw, _ = c.SyscallConn()
	}
	return s
}

func (s *socket) Read(p []byte) (int, error) {
	s.waitToRead()
	n, err := s.Conn.Read(p)
	s.pace.wait(n)
	return n, err
}

func (s *socket) waitToRead() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.hurrying {
		s.Conn.SetReadDeadline(time.Now().Add(idleTime))
	}
}

// waitToWrite gives the client d to read; 0: for ever, which is for writes that do not wait.
func (s *socket) waitToWrite(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.hurrying || d == 0 && !s.limited:
	case d == 0:
		s.Conn.SetWriteDeadline(time.Time{})
	default:
		s.Conn.SetWriteDeadline(time.Now().Add(d))
	}
	s.limited = d != 0
}

func (s *socket) hurry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hurrying = true
	s.Conn.SetDeadline(time.Now().Add(closeTime))
}

// closeWrite tells the client that nothing more comes.
func (s *socket) closeWrite() {
	if half, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}

// inbox is a buffer of what came from a client. Whoever has it frees it once it is empty.
type inbox struct {
	*bufio.Reader
	from  *socket
	early bytes.Reader // is read before all else
	fd    uintptr      // is read instead of from, if now
	now   bool
}

// empty reports whether reading would wait for the client.
func (in *inbox) empty() bool { return in.Buffered() == 0 && in.early.Len() == 0 }

// errNotYet: there is nothing to read.
var errNotYet = errors.New("nothing to read")

// inboxReader is what fills an inbox.
type inboxReader struct{ in *inbox }

func (r inboxReader) Read(p []byte) (int, error) {
	in := r.in
	if in.early.Len() > 0 {
		return in.early.Read(p)
	}
	if !in.now {
		return in.from.Read(p)
	}
	n, err := ignoringEINTR(func() (int, error) { return syscall.Read(int(in.fd), p) })
	switch {
	case err == syscall.EAGAIN:
		return 0, errNotYet
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

func ignoringEINTR(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != syscall.EINTR {
			return n, err
		}
	}
}

var inboxes = sync.Pool{New: func() any {
	in := new(inbox)
	in.Reader = bufio.NewReader(inboxReader{in})
	return in
}}

// inboxOf returns an inbox that has what the client sent early.
func (s *socket) inboxOf(early []byte) *inbox {
	in := inboxes.Get().(*inbox)
	in.Reset(inboxReader{in})
	in.early.Reset(early)
	in.from = s
	return in
}

func (in *inbox) free() {
	in.from = nil
	inboxes.Put(in)
}

// rest waits until the client has sent something, and returns it.
func (s *socket) rest() (*inbox, error) {
	s.waitToRead()
	if s.raw == nil {
		in := s.inboxOf(nil)
		_, err := in.Peek(1)
		return in, err
	}
	var in *inbox
	var failed error
	err := s.raw.Read(func(fd uintptr) bool {
		in = s.inboxOf(nil)
		in.fd, in.now = fd, true
		_, failed = in.Peek(1)
		in.now = false
		if failed == errNotYet {
			in.free()
			in = nil
			return false
		}
		return true
	})
	if err == nil {
		err = failed
	}
	if err == nil {
		s.pace.wait(in.Buffered())
	}
	return in, err
}

// waiting is what is to be written to a socket.
type waiting interface {
	fill(chunk []byte) []byte // appends what comes next, as much as there is room for; nothing: all is written
	written(n int)            // that many bytes of it were
}

// write writes all that waits, and returns true. A patient one waits for the client, with no buffer in its hands; another
// returns false where it would have to.
func (s *socket) write(w waiting, patient bool) (done bool, err error) {
	if s.raw == nil && !patient {
		return false, nil
	}
	for since := writeChunk; ; {
		if patient && since >= writeChunk {
			since = 0
			s.waitToWrite(writeTime)
		}
		n, done, err := s.writeSome(w, patient)
		if done || err != nil || n == 0 {
			return done, err
		}
		since += n
		s.pace.stats.sent.Add(n)
		w.written(n)
	}
}

// writeSome writes one chunk, or what the system takes of it; that may be nothing if it is not patient.
func (s *socket) writeSome(w waiting, patient bool) (n int, done bool, err error) {
	if s.raw == nil {
		chunk := chunks.Get().(*[writeChunk]byte)
		defer chunks.Put(chunk)
		b := w.fill(chunk[:0])
		if len(b) == 0 {
			return 0, true, nil
		}
		n, err = s.Conn.Write(b)
		return n, false, err
	}
	var failed error
	err = s.raw.Write(func(fd uintptr) bool {
		chunk := chunks.Get().(*[writeChunk]byte)
		defer chunks.Put(chunk)
		b := w.fill(chunk[:0])
		if len(b) == 0 {
			done = true
			return true
		}
		n, failed = ignoringEINTR(func() (int, error) { return syscall.Write(int(fd), b) })
		if failed == syscall.EAGAIN {
			n, failed = 0, nil
			return !patient
		}
		return true
	})
	if err == nil {
		err = failed
	}
	return n, done, err
}

var chunks = sync.Pool{New: func() any { return new([writeChunk]byte) }}
