package pages

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

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
	s.blobs, err = blob.OpenDir(filepath.Join(dir, "blobs"), nil)
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
	put := blob.Put{Type: kind, Owner: s.author.PubKey(), Max: 1 << 20}
	info, _, err := s.blobs.Put(s.t.Context(), strings.NewReader(content), put)
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

func textsOf(t *testing.T, page, name string) (all []string) {
	t.Helper()
	for _, e := range elements(t, page) {
		if e.name == name {
			all = append(all, e.text)
		}
	}
	return all
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
