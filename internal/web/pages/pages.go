// Package pages serves news and videos as plain pages: HTML made by the node, one stylesheet, no JavaScript, no cookie.
// They are for old phones, text browsers and whoever just wants to read, and they need no account.
package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed" // for the stylesheet
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"madang/internal/blob"
	"madang/internal/index"
	"madang/internal/nostr"
)

// Config of the pages.
type Config struct {
	Index   *index.Index
	Blobs   blob.Store   // tells which pictures and videos are here
	NodeKey nostr.PubKey // names the Atom feed
	// Publishers lists those whose articles and videos are shown; nil, or a nil list: everyone's.
	Publishers func() []nostr.PubKey
	Visible    func(*nostr.Event) bool // what of theirs may be shown; default: all
	NodeName   func() string           // what people call the node; default "Madang"
	BaseURL    func() string           // the node's public address; default: as each reader asks for it
	Now        func() time.Time        // its location is the one of the dates; default time.Now
	Logger     *slog.Logger            // default slog.Default()
}

//go:embed style.css
var styleSheet []byte

// contentPolicy lets a page load its style, and the node's own pictures and videos, and do nothing else.
const contentPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; form-action 'none'; " +
	"frame-ancestors 'none'; base-uri 'none'"

// errNotFound makes the page that says so.
var errNotFound = errors.New("no such page")

// Handler serves /news, /news/…, /videos and /videos/….
type Handler struct {
	cfg       Config
	texts     *texts
	templates templates
	stylePath string // holds the hash of its content
	languages languageList
}

// New returns a handler.
func New(cfg Config) *Handler {
	if cfg.NodeName == nil {
		cfg.NodeName = func() string { return "Madang" }
	}
	if cfg.BaseURL == nil {
		cfg.BaseURL = func() string { return "" }
	}
	if cfg.Publishers == nil {
		cfg.Publishers = func() []nostr.PubKey { return nil }
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	return &Handler{
		cfg:       cfg,
		texts:     loadTexts(),
		templates: loadTemplates(),
		stylePath: "/news/style-" + hashOf(styleSheet) + ".css",
	}
}

// ServeHTTP answers GET and HEAD.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", contentPolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "use GET", http.StatusMethodNotAllowed)
		return
	}
	if err := h.route(w, r); err != nil {
		h.fail(w, r, err)
	}
}

func (h *Handler) route(w http.ResponseWriter, r *http.Request) error {
	path := r.URL.Path
	switch {
	case path == "/news" || path == "/videos":
	case path == "/news/" || path == "/videos/":
		http.Redirect(w, r, strings.TrimSuffix(path, "/"), http.StatusMovedPermanently)
		return nil
	case path == "/news/feed.atom":
		return h.atom(w, r)
	case path == h.stylePath:
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		write(w, r, "text/css; charset=utf-8", styleSheet, time.Time{})
		return nil
	}
	if code, ok := strings.CutPrefix(path, "/news/"); ok {
		return h.article(w, r, code)
	}
	if code, ok := strings.CutPrefix(path, "/videos/"); ok {
		return h.video(w, r, code)
	}
	if path == "/videos" {
		return h.videos(w, r)
	}
	return h.news(w, r)
}

// fail answers with a page that says what happened.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // nobody waits for the answer
	}
	v, page, status := h.newView(r), "notfound", http.StatusNotFound
	v.Title = v.T("notfound.title")
	if !errors.Is(err, errNotFound) {
		h.cfg.Logger.Error("a page could not be made", "err", err)
		page, status = "failed", http.StatusInternalServerError
		v.Title = v.T("failed.title")
	}
	var b bytes.Buffer
	if err := h.templates.render(&b, page, v); err != nil {
		h.cfg.Logger.Error("a page could not be written", "page", page, "err", err)
		http.Error(w, http.StatusText(status), status)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a reader who has gone is no error
}

// show renders a page and sends it, or 304 to who has it already.
func (h *Handler) show(w http.ResponseWriter, r *http.Request, page string, v *view, modified time.Time) error {
	var b bytes.Buffer
	if err := h.templates.render(&b, page, v); err != nil {
		return err
	}
	w.Header().Add("Vary", "Accept-Language")
	w.Header().Set("Content-Language", v.Lang)
	w.Header().Set("Cache-Control", "no-cache") // ask again each time: most answers are a 304
	write(w, r, "text/html; charset=utf-8", b.Bytes(), modified)
	return nil
}

// write sends a body that has a hash for its ETag, compressed where the reader takes that.
func write(w http.ResponseWriter, r *http.Request, kind string, body []byte, modified time.Time) {
	header := w.Header()
	header.Set("Content-Type", kind)
	header.Add("Vary", "Accept-Encoding")
	etag := hashOf(body)
	if len(body) > 1200 && acceptsGzip(r) {
		var packed bytes.Buffer
		gz := gzip.NewWriter(&packed)
		_, _ = gz.Write(body) // into memory: cannot fail
		_ = gz.Close()
		body, etag = packed.Bytes(), etag+"-gzip"
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("ETag", `"`+etag+`"`)
	http.ServeContent(w, r, "", modified, bytes.NewReader(body))
}

// acceptsGzip reads Accept-Encoding (RFC 9110, section 12.5.3).
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			_, q, weighted := strings.Cut(weight, "=")
			return !weighted || strings.Trim(q, " 0.") != ""
		}
	}
	return false
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
