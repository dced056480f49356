package blossom

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"madang/internal/blob"
	"madang/internal/web/httpauth"
)

// problem is a refusal with the HTTP status that says it.
type problem struct {
	status int
	text   string
}

func (p *problem) Error() string { return p.text }

func fail(status int, format string, args ...any) error {
	return &problem{status, fmt.Sprintf(format, args...)}
}

// refuse answers with the status of err and its text, in X-Reason (BUD-01) and in the body.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, text := http.StatusInternalServerError, "something went wrong on the node"
	var p *problem
	var tooLarge *http.MaxBytesError
	var broken *net.OpError // names the client's address, which no log may hold
	switch {
	case errors.As(err, &p):
		status, text = p.status, p.text
	case errors.Is(err, httpauth.ErrUnauthorized):
		status, text = http.StatusUnauthorized, err.Error()
		w.Header().Set("WWW-Authenticate", "Nostr")
	case errors.Is(err, blob.ErrNotFound):
		status, text = http.StatusNotFound, "no such blob here"
	case errors.Is(err, blob.ErrHash):
		status, text = http.StatusConflict, "the content does not match its SHA-256"
	case errors.Is(err, blob.ErrTooLarge), errors.As(err, &tooLarge):
		status, text = http.StatusRequestEntityTooLarge, "the content is larger than it may be"
	case errors.Is(err, blob.ErrFull):
		status, text = http.StatusInsufficientStorage, "the node's disk is full: nothing was stored"
	case errors.Is(err, os.ErrDeadlineExceeded):
		status, text = http.StatusRequestTimeout, "the upload stood still for too long"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, context.Canceled), errors.As(err, &broken):
		status, text = http.StatusBadRequest, "the upload was cut off"
	default:
		s.cfg.Logger.Error("blob request failed", "method", r.Method, "err", err)
	}
	if r.ContentLength != 0 && status != http.StatusRequestTimeout {
		// net/http reads on a little, so that the client sees the answer: not for ever either.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.cfg.Stall))
	}
	h := w.Header()
	for _, name := range []string{"Cache-Control", "ETag", "Content-Disposition", "Content-Security-Policy"} {
		h.Del(name)
	}
	h.Set("X-Reason", headerText(text))
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, text+"\n")
	}
}

// headerText keeps to printable ASCII what may quote a client's words.
func headerText(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, s)
}
