package blossom

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// A transfer may be slow, for a village's links are, but it may not stand still: a connection costs the node memory
// and a file handle.

const steadyChunk = 128 << 10 // bytes that have to be taken within each stall time

// steadyWriter gives a client a new deadline for each chunk. Its ReadFrom passes chunks on to the connection's own, so
// that the kernel can copy a file to the socket.
type steadyWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
}

// extend moves the deadline on. A ResponseWriter without one (a test's) has nobody waiting behind it.
func (w *steadyWriter) extend() { _ = w.control.SetWriteDeadline(time.Now().Add(w.stall)) }

// done takes the deadline off, because the connection goes on to its next request.
func (w *steadyWriter) done() { _ = w.control.SetWriteDeadline(time.Time{}) }

func (w *steadyWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		var m int
		w.extend()
		m, err = w.ResponseWriter.Write(p[:min(len(p), steadyChunk)])
		n, p = n+m, p[m:]
	}
	return n, err
}

// ReadFrom implements io.ReaderFrom.
func (w *steadyWriter) ReadFrom(r io.Reader) (n int64, err error) {
	rest := &io.LimitedReader{R: r, N: 1<<63 - 1}
	if lr, ok := r.(*io.LimitedReader); ok { // as io.CopyN makes it; the kernel sees a file through one, not two
		rest = lr
	}
	for rest.N > 0 {
		chunk := &io.LimitedReader{R: rest.R, N: min(rest.N, steadyChunk)}
		w.extend()
		m, err := io.Copy(w.ResponseWriter, chunk)
		n, rest.N = n+m, rest.N-m
		if err != nil || chunk.N > 0 {
			return n, err
		}
	}
	return n, nil
}

// steadyBody reads a request's body, each read within the stall time.
type steadyBody struct {
	body    io.Reader
	control *http.ResponseController
	stall   time.Duration
}

func (b *steadyBody) Read(p []byte) (int, error) {
	if err := b.control.SetReadDeadline(time.Now().Add(b.stall)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	n, err := b.body.Read(p)
	if errors.Is(err, io.EOF) { // the node's own work now takes as long as it takes
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
