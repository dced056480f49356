package web

import (
	"errors"
	"io"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"madang/internal/neighbour"
)

const (
	mostConns   = 16_000    // in all: the relay's, and as many again for files and pages
	connsOfAddr = 1024      // from one address: many phones may sit behind one
	pieceBytes  = 256 << 10 // of a file, written with one deadline

	breath = 50 * time.Millisecond // before asking again for a connection that there was no file handle for
	calm   = 10 * time.Second      // without such trouble, after which it is over
)

// Listener bounds how many connections there are, from one address and in all: each takes a file handle, and the log,
// the index and the blobs need some, too. One beyond the bound is closed at once. Where handles run out all the same,
// whoever knocks waits until there are some again. Each write of a connection is given stallTime, unless the connection
// was given a deadline of its own.
type Listener struct {
	net.Listener
	most, ofAddr int
	logger       *slog.Logger
	refused      atomic.Int64
	sent         atomic.Int64

	// What follows is Accept's, which one goroutine calls.
	calm  time.Duration
	spent time.Time // when handles were last missing; zero where that is over

	mu    sync.Mutex // guards what follows
	all   int
	conns map[netip.Addr]int
}

// NewListener returns a Listener over l. A nil logger is slog.Default().
func NewListener(l net.Listener, logger *slog.Logger) *Listener {
	if logger == nil {
		logger = slog.Default()
	}
	most := mostConns
	var files syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files) == nil {
		most = int(min(uint64(most), files.Cur/4*3))
	}
	return &Listener{
		Listener: l, most: most, ofAddr: connsOfAddr, logger: logger, calm: calm, conns: make(map[netip.Addr]int),
	}
}

// Len returns how many connections there are.
func (l *Listener) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all
}

// Sent returns how many bytes were written, but for those that a connection's user hands to the system by other ways, as
// the relay does.
func (l *Listener) Sent() int64 { return l.sent.Load() }

// Refused returns how many connections were closed at once because of a bound.
func (l *Listener) Refused() int64 { return l.refused.Load() }

// Accept waits for the next connection that there is room for.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil && isExhausted(err) {
			l.wait(err)
			continue
		}
		if err != nil {
			return nil, err
		}
		l.tellRecovery()
		tcp, ok := c.(*net.TCPConn)
		if !ok {
			return c, nil
		}
		addr := addressOf(tcp.RemoteAddr())
		if l.enter(addr) {
			return &patientConn{TCPConn: tcp, gone: sync.OnceFunc(func() { l.leave(addr) }), sent: &l.sent}, nil
		}
		l.refused.Add(1)
		tcp.Close()
	}
}

// isExhausted reports whether the system had nothing left to make a connection with.
func isExhausted(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// wait makes one line in the node's log of a time without handles, however many connections knock.
func (l *Listener) wait(err error) {
	if l.spent.IsZero() {
		l.logger.Warn("new connections must wait: this process may open no more files; see its limit of open files",
			"error", err)
	}
	l.spent = time.Now()
	time.Sleep(breath)
}

func (l *Listener) tellRecovery() {
	if !l.spent.IsZero() && time.Since(l.spent) >= l.calm {
		l.spent = time.Time{}
		l.logger.Info("new connections are taken as usual")
	}
}

func (l *Listener) enter(addr netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all >= l.most || addr.IsValid() && l.conns[addr] >= l.ofAddr {
		return false
	}
	l.all++
	if addr.IsValid() {
		l.conns[addr]++
	}
	return true
}

func (l *Listener) leave(addr netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if !addr.IsValid() {
		return
	}
	if l.conns[addr]--; l.conns[addr] == 0 {
		delete(l.conns, addr)
	}
}

// addressOf is whose connections count together.
func addressOf(a net.Addr) netip.Addr {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return neighbour.Of(tcp.AddrPort().Addr())
}

type patientConn struct {
	*net.TCPConn
	gone func()
	sent *atomic.Int64
	own  atomic.Bool // whoever uses the connection sets its write deadlines
}

// Close makes room for another connection.
func (c *patientConn) Close() error {
	defer c.gone()
	return c.TCPConn.Close()
}

// SetWriteDeadline hands the write deadline over to the caller.
func (c *patientConn) SetWriteDeadline(t time.Time) error {
	c.own.Store(!t.IsZero())
	return c.TCPConn.SetWriteDeadline(t)
}

func (c *patientConn) patience() {
	if !c.own.Load() {
		// An error means a closed connection, which the write that follows reports.
		_ = c.TCPConn.SetWriteDeadline(time.Now().Add(stallTime))
	}
}

func (c *patientConn) Write(p []byte) (int, error) {
	c.patience()
	n, err := c.TCPConn.Write(p)
	c.sent.Add(int64(n))
	return n, err
}

// ReadFrom lets the system send a file by itself, in pieces, each with its own deadline.
func (c *patientConn) ReadFrom(r io.Reader) (sent int64, err error) {
	left := int64(math.MaxInt64)
	if limited, ok := r.(*io.LimitedReader); ok { // the system's own path wants the file itself, once limited
		r, left = limited.R, limited.N
		defer func() { limited.N -= sent }()
	}
	for left > 0 {
		c.patience()
		n, err := c.TCPConn.ReadFrom(&io.LimitedReader{R: r, N: min(left, pieceBytes)})
		sent, left = sent+n, left-n
		c.sent.Add(n)
		if err != nil || n == 0 {
			return sent, err
		}
	}
	return sent, nil
}
