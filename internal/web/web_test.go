package web

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/VictoriaMetrics/metrics"
)

// named answers with its own name, so that a test sees where a request went.
func named(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, name) })
}

var script = strings.Repeat("console.log('madang');\n", 100)

func newTestHandler(t *testing.T, change func(*Config)) *Handler {
	t.Helper()
	set := metrics.NewSet()
	set.NewCounter("madang_test_total").Inc()
	cfg := Config{
		Relay: named("relay"), Blossom: named("blossom"), Pages: named("pages"), API: named("api"),
		Client: fstest.MapFS{
			"index.html":          {Data: []byte("<!DOCTYPE html><title>client</title>" + strings.Repeat(" ", 500))},
			"assets/main-1a2b.js": {Data: []byte(script)},
			"icon.png":            {Data: []byte("\x89PNG\r\n\x1a\n")},
			".gitkeep":            {},
		},
		Info:    func() Info { return Info{Name: "Harbour", SupportedNIPs: []int{1, 11}} },
		Metrics: set,
		Logger:  slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&cfg)
	}
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func do(h http.Handler, method, target string, header ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRoutes(t *testing.T) {
	h := newTestHandler(t, nil)
	hash := strings.Repeat("0f", 32)
	for path, want := range map[string]string{
		"/" + hash:                  "blossom",
		"/" + hash + ".mp4":         "blossom",
		"/" + strings.ToUpper(hash): "blossom", // Blossom says what is wrong with it
		"/upload":                   "blossom",
		"/mirror":                   "blossom",
		"/list/" + hash:             "blossom",
		"/news":                     "pages",
		"/news/feed.atom":           "pages",
		"/videos":                   "pages",
		"/api/node":                 "api",
		"/.well-known/nostr.json":   "api",
		"/healthz":                  "ok\n",
		"/icon.png":                 "\x89PNG\r\n\x1a\n",
	} {
		if got := body(t, do(h, "GET", path)); got != want {
			t.Errorf("GET %s was answered by %q, want %q", path, got, want)
		}
	}
	for _, path := range []string{
		"/" + hash[:63], "/" + hash + "/x", "/" + hash + "x", "/newsroom", "/apis", "/.gitkeep", "/assets/", "/nothing",
	} {
		if r := do(h, "GET", path); r.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: %s, want 404", path, r.Status)
		}
	}
	if got := body(t, do(h, "GET", "/", "Upgrade", "websocket")); got != "relay" {
		t.Errorf("an upgrade was answered by %q", got)
	}
}

// The counters move with each letter, so that they are for the machine itself only.
func TestMetricsStayHere(t *testing.T) {
	h := newTestHandler(t, nil)
	for _, c := range []struct {
		from, header string
		want         int
	}{
		{"127.0.0.1:1", "", 200},
		{"[::1]:1", "", 200},
		{"[::ffff:127.0.0.1]:1", "", 200},
		{"192.168.1.5:1", "", 404},
		{"[fe80::1%eth0]:1", "", 404},
		{"127.0.0.1:1", "X-Forwarded-For", 404}, // a proxy on this machine speaks for others
		{"127.0.0.1:1", "Forwarded", 404},
		{"192.168.1.5:1", "X-Forwarded-For", 404},
	} {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.RemoteAddr = c.from
		if c.header != "" {
			r.Header.Set(c.header, "127.0.0.1")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := strings.Contains(w.Body.String(), "madang_test_total 1"); w.Code != c.want || got != (c.want == 200) {
			t.Errorf("from %s %s: %d %q, want %d", c.from, c.header, w.Code, w.Body, c.want)
		}
	}
}

func TestMissingHandlersAreNotFound(t *testing.T) {
	h := newTestHandler(t, func(c *Config) { c.Blossom, c.Pages, c.API, c.Metrics = nil, nil, nil, nil })
	for _, path := range []string{"/upload", "/news", "/api/node", "/metrics"} {
		if r := do(h, "GET", path); r.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: %s, want 404", path, r.Status)
		}
	}
}

func TestInfo(t *testing.T) {
	h := newTestHandler(t, nil)
	for _, accept := range []string{"application/nostr+json", "text/html, Application/Nostr+JSON;q=0.9"} {
		r := do(h, "GET", "/", "Accept", accept)
		if got := r.Header.Get("Content-Type"); got != "application/nostr+json" {
			t.Errorf("Accept %q: Content-Type %q", accept, got)
		}
		if got := r.Header.Get("Access-Control-Allow-Origin"); got != "*" {
			t.Errorf("Accept %q: Access-Control-Allow-Origin %q", accept, got)
		}
		var info Info
		if err := json.Unmarshal([]byte(body(t, r)), &info); err != nil || info.Name != "Harbour" {
			t.Errorf("Accept %q: %+v, %v", accept, info, err)
		}
	}
	r := do(h, "OPTIONS", "/", "Origin", "http://elsewhere.lan", "Access-Control-Request-Method", "GET")
	if r.StatusCode != http.StatusNoContent {
		t.Errorf("preflight: %s", r.Status)
	}
	for method, r := range map[string]*http.Response{
		"OPTIONS": r, "GET": do(h, "GET", "/", "Accept", "application/nostr+json"),
		"HEAD": do(h, "HEAD", "/", "Accept", "application/nostr+json"),
	} {
		for name, want := range map[string]string{ // NIP-11, and NIP-86 on the same address
			"Access-Control-Allow-Origin":  "*",
			"Access-Control-Allow-Headers": "*, Authorization",
			"Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", method, name, got, want)
			}
		}
	}
	if r := do(h, "POST", "/", "Accept", "application/nostr+json"); r.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", r.Status)
	}
}

// TestOnlyOneEndpoint: a path that changes nothing is no second relay (NIP-01).
func TestOnlyOneEndpoint(t *testing.T) {
	relay := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	h := newTestHandler(t, func(c *Config) { c.Relay = relay })
	for path, want := range map[string]bool{"/": true, "/?x=1": true, "/relay": false, "//": false, "/ws": false} {
		r := do(h, "GET", path, "Upgrade", "websocket", "Connection", "Upgrade")
		if got := r.StatusCode == http.StatusTeapot; got != want {
			t.Errorf("%s reaches the relay: %v, want %v", path, got, want)
		}
	}
}

func TestPageHeaders(t *testing.T) {
	h := newTestHandler(t, nil)
	for _, path := range []string{"/", "/index.html", "/news", "/videos/x"} {
		r := do(h, "GET", "http://box.lan:8080"+path)
		csp := r.Header.Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'self'", "script-src 'self';", "style-src 'self';", "object-src 'none'", "frame-ancestors 'none'",
			"connect-src 'self' ws://box.lan:8080 wss://box.lan:8080;",
		} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: no %q in the policy %q", path, want, csp)
			}
		}
		if strings.Contains(csp, "unsafe") {
			t.Errorf("%s: unsafe policy %q", path, csp)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

func TestHostileHostIsNotInThePolicy(t *testing.T) {
	h := newTestHandler(t, nil)
	for _, host := range []string{"evil; script-src *", "a b", "x\"y", "'unsafe-inline'", ""} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "connect-src 'self';") {
			t.Errorf("Host %q: policy %q", host, csp)
		}
	}
}

func TestBlobsRunNothing(t *testing.T) {
	r := do(newTestHandler(t, nil), "GET", "/"+strings.Repeat("ab", 32)+".html")
	csp := r.Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "sandbox") {
		t.Errorf("policy of a blob: %q", csp)
	}
}

func TestStaticFiles(t *testing.T) {
	h := newTestHandler(t, nil)

	asset := do(h, "GET", "/assets/main-1a2b.js")
	if got := asset.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
		t.Errorf("asset: Cache-Control %q", got)
	}
	if got := asset.Header.Get("Content-Type"); got != "text/javascript; charset=utf-8" {
		t.Errorf("asset: Content-Type %q", got)
	}
	if got := body(t, asset); got != script || asset.Header.Get("Content-Encoding") != "" {
		t.Errorf("asset: %d bytes, Content-Encoding %q", len(got), asset.Header.Get("Content-Encoding"))
	}

	packed := do(h, "GET", "/assets/main-1a2b.js", "Accept-Encoding", "br, gzip;q=0.8")
	if packed.Header.Get("Content-Encoding") != "gzip" || packed.Header.Get("Vary") != "Accept-Encoding" {
		t.Fatalf("packed: %v", packed.Header)
	}
	gz, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := io.ReadAll(gz); err != nil || string(plain) != script {
		t.Errorf("packed: %d bytes, %v", len(plain), err)
	}
	if packed.Header.Get("ETag") == asset.Header.Get("ETag") {
		t.Error("packed and plain have the same ETag")
	}
	refuses := do(h, "GET", "/assets/main-1a2b.js", "Accept-Encoding", "gzip;q=0, br")
	if refuses.Header.Get("Content-Encoding") != "" {
		t.Error("gzip was sent to who refuses it")
	}
	if r := do(h, "GET", "/icon.png", "Accept-Encoding", "gzip"); r.Header.Get("Content-Encoding") != "" {
		t.Error("a file that gzip makes larger was compressed")
	}

	index := do(h, "GET", "/")
	if got := index.Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("index: Cache-Control %q", got)
	}
	again := do(h, "GET", "/", "If-None-Match", index.Header.Get("ETag"))
	if again.StatusCode != http.StatusNotModified {
		t.Errorf("index again: %s, want 304", again.Status)
	}
	if r := do(h, "POST", "/assets/main-1a2b.js"); r.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", r.Status)
	}
}

func TestPlainPageWithoutClient(t *testing.T) {
	h := newTestHandler(t, func(c *Config) {
		c.Client = fstest.MapFS{".gitkeep": {}}
		c.Info = func() Info { return Info{Name: "<b>Harbour</b>"} }
	})
	r := do(h, "GET", "/")
	page := body(t, r)
	for _, want := range []string{`href="/news"`, `href="/videos"`, "&lt;b&gt;Harbour"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in %q", want, page)
		}
	}
	if r.Header.Get("Content-Security-Policy") == "" {
		t.Error("no policy")
	}
}

func TestHealth(t *testing.T) {
	h := newTestHandler(t, func(c *Config) { c.Healthy = func() error { return errors.New("no room on the disk") } })
	if r := do(h, "GET", "/healthz"); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%s, want 503", r.Status)
	}
}

func TestPanicIsAnswered(t *testing.T) {
	var log strings.Builder
	h := newTestHandler(t, func(c *Config) {
		c.Pages = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("the secret of /news") })
		c.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	if r := do(h, "GET", "/news/private"); r.StatusCode != http.StatusInternalServerError {
		t.Errorf("%s, want 500", r.Status)
	}
	text := log.String()
	if !strings.Contains(text, "panicked") || strings.Contains(text, "secret") || strings.Contains(text, "private") {
		t.Errorf("log: %s", text)
	}
}
