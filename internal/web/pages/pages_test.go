package pages

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"madang/internal/nostr"
)

func TestEmptyPages(t *testing.T) {
	s := newSite(t)
	if got := one(t, s.body("/news"), "h2", ""); got.text != "No news yet" {
		t.Errorf("got %q", got.text)
	}
	if got := one(t, s.body("/videos"), "h2", ""); got.text != "No videos yet" {
		t.Errorf("got %q", got.text)
	}
	if page := s.body("/news?lang=fr&before=abc"); !strings.Contains(page, "Nothing in this language yet.") {
		t.Error("no word of the language")
	}
}

func TestHostileContent(t *testing.T) {
	s := newSite(t)
	evil := `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	name := `{"name":"` + strings.ReplaceAll(evil, `"`, `\"`) + `"}`
	s.publish(&nostr.Event{Kind: nostr.KindProfile, CreatedAt: 1, Content: name})
	path := s.write(evil, evil+"\n\n[a](javascript:alert(1)) <javascript:alert(1)> ![b](javascript:alert(1)) "+
		"[c](data:text/html,x)\n\n<style>*{display:none}</style>", "en", s.clock.Unix(),
		nostr.Tag{"summary", evil}, nostr.Tag{"t", evil}, nostr.Tag{"image", "javascript:alert(1)"},
		nostr.Tag{"proxy", "javascript:alert(1)", "web"})
	video := s.publish(&nostr.Event{Kind: nostr.KindVideo, CreatedAt: s.clock.Unix(), Content: evil, Tags: nostr.Tags{
		{"title", evil}, {"imeta", "url javascript:alert(1)", "m video/mp4", "image javascript:alert(1)"},
	}})
	for _, p := range []string{"/news", path, "/videos", "/videos/" + video.ID.Note(), "/news?lang=" + "%3Cscript%3E"} {
		page := s.body(p)
		for _, e := range elements(t, page) {
			if slices.Contains([]string{"script", "iframe", "object", "style", "form"}, e.name) {
				t.Errorf("%s: element %s", p, e.name)
			}
			for key, value := range e.attrs {
				if strings.HasPrefix(key, "on") || key == "style" ||
					strings.Contains(strings.ToLower(value), "javascript:") && key != "content" ||
					strings.HasPrefix(value, "data:") {
					t.Errorf("%s: <%s %s=%q>", p, e.name, key, value)
				}
			}
			if e.name == "img" && e.attrs["src"] == "x" {
				t.Errorf("%s: picture %v", p, e)
			}
		}
	}
}

func TestNotFound(t *testing.T) {
	s := newSite(t)
	article := s.write("a", "b", "en", 1)
	for _, path := range []string{
		"/news/x", "/news/" + s.author.PubKey().Npub(), "/videos" + strings.TrimPrefix(article, "/news"),
		"/news/" + nostr.ID{1}.Note(), "/videos/", "/news/style-0.css", "/news/" + strings.Repeat("naddr1", 2000),
	} {
		resp := s.get(path)
		if path == "/videos/" {
			if resp.StatusCode != http.StatusMovedPermanently {
				t.Errorf("%s: %s", path, resp.Status)
			}
			continue
		}
		b, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusNotFound || !strings.Contains(string(b), "Nothing here") {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/news", nil)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestCaching(t *testing.T) {
	s := newSite(t)
	path := s.write("a", "b", "en", s.clock.Unix()-10)
	for _, p := range []string{"/news", path, "/news/feed.atom", "/videos", s.stylePath} {
		first := s.get(p)
		etag := first.Header.Get("ETag")
		if etag == "" || strings.HasPrefix(etag, "W/") {
			t.Errorf("%s: ETag %q", p, etag)
		}
		if again := s.get(p, "If-None-Match", etag); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s: %s", p, again.Status)
		}
		if modified := first.Header.Get("Last-Modified"); modified != "" {
			if again := s.get(p, "If-Modified-Since", modified); again.StatusCode != http.StatusNotModified {
				t.Errorf("%s: %s", p, again.Status)
			}
		} else if p == path || p == "/news/feed.atom" {
			t.Errorf("%s: no Last-Modified", p)
		}
		packed := s.get(p, "Accept-Encoding", "gzip")
		if packed.Header.Get("Content-Encoding") == "gzip" {
			gz, err := gzip.NewReader(packed.Body)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(gz)
			if err != nil || string(b) != s.body(p) || packed.Header.Get("ETag") == etag {
				t.Errorf("%s: compressed, it is another page (%v)", p, err)
			}
		}
	}
	if got := s.get(s.stylePath).Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("style: %q", got)
	}
	before := s.get("/news").Header.Get("ETag")
	s.write("c", "d", "en", s.clock.Unix()-5)
	if resp := s.get("/news", "If-None-Match", before); resp.StatusCode != http.StatusOK {
		t.Errorf("after news: %s", resp.Status)
	}
}

func TestHeaders(t *testing.T) {
	s := newSite(t)
	for _, p := range []string{"/news", "/videos", "/news/none", "/news/feed.atom"} {
		h := s.get(p).Header
		if got := h.Get("Content-Security-Policy"); got != contentPolicy {
			t.Errorf("%s: policy %q", p, got)
		}
		if h.Get("Set-Cookie") != "" {
			t.Errorf("%s sets a cookie", p)
		}
	}
}

// The style keeps to what browsers of 2020 know (Chrome 80).
func TestStyleIsForOldBrowsers(t *testing.T) {
	css := string(styleSheet)
	for _, p := range []string{
		`[\s;{]gap:`, `aspect-ratio:`, `[\s;{]inset[a-z-]*:`, `margin-(inline|block):`, `padding-(inline|block):`,
		`:has\(`, `:is\(`, `:where\(`, `dvh`, `clamp\(`, `@layer`, `@import`, `url\(`,
	} {
		if m := regexp.MustCompile(p).FindString(css); m != "" {
			t.Errorf("style.css has %q", m)
		}
	}
}
