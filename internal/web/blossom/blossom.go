// Package blossom serves blobs over HTTP as a Blossom server: BUD-01 (reading), BUD-02 and BUD-06 (uploading), BUD-11
// (authorization), BUD-12 (deleting and listing), and, on a node that is open for labs, BUD-04 (mirroring) from the
// node's own machine.
package blossom

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"madang/internal/blob"
	"madang/internal/nostr"
	"madang/internal/web/httpauth"
)

// Config of a Server.
type Config struct {
	Blobs blob.Store
	Auth  *httpauth.Checker
	// MayUpload refuses a blob of size bytes by a key that has used bytes already; the error's text is shown. Of size
	// and used 0 it says whether the key may upload at all.
	MayUpload func(pk nostr.PubKey, size, used int64) error
	// Open lets anyone list anyone's blobs, and lets those who may upload mirror from this machine's own addresses.
	Open   bool
	Stall  time.Duration // a transfer without a byte for so long is ended; 0: a minute
	Logger *slog.Logger
}

// Server is the http.Handler of the paths that Owns names.
type Server struct {
	cfg Config

	mu      sync.Mutex             // guards pending
	pending map[nostr.PubKey]int64 // bytes of uploads on their way
}

// New returns a Server.
func New(cfg Config) *Server {
	if cfg.Stall == 0 {
		cfg.Stall = time.Minute
	}
	return &Server{cfg: cfg, pending: make(map[nostr.PubKey]int64)}
}

// Owns reports whether a URL path is Blossom's: /upload, /mirror, /list/… or /<sha256> with or without an extension.
func Owns(path string) bool {
	if path == "/upload" || path == "/mirror" || strings.HasPrefix(path, "/list/") {
		return true
	}
	_, err := hashOf(strings.ToLower(path)) // a hash in capitals gets a refusal that says so
	return err == nil
}

// hashOf reads /<sha256> or /<sha256>.<ext>.
func hashOf(path string) (blob.Hash, error) {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), ".")
	return blob.ParseHash(name)
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "*, Authorization, X-Reason, ETag, Accept-Ranges, Content-Range, "+
		"Content-Length, Content-Disposition")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Headers", "Authorization, *")
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, PUT, DELETE")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if err := s.route(w, r); err != nil {
		s.refuse(w, r, err)
	}
}

func (s *Server) route(w http.ResponseWriter, r *http.Request) error {
	path := r.URL.Path
	switch method := r.Method; {
	case path == "/upload" && method == http.MethodPut:
		return s.upload(w, r)
	case path == "/upload" && method == http.MethodHead:
		return s.mayUpload(w, r)
	case path == "/upload":
		return methods(w, "PUT, HEAD, OPTIONS")
	case path == "/mirror" && method == http.MethodPut:
		return s.mirror(w, r)
	case path == "/mirror":
		return methods(w, "PUT, OPTIONS")
	case strings.HasPrefix(path, "/list/") && method == http.MethodGet:
		return s.list(w, r)
	case strings.HasPrefix(path, "/list/"):
		return methods(w, "GET, OPTIONS")
	}
	hash, err := hashOf(path)
	if err != nil {
		return fail(http.StatusBadRequest, "not a blob's address: %v", err)
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return s.get(w, r, hash)
	case http.MethodDelete:
		return s.delete(w, r, hash)
	}
	return methods(w, "GET, HEAD, DELETE, OPTIONS")
}

func methods(w http.ResponseWriter, allowed string) error {
	w.Header().Set("Allow", allowed)
	return fail(http.StatusMethodNotAllowed, "this address takes %s", allowed)
}

// descriptor is a blob descriptor (BUD-02).
type descriptor struct {
	URL      string    `json:"url"`
	SHA256   blob.Hash `json:"sha256"`
	Size     int64     `json:"size"`
	Type     string    `json:"type"`
	Uploaded int64     `json:"uploaded"`
}

// describe makes a descriptor whose URL is at the address that the request was sent to.
func describe(r *http.Request, info blob.Info) descriptor {
	return descriptor{
		URL:    httpauth.Origin(r) + "/" + info.Hash.String() + blob.Extension(info.Type),
		SHA256: info.Hash, Size: info.Size, Type: info.Type, Uploaded: info.Uploaded,
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data) // a client that is gone needs no answer
	return nil
}

// delete is DELETE /<sha256> (BUD-12).
func (s *Server) delete(w http.ResponseWriter, r *http.Request, h blob.Hash) error {
	token, err := s.cfg.Auth.Blossom(r, "delete")
	if err != nil {
		return err
	}
	if err := token.Allows(h.String()); err != nil {
		return err
	}
	err = s.cfg.Blobs.Delete(r.Context(), h, token.PubKey)
	if errors.Is(err, blob.ErrNotOwner) {
		return fail(http.StatusForbidden, "only who uploaded a blob can delete it")
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
