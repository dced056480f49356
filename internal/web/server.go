package web

import (
	"io"
	"log"
	"log/slog"
	"math"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

const (
	headerTime  = 15 * time.Second // for a request's headers
	restTime    = 2 * time.Minute  // between two requests of a connection
	stallTime   = time.Minute      // without a byte of a body, in or out, after which a connection is given up
	headerBytes = 32 << 10
	pieceBytes  = 256 << 10 // of a file, written with one deadline
)

// NewServer returns a server for the handler. Uploads and downloads may take hours, so there is no bound on the whole
// of one; a connection that makes no progress for stallTime is cut (see also Listener).
func NewServer(h http.Handler, logger *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       restTime,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          log.New(acceptErrors{logger}, "", 0),
	}
}

// acceptErrors passes on what net/http says of its listener and drops the rest, which names clients' addresses.
type acceptErrors struct{ logger *slog.Logger }

func (a acceptErrors) Write(line []byte) (int, error) {
	if text := string(line); strings.Contains(text, "Accept error") {
		a.logger.Warn("the listener has trouble", "err", strings.TrimSpace(text))
	}
	return len(line), nil
}

// patientBody gives each read of a request's body stallTime, and counts.
type patientBody struct {
	io.ReadCloser
	control *http.ResponseController
	count   *metrics.Counter // nil: not counted
}

// newPatientBody puts itself in the place of the request's body.
func newPatientBody(w http.ResponseWriter, r *http.Request) *patientBody {
	b := &patientBody{ReadCloser: r.Body, control: http.NewResponseController(w)}
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = b
	}
	return b
}

func (b *patientBody) Read(p []byte) (int, error) {
	// An error means a server without deadlines, as tests have: the read then only lacks its bound.
	_ = b.control.SetReadDeadline(time.Now().Add(stallTime))
	n, err := b.ReadCloser.Read(p)
	if b.count != nil {
		b.count.Add(n)
	}
	if err != nil {
		// From here on net/http watches whether the client goes away; that has no bound.
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// Listener gives each write of its connections stallTime, unless they were given a deadline of their own.
type Listener struct{ net.Listener }

// Accept waits for the next connection.
func (l Listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		return &patientConn{TCPConn: tcp}, nil
	}
	return c, nil
}

type patientConn struct {
	*net.TCPConn
	own atomic.Bool // whoever uses the connection sets its write deadlines
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
	return c.TCPConn.Write(p)
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
		if err != nil || n == 0 {
			return sent, err
		}
	}
	return sent, nil
}
