package blossom

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"madang/internal/blob"
	"madang/internal/nostr"
	"madang/internal/web/httpauth"
)

const maxSize = 1 << 40 // bytes of any blob, whoever uploads it

// upload is PUT /upload (BUD-02). All that can be refused without the content is refused before it is read, so that
// a client that waits for "100 Continue" sends nothing in vain.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) error {
	token, err := s.cfg.Auth.Blossom(r, "upload")
	if err != nil {
		return err
	}
	want, err := wanted(r, token)
	if err != nil {
		return err
	}
	body := &steadyBody{body: r.Body, control: http.NewResponseController(w), stall: s.cfg.Stall}
	info, created, err := s.store(r.Context(), body, r.ContentLength, blob.Put{
		Want: want, Type: r.Header.Get("Content-Type"), Owner: token.PubKey,
	}, token)
	if err != nil {
		return err
	}
	return s.stored(w, r, info, created)
}

func (s *Server) stored(w http.ResponseWriter, r *http.Request, info blob.Info, created bool) error {
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return writeJSON(w, status, describe(r, info))
}

// wanted returns the hash that the X-SHA-256 header names and the token allows. Without a header, it is the one that
// the token names; nil if the token names several, of which the content must be one.
func wanted(r *http.Request, token httpauth.Token) (*blob.Hash, error) {
	name := r.Header.Get("X-SHA-256")
	switch {
	case name != "":
		if _, err := blob.ParseHash(name); err != nil {
			return nil, fail(http.StatusBadRequest, "bad X-SHA-256 header: %v", err)
		}
		if err := token.Allows(name); err != nil {
			return nil, err
		}
	case len(token.Hashes) == 0:
		return nil, token.Allows("")
	case len(token.Hashes) == 1:
		name = token.Hashes[0]
	default:
		return nil, nil
	}
	h, err := blob.ParseHash(name)
	if err != nil {
		return nil, fail(http.StatusUnauthorized, "the authorization's x tag is no SHA-256")
	}
	return &h, nil
}

// store puts a body of length bytes (-1: unknown) into the store, within what the owner may store. Uploads that run
// side by side count against one another.
func (s *Server) store(
	ctx context.Context, body io.Reader, length int64, p blob.Put, token httpauth.Token,
) (blob.Info, bool, error) {
	counted := &countedBody{server: s, ctx: ctx, owner: p.Owner, body: body}
	defer counted.release()
	p.Max = length
	if length < 0 {
		p.Max = maxSize
	}
	if err := counted.reserve(max(length, 0)); err != nil {
		return blob.Info{}, false, err
	}
	info, created, err := s.cfg.Blobs.Put(ctx, counted, p)
	if err != nil {
		return info, false, err
	}
	if err := token.Allows(info.Hash.String()); err != nil {
		if created {
			err = errors.Join(err, s.cfg.Blobs.Delete(ctx, info.Hash, p.Owner))
		}
		return info, false, err
	}
	return info, created, nil
}

// allow refuses size bytes of a new blob beside the other bytes that its owner has on the way. Who may not upload at
// all is told so by another status than who brings too much.
func (s *Server) allow(ctx context.Context, pk nostr.PubKey, size, others int64) error {
	if err := s.cfg.MayUpload(pk, 0, 0); err != nil {
		return fail(http.StatusForbidden, "%v", err)
	}
	used, err := s.cfg.Blobs.Used(ctx, pk)
	if err != nil {
		return err
	}
	if size > maxSize {
		return blob.ErrTooLarge
	}
	if err := s.cfg.MayUpload(pk, size, used+others); err != nil {
		return fail(http.StatusRequestEntityTooLarge, "%v", err)
	}
	return nil
}

// countedBody keeps the books of one upload: what it has reserved of its owner's room.
type countedBody struct {
	server   *Server
	ctx      context.Context
	owner    nostr.PubKey
	body     io.Reader
	reserved int64 // with the overhead, as the store counts
	read     int64
}

const reserveStep = 1 << 20 // bytes that an upload of unknown length reserves at a time

// Read implements io.Reader.
func (c *countedBody) Read(p []byte) (int, error) {
	n, err := c.body.Read(p)
	c.read += int64(n)
	if c.read > c.reserved-blob.Overhead {
		if err := c.reserve(c.read); err != nil {
			return 0, err
		}
		// A step ahead spares asking for every read. Where there is no room for a step, each read asks.
		_ = c.reserve(c.read + reserveStep)
	}
	return n, err
}

// reserve makes the upload's reservation that of a blob of size bytes.
func (c *countedBody) reserve(size int64) error {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.allow(c.ctx, c.owner, size, s.pending[c.owner]-c.reserved); err != nil {
		return err
	}
	room := size + blob.Overhead
	s.pending[c.owner] += room - c.reserved
	c.reserved = room
	return nil
}

func (c *countedBody) release() {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending[c.owner] -= c.reserved; s.pending[c.owner] == 0 {
		delete(s.pending, c.owner)
	}
}

// mayUpload is HEAD /upload (BUD-06).
func (s *Server) mayUpload(w http.ResponseWriter, r *http.Request) error {
	if _, err := blob.ParseHash(r.Header.Get("X-SHA-256")); err != nil {
		return fail(http.StatusBadRequest, "bad X-SHA-256 header: %v", err)
	}
	length := r.Header.Get("X-Content-Length")
	if length == "" {
		return fail(http.StatusLengthRequired, "an X-Content-Length header is needed")
	}
	size, err := strconv.ParseInt(length, 10, 64)
	if err != nil || size < 0 {
		return fail(http.StatusBadRequest, "bad X-Content-Length header: not a number of bytes")
	}
	token, err := s.cfg.Auth.Blossom(r, "upload")
	if err != nil {
		return err
	}
	if err := token.Allows(r.Header.Get("X-SHA-256")); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.allow(r.Context(), token.PubKey, size, s.pending[token.PubKey]); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}
