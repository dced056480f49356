package web

import (
	"io"
	"log"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

const (
	headerTime  = 15 * time.Second // for a request's headers
	restTime    = 2 * time.Minute  // between two requests of a connection
	stallTime   = time.Minute      // without a byte of a body, in or out, after which a connection is given up
	headerBytes = 32 << 10
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
