package pages

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mmcdole/gofeed"
	"golang.org/x/net/html"

	"madang/internal/blob"
	"madang/internal/eventlog"
	"madang/internal/hub"
	"madang/internal/index"
	"madang/internal/ingest"
	"madang/internal/nostr"
	"madang/internal/policy"
	"madang/internal/publication"
)

// site is the pages over a node on real disk.
type site struct {
	*Handler
	t      *testing.T
	in     *ingest.Ingest
	blobs  *blob.Dir
	author nostr.SecretKey
	clock  time.Time
}

func newSite(t *testing.T) *site {
	t.Helper()
	dir, logger := t.TempDir(), slog.New(slog.DiscardHandler)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s := &site{t: t, clock: time.Date(2025, 3, 10, 12, 0, 0, 0, time.UTC)}
	now := func() time.Time { return s.clock }
	node, err := nostr.GenerateKey()
	must(err)
	s.author, err = nostr.GenerateKey()
	must(err)
	log, err := eventlog.Open(eventlog.Config{Dir: filepath.Join(dir, "log"), Logger: logger})
	must(err)
	x, err := index.Open(t.Context(), index.Config{Dir: filepath.Join(dir, "index"), Log: log, Logger: logger})
	must(err)
	s.blobs, err = blob.OpenDir(filepath.Join(dir, "blobs"))
	must(err)
	pol := policy.New(policy.Config{NodeKey: node.PubKey()})
	s.in = ingest.New(ingest.Config{Log: log, Index: x, Hub: hub.New(), Policy: pol, Now: now, Logger: logger})
	t.Cleanup(func() {
		for _, c := range []func() error{s.in.Close, x.Close, log.Close, s.blobs.Close} {
			if err := c(); err != nil {
				t.Error(err)
			}
		}
	})
	s.Handler = New(Config{
		Index: x, Blobs: s.blobs, NodeKey: node.PubKey(), NodeName: func() string { return "Hill <House>" },
		BaseURL: func() string { return "http://hill.example:8080" }, Now: now, Logger: logger,
	})
	return s
}

// publish signs an event with the author's key and stores it.
func (s *site) publish(e *nostr.Event) *nostr.Event {
	s.t.Helper()
	if err := e.Sign(s.author); err != nil {
		s.t.Fatal(err)
	}
	if r := s.in.Submit(s.t.Context(), e, policy.Writer{Road: policy.Import}); !r.OK {
		s.t.Fatal(r.Message)
	}
	return e
}

// write publishes an article and returns its path.
func (s *site) write(title, content, language string, at int64, more ...nostr.Tag) string {
	s.t.Helper()
	tags := nostr.Tags{{"d", title}, {"title", title}, {"published_at", strconv.FormatInt(at, 10)}}
	if language != "" {
		tags = append(tags, publication.LanguageTags(language)...)
	}
	e := s.publish(&nostr.Event{Kind: nostr.KindArticle, CreatedAt: at, Content: content, Tags: append(tags, more...)})
	a, _ := e.Address()
	return "/news/" + a.Naddr()
}

// store puts a blob on the node and returns its hash.
func (s *site) store(content, kind string) string {
	s.t.Helper()
	info, _, err := s.blobs.Put(s.t.Context(), strings.NewReader(content), blob.Put{Type: kind, Owner: s.author.PubKey(), Max: 1 << 20})
	if err != nil {
		s.t.Fatal(err)
	}
	return info.Hash.String()
}

func (s *site) get(path string, header ...string) *http.Response {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "hill.example:8080"
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func (s *site) body(path string, header ...string) string {
	s.t.Helper()
	resp := s.get(path, header...)
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s", path, resp.Status)
	}
	return string(b)
}

// element is one of a page.
type element struct {
	name  string
	attrs map[string]string
	text  string // white space runs as one space
	// As the element has them from itself or from those around it.
	dir, lang string
}

// elements reads a page as a browser does.
func elements(t *testing.T, page string) []element {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var found []element
	var words func(n *html.Node) string
	words = func(n *html.Node) string {
		if n.Type == html.TextNode {
			return n.Data
		}
		var b strings.Builder
		for c := range n.ChildNodes() {
			b.WriteString(words(c))
		}
		return b.String()
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		e := element{name: n.Data, attrs: map[string]string{}, text: strings.Join(strings.Fields(words(n)), " ")}
		for _, a := range n.Attr {
			e.attrs[a.Key] = a.Val
		}
		e.dir, e.lang = inherited(n, "dir"), inherited(n, "lang")
		found = append(found, e)
	}
	return found
}

func inherited(n *html.Node, key string) string {
	for ; n != nil; n = n.Parent {
		for _, a := range n.Attr {
			if a.Key == key {
				return a.Val
			}
		}
	}
	return ""
}

// one returns the only element that matches, by name and, where given, text.
func one(t *testing.T, page, name, text string) element {
	t.Helper()
	var found []element
	for _, e := range elements(t, page) {
		if e.name == name && (text == "" || e.text == text) {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d elements %s %q in\n%s", len(found), name, text, page)
	}
	return found[0]
}

func texts1(t *testing.T, page, name string) (all []string) {
	t.Helper()
	for _, e := range elements(t, page) {
		if e.name == name {
			all = append(all, e.text)
		}
	}
	return all
}

func TestFrontPage(t *testing.T) {
	s := newSite(t)
	picture := s.store("\xff\xd8\xff picture", "image/jpeg")
	s.publish(&nostr.Event{Kind: nostr.KindProfile, CreatedAt: 1, Content: `{"name":"Mina & Co"}`})
	at := s.clock.Unix() - 1000
	lead := s.write("Pictured", "Words of it.", "en", at, nostr.Tag{"t", "Roads"}, nostr.Tag{"image", "http://far.example/" + picture + ".jpg"})
	s.write("Newest", "Other words.", "en", at+5)
	s.write("우물", "맑은 물", "ko", at-1)
	s.write("السفينة", "وصلت", "ar", at-2)
	for i := range 4 {
		s.write("Road "+strconv.Itoa(i), "x", "en", at-10-int64(i), nostr.Tag{"t", "roads"})
	}
	s.write("Goat", "x", "en", at-20, nostr.Tag{"t", "animals"})
	page := s.body("/news")

	if got := one(t, page, "h2", "Pictured"); got.attrs["lang"] != "en" || got.dir != "ltr" {
		t.Errorf("the lead %v", got)
	}
	for _, e := range elements(t, page) {
		if e.name == "img" && e.attrs["src"] != "/"+picture+".jpg" {
			t.Errorf("picture %v", e)
		}
		if e.name == "a" && e.text == "Pictured" && e.attrs["href"] != lead {
			t.Errorf("link %v", e)
		}
	}
	if got := one(t, page, "h3", "السفينة"); got.dir != "rtl" || got.attrs["lang"] != "ar" {
		t.Errorf("an Arabic story %v", got)
	}
	if got, want := texts1(t, page, "h2"), []string{"Pictured", "roads", "More news"}; !slices.Equal(got, want) {
		t.Errorf("headings %q, want %q", got, want)
	}
	want := []string{"Newest", "우물", "السفينة", "Road 0", "Road 1", "Road 2", "Road 3", "Goat"}
	if got := texts1(t, page, "h3"); !slices.Equal(got, want) {
		t.Errorf("stories %q, want %q", got, want)
	}
	if !strings.Contains(page, "Mina &amp; Co") || !strings.Contains(page, "10 March 2025") {
		t.Error("no author or no date")
	}
	if title := one(t, page, "title", ""); title.text != "News · Hill <House>" {
		t.Errorf("title %q", title.text)
	}

	korean := s.body("/news?lang=ko")
	if got := texts1(t, korean, "h2"); !slices.Equal(got, []string{"우물"}) {
		t.Errorf("in Korean: %q", got)
	}
	if !strings.Contains(korean, `href="/news/feed.atom?lang=ko"`) {
		t.Error("no feed of the language")
	}
}

func TestFrontPagePaging(t *testing.T) {
	s := newSite(t)
	want := map[string]int{}
	for i := range 75 {
		title := "Story " + strconv.Itoa(i)
		want[title] = 1
		s.write(title, "x", "en", s.clock.Unix()-int64(i/10)) // ten in each second
	}
	path, pages := "/news", 0
	got := map[string]int{}
	for path != "" {
		page := s.body(path)
		path = ""
		pages++
		for _, e := range elements(t, page) {
			if (e.name == "h2" || e.name == "h3") && strings.HasPrefix(e.text, "Story") {
				got[e.text]++
			}
			if e.attrs["rel"] == "next" {
				path = e.attrs["href"]
			}
		}
	}
	if len(got) != len(want) || pages != 3 {
		t.Errorf("%d of %d stories on %d pages", len(got), len(want), pages)
	}
	for title, n := range got {
		if n != 1 {
			t.Errorf("%s is there %d times", title, n)
		}
	}
}

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

func TestArticlePage(t *testing.T) {
	s := newSite(t)
	here := s.store("\x89PNG\r\n\x1a\n picture", "image/png")
	gone := strings.Repeat("ab", 32)
	at := s.clock.Unix() - 86400*3
	path := s.write("السفينة", "# فصل\n\nنص **مهم** ![هنا](http://far.example/"+here+".png) ![غائبة]("+gone+".png) "+
		"![بعيدة](http://far.example/x.png)", "ar", at, nostr.Tag{"summary", "ملخص آخر"},
		nostr.Tag{"image", "http://far.example/" + here + ".png"}, nostr.Tag{"proxy", "http://harbour.example/1", "web"})
	page := s.body(path)
	h1 := one(t, page, "h1", "السفينة")
	if h1.dir != "rtl" || h1.lang != "ar" {
		t.Errorf("h1 %v", h1)
	}
	one(t, page, "h2", "فصل")
	one(t, page, "p", "ملخص آخر")
	img := one(t, page, "img", "") // once: the lead picture is in the text
	if img.attrs["src"] != "/"+here+".png" || img.attrs["alt"] != "هنا" {
		t.Errorf("picture %v", img)
	}
	if a := one(t, page, "a", "بعيدة"); a.attrs["href"] != "http://far.example/x.png" {
		t.Errorf("picture elsewhere %v", a)
	}
	if strings.Contains(page, gone) || !strings.Contains(page, "غائبة") {
		t.Error("a picture that is not here is its words")
	}
	if a := one(t, page, "a", "First published at harbour.example"); a.attrs["href"] != "http://harbour.example/1" {
		t.Errorf("source %v", a)
	}
	one(t, page, "time", "7 March 2025")

	// A correction takes the place of the old version at the same address.
	s.write("السفينة", "نص صحيح", "ar", at+86400*2, nostr.Tag{"published_at", "1"})
	if page := s.body(path); !strings.Contains(page, "نص صحيح") || strings.Contains(page, "مهم") {
		t.Error("not the newest version")
	}
}

func TestArticleCorrected(t *testing.T) {
	s := newSite(t)
	e := s.publish(&nostr.Event{Kind: nostr.KindArticle, CreatedAt: s.clock.Unix() - 10, Content: "x", Tags: nostr.Tags{
		{"d", "1"}, {"published_at", strconv.FormatInt(s.clock.Unix()-86400*9, 10)},
	}})
	a, _ := e.Address()
	page := s.body("/news/" + a.Naddr())
	one(t, page, "h1", "Untitled")
	one(t, page, "time", "1 March 2025")
	one(t, page, "time", "Corrected 10 March 2025")
}

func TestHostileContent(t *testing.T) {
	s := newSite(t)
	evil := `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	s.publish(&nostr.Event{Kind: nostr.KindProfile, CreatedAt: 1, Content: `{"name":"` + strings.ReplaceAll(evil, `"`, `\"`) + `"}`})
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

func (s *site) film(title string, tags ...nostr.Tag) string {
	s.t.Helper()
	e := s.publish(&nostr.Event{
		Kind: nostr.KindAddressableVideo, CreatedAt: s.clock.Unix(), Content: "First line.\nSecond <line>.",
		Tags: append(nostr.Tags{{"d", title}, {"title", title}}, tags...),
	})
	a, _ := e.Address()
	return "/videos/" + a.Naddr()
}

func TestVideoPages(t *testing.T) {
	s := newSite(t)
	poster := s.store("\xff\xd8\xff poster", "image/jpeg")
	small, large := s.store(strings.Repeat("s", 500_000), "video/mp4"), s.store(strings.Repeat("l", 1_000_000), "video/mp4")
	gone := strings.Repeat("cd", 32)
	imeta := func(hash, dim, size string) nostr.Tag {
		return nostr.Tag{"imeta", "url http://far.example/" + hash + ".mp4", "x " + hash, "m video/mp4", "dim " + dim,
			"size " + size, "duration 65.2", "image http://far.example/" + poster + ".jpg"}
	}
	path := s.film("접붙이기", imeta(gone, "1280x720", "9000000"), imeta(large, "854x480", "1000000"), imeta(small, "426x240", "500000"))

	grid := s.body("/videos")
	if !strings.Contains(grid, "1:05") || !strings.Contains(grid, "500 KB – 9.0 MB") || !strings.Contains(grid, `src="/`+poster+`.jpg"`) {
		t.Errorf("grid\n%s", grid)
	}

	page := s.body(path)
	video := one(t, page, "video", "")
	if video.attrs["preload"] != "none" || video.attrs["poster"] != "/"+poster+".jpg" || video.attrs["width"] != "854" {
		t.Errorf("video %v", video)
	}
	if _, ok := video.attrs["controls"]; !ok {
		t.Error("no controls")
	}
	var sources, downloads []string
	for _, e := range elements(t, page) {
		if e.name == "source" {
			sources = append(sources, e.attrs["src"])
		}
		if e.name == "a" && strings.Contains(e.attrs["href"], "?name=") {
			downloads = append(downloads, e.text+" "+e.attrs["href"])
		}
	}
	if want := []string{"/" + large + ".mp4", "/" + small + ".mp4"}; !slices.Equal(sources, want) {
		t.Errorf("sources %q", sources)
	}
	const name = ".mp4?name=%EC%A0%91%EB%B6%99%EC%9D%B4%EA%B8%B0-"
	want := []string{"240p 500 KB MP4 /" + small + name + "240p.mp4", "480p 1.0 MB MP4 /" + large + name + "480p.mp4"}
	if !slices.Equal(downloads, want) {
		t.Errorf("downloads\n%q\nwant\n%q", downloads, want)
	}
	one(t, page, "p", "Second <line>.")

	absent := s.body(s.film("absent", imeta(gone, "1280x720", "1")))
	if strings.Contains(absent, "<video") || !strings.Contains(absent, "not on this node yet") {
		t.Error("a video whose files are not here")
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

func TestInterfaceLanguage(t *testing.T) {
	s := newSite(t)
	for _, tt := range []struct{ path, accept, lang, dir, heading string }{
		{"/news", "", "en", "ltr", "News"},
		{"/news", "fr, de;q=0.5", "en", "ltr", "News"},
		{"/news", "ko-KR,ko;q=0.9,en;q=0.8", "ko", "ltr", "소식"},
		{"/news", "ar-EG, en;q=0.1", "ar", "rtl", "الأخبار"},
		{"/news?ui=ar", "ko", "ar", "rtl", "الأخبار"},
		{"/news?ui=xx", "ko", "ko", "ltr", "소식"},
		{"/news", strings.Repeat("ko,", 5000), "en", "ltr", "News"},
	} {
		page := s.body(tt.path, "Accept-Language", tt.accept)
		html, h1 := one(t, page, "html", ""), one(t, page, "h1", "")
		if html.attrs["lang"] != tt.lang || html.attrs["dir"] != tt.dir || h1.text != tt.heading {
			t.Errorf("%s %.20q: %v, %q", tt.path, tt.accept, html.attrs, h1.text)
		}
	}
	if page := s.body("/news?ui=ko"); !strings.Contains(page, `href="/videos?ui=ko"`) {
		t.Error("the chosen language does not go along")
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

func TestAtomFeed(t *testing.T) {
	s := newSite(t)
	picture := s.store("\xff\xd8\xff picture", "image/jpeg")
	s.publish(&nostr.Event{Kind: nostr.KindProfile, CreatedAt: 1, Content: `{"name":"Mina"}`})
	s.write("One", "**bold** ![x]("+picture+".jpg)", "en", s.clock.Unix()-5, nostr.Tag{"image", "http://far.example/" + picture + ".jpg"})
	s.write("둘", "글", "ko", s.clock.Unix())
	resp := s.get("/news/feed.atom")
	if got := resp.Header.Get("Content-Type"); !strings.HasPrefix(got, "application/atom+xml") {
		t.Errorf("type %q", got)
	}
	f, err := gofeed.NewParser().Parse(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if f.Title != "Hill <House>" || len(f.Items) != 2 || f.Items[0].Title != "둘" || f.Items[1].Author.Name != "Mina" {
		t.Errorf("feed %v", f)
	}
	if f.FeedLink != "http://hill.example:8080/news/feed.atom" ||
		!strings.HasPrefix(f.Items[1].Link, "http://hill.example:8080/news/naddr1") {
		t.Errorf("links %q, %q", f.FeedLink, f.Items[1].Link)
	}
	if e := f.Items[1].Enclosures; len(e) != 1 || e[0].URL != "http://hill.example:8080/"+picture+".jpg" || e[0].Type != "image/jpeg" {
		t.Errorf("enclosures %v", e)
	}
	korean, err := gofeed.NewParser().ParseString(s.body("/news/feed.atom?lang=ko"))
	if err != nil || len(korean.Items) != 1 || korean.Language != "ko" {
		t.Errorf("in Korean: %v, %v", korean, err)
	}
}

func TestTextsAreComplete(t *testing.T) {
	t.Parallel()
	place := regexp.MustCompile(`\{[a-z]+\}`)
	texts := loadTexts()
	english := texts.catalogues["en"]
	for _, code := range interfaceLanguages {
		catalogue := texts.catalogues[code]
		for key, text := range english {
			own, ok := catalogue[key]
			if !ok || strings.TrimSpace(own) == "" {
				t.Errorf("%s has no text %s", code, key)
			}
			want, got := place.FindAllString(text, -1), place.FindAllString(own, -1)
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(want, got) {
				t.Errorf("%s: %s has places %v, want %v", code, key, got, want)
			}
		}
		for key := range catalogue {
			if _, ok := english[key]; !ok {
				t.Errorf("%s has a text %s that nothing else has", code, key)
			}
		}
	}
	// Every text that a template or the code names is there, and every text is named.
	named := map[string]bool{}
	files, err := filepath.Glob("templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(files, sources...) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for key := range english {
			if bytes.Contains(b, []byte(`"`+key+`"`)) {
				named[key] = true
			}
		}
		for _, m := range regexp.MustCompile(`(?:\.T "|\.T\("|text\([^"\n]*")([a-z.]+[a-z])"`).FindAllSubmatch(b, -1) {
			if _, ok := english[string(m[1])]; !ok {
				t.Errorf("%s names a text %s that is not there", name, m[1])
			}
		}
	}
	for key := range english {
		if !named[key] && !strings.HasPrefix(key, "month.") {
			t.Errorf("nothing names the text %s", key)
		}
	}
}

func TestTextFilesHaveNoDoubledKeys(t *testing.T) {
	for _, code := range interfaceLanguages {
		b, err := textFiles.ReadFile("texts/" + code + ".json")
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		d := json.NewDecoder(bytes.NewReader(b))
		for i := 0; ; i++ {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if key, ok := token.(string); ok && i%2 == 1 { // keys and values take turns after the brace
				if seen[key] {
					t.Errorf("%s: %s is there twice", code, key)
				}
				seen[key] = true
			}
		}
	}
}

func TestSizesAndLengths(t *testing.T) {
	texts := loadTexts()
	for bytes, want := range map[int64]string{
		0: "1 KB", 400: "1 KB", 1500: "2 KB", 999_000: "999 KB", 999_600: "1.0 MB", 4_200_000: "4.2 MB",
		12_300_000: "12 MB", 1_500_000_000: "1.5 GB",
	} {
		if got := texts.size("en", bytes); got != want {
			t.Errorf("size(%d) = %q, want %q", bytes, got, want)
		}
	}
	for seconds, want := range map[float64]string{0: "0:00", 65.2: "1:05", 3599.6: "1:00:00", 3725: "1:02:05"} {
		if got := length(seconds); got != want {
			t.Errorf("length(%v) = %q, want %q", seconds, got, want)
		}
	}
	day := time.Date(2025, 3, 4, 0, 0, 0, 0, time.UTC)
	for code, want := range map[string]string{"en": "4 March 2025", "ko": "2025년 3월 4일", "ar": "4 مارس 2025"} {
		if got := texts.date(code, day); got != want {
			t.Errorf("date in %s = %q", code, got)
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
