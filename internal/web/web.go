// Package web is the node's one HTTP handler: the relay and its NIP-11 document, the client, plain pages, blobs, the
// API and what a machine asks (/healthz, /metrics), each with the headers that keep a browser safe.
package web

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"madang/internal/web/blossom"
	"madang/internal/web/manage"
)

// Config of the root handler. Handlers may be nil: their paths are then not found.
type Config struct {
	Relay   http.Handler     // WebSocket upgrades of /
	Blossom http.Handler     // /<sha256>[.ext], /upload, /mirror, /list/<pubkey>
	Pages   http.Handler     // /news…, /videos…
	Manage  http.Handler     // NIP-86, on /
	API     http.Handler     // /api/…, /.well-known/nostr.json
	Client  fs.FS            // the built client, with index.html at its root; without that, a plain page stands in
	Info    func() Info      // what NIP-11 tells
	Healthy func() error     // nil when the node serves; default: always
	Now     func() time.Time // for the header Date; default time.Now
	Metrics *metrics.Set     // default: none
	Logger  *slog.Logger     // default slog.Default()
}

// Handler serves everything.
type Handler struct {
	cfg    Config
	client *static
	// uploaded counts the bytes of blobs that came in, kept or not.
	uploaded *metrics.Counter
}

// New reads the client's files into memory.
func New(cfg Config) (*Handler, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	client, err := loadStatic(cfg.Client)
	if err != nil {
		return nil, err
	}
	h := &Handler{cfg: cfg, client: client, uploaded: new(metrics.Counter)}
	if cfg.Metrics != nil {
		h.uploaded = cfg.Metrics.NewCounter("madang_upload_bytes_total")
	}
	return h, nil
}

// ServeHTTP sends each request where its path says.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer h.recover(w, r)
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Date", h.cfg.Now().UTC().Format(http.TimeFormat)) // else it would be the machine's

	path := r.URL.Path
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	body := newPatientBody(w, r)
	switch {
	case path == "/":
		h.root(w, r)
	case path == "/healthz":
		h.healthz(w, r)
	case path == "/metrics" && h.cfg.Metrics != nil && fromHere(r):
		h.metrics(w, r)
	case blossom.Owns(path):
		// Whatever a blob contains, it runs nothing here and sends nothing anywhere.
		header.Set("Content-Security-Policy", "default-src 'none'; img-src 'self'; media-src 'self'; sandbox")
		body.count = h.uploaded
		forward(h.cfg.Blossom, w, r)
	case first == "news" || first == "videos":
		setPageHeaders(header, r)
		forward(h.cfg.Pages, w, r)
	case first == "api" || path == "/.well-known/nostr.json":
		forward(h.cfg.API, w, r)
	case h.client.has(path):
		if path == "/index.html" {
			setPageHeaders(header, r)
		}
		h.client.serve(w, r, path)
	default:
		http.NotFound(w, r)
	}
}

// root is the relay for a WebSocket, NIP-11 and NIP-86 for who asks for them, and the client for a browser.
func (h *Handler) root(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Add("Vary", "Accept")
	switch {
	case isUpgrade(r) && h.cfg.Relay != nil:
		h.cfg.Relay.ServeHTTP(w, r)
	case manage.Is(r) && h.cfg.Manage != nil:
		allowOrigins(header)
		h.cfg.Manage.ServeHTTP(w, r)
	case wantsInfo(r) || r.Method == http.MethodOptions:
		h.info(w, r)
	case h.client.has("/index.html"):
		setPageHeaders(header, r)
		h.client.serve(w, r, "/index.html")
	default:
		setPageHeaders(header, r)
		h.plain(w, r)
	}
}

// recover answers 500 for a handler that panicked. The log gets the place, not the request: an address or a name may
// be in it.
func (h *Handler) recover(w http.ResponseWriter, r *http.Request) {
	v := recover()
	if v == nil {
		return
	}
	err, _ := v.(error)
	if errors.Is(err, http.ErrAbortHandler) {
		panic(v) // a handler's own way to break off a response, which net/http knows
	}
	what := fmt.Sprintf("%T", v)
	if fault, ok := v.(runtime.Error); ok {
		what = fault.Error()
	}
	h.cfg.Logger.Error("a handler panicked", "method", r.Method, "panic", what, "stack", string(debug.Stack()))
	http.Error(w, "something went wrong on the node", http.StatusInternalServerError)
}

// forward passes the request on, if there is anyone to take it.
func forward(to http.Handler, w http.ResponseWriter, r *http.Request) {
	if to == nil {
		http.NotFound(w, r)
		return
	}
	to.ServeHTTP(w, r)
}

func isUpgrade(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

func (h *Handler) healthz(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if h.cfg.Healthy != nil {
		if err := h.cfg.Healthy(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Write([]byte("ok\n"))
}

// fromHere reports whether a request comes from this machine itself. Each letter moves the counters: whoever can watch
// them learns when one is sent, and how large it is.
func fromHere(r *http.Request) bool {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && addr.Addr().Unmap().IsLoopback() &&
		r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == ""
}
