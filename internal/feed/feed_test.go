package feed

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"madang/internal/blob"
	"madang/internal/eventlog"
	"madang/internal/hub"
	"madang/internal/index"
	"madang/internal/ingest"
	"madang/internal/nostr"
	"madang/internal/policy"
	"madang/internal/publication"
)

const feeds = "../../testdata/feeds/"

// testNode is what an importer needs of a node, on real disk.
type testNode struct {
	*Importer
	index *index.Index
	blobs *blob.Dir
	clock time.Time
	base  string
}

func newNode(t *testing.T) *testNode {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir, ctx, logger := t.TempDir(), t.Context(), slog.New(slog.DiscardHandler)
	n := &testNode{clock: time.Date(2025, 3, 10, 12, 0, 0, 0, time.UTC), base: "http://node.example:8080/"}
	now := func() time.Time { return n.clock }
	key, err := nostr.GenerateKey()
	must(err)
	log, err := eventlog.Open(eventlog.Config{Dir: filepath.Join(dir, "log"), Logger: logger})
	must(err)
	n.index, err = index.Open(ctx, index.Config{Dir: filepath.Join(dir, "index"), Log: log, Logger: logger})
	must(err)
	n.blobs, err = blob.OpenDir(filepath.Join(dir, "blobs"))
	must(err)
	pol := policy.New(policy.Config{NodeKey: key.PubKey()})
	in := ingest.New(ingest.Config{Log: log, Index: n.index, Hub: hub.New(), Policy: pol, Now: now, Logger: logger})
	t.Cleanup(func() {
		for _, c := range []func() error{in.Close, n.index.Close, log.Close, n.blobs.Close} {
			if err := c(); err != nil {
				t.Error(err)
			}
		}
	})
	n.Importer = New(Config{
		NodeKey: key, Ingest: in, Index: n.index, Policy: pol, Blobs: n.blobs, Now: now, Logger: logger,
		BaseURL: func() string { return n.base },
		Client:  &http.Client{Transport: localOnly{}},
	})
	return n
}

// localOnly keeps tests off the network: only this machine answers.
type localOnly struct{}

func (localOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Hostname() != "127.0.0.1" {
		return nil, errors.New("no such host")
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (n *testNode) importFile(t *testing.T, name string) Report {
	t.Helper()
	s, err := ParseSource(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := n.Import(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (n *testNode) want(t *testing.T, r Report, line string) {
	t.Helper()
	if r.String() != line {
		t.Fatalf("got %q, want %q", r, line)
	}
}

// events returns all of a kind, newest first.
func (n *testNode) events(t *testing.T, kind uint16) []*nostr.Event {
	t.Helper()
	f := nostr.All()
	f.Kinds = []uint16{kind}
	var found []*nostr.Event
	q := index.Query{Filters: []nostr.Filter{f}, Now: n.clock.Unix()}
	if _, err := n.index.Query(t.Context(), q, func(it index.Item) error {
		found = append(found, it.Event)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return found
}

func (n *testNode) articles(t *testing.T) map[string]publication.Article {
	t.Helper()
	found := map[string]publication.Article{}
	for _, e := range n.events(t, nostr.KindArticle) {
		a, err := publication.ParseArticle(e)
		if err != nil {
			t.Fatal(err)
		}
		found[a.Title] = a
	}
	return found
}

// holdsPicture reports whether an address names a blob that the node has.
func (n *testNode) holdsPicture(t *testing.T, address string) bool {
	t.Helper()
	b, ok := publication.BlobOf(address)
	if !ok {
		return false
	}
	h, err := blob.ParseHash(b.Hash)
	if err != nil {
		t.Fatal(err)
	}
	_, err = n.blobs.Stat(t.Context(), h)
	return err == nil
}

func TestImportRSS(t *testing.T) {
	n := newNode(t)
	r := n.importFile(t, feeds+"village.rss.xml")
	n.want(t, r, "new 5, updated 0, unchanged 0, skipped 2")
	if r.Title != "The Hill & Valley Courier" {
		t.Errorf("title %q", r.Title)
	}
	all := n.articles(t)

	bridge := all["The bridge opens on Friday"]
	wantContent := strings.Join([]string{
		"## Carts first, lorries later", "",
		"After two winters the **new bridge** carries carts again. The council “thanks every hand” — and asks lorries " +
			"to wait until the [load test](http://courier.example/notices/42?from=feed&lang=en).", "",
		"See the plan and [the map](http://maps.example/bridge).", "",
		"![The bridge from the north bank](PICTURE)", "",
		"- Monday: painting", "- Friday: opening, 10 o’clock", "",
		"| Cart | Toll |", "|------|------|", "| Ox   | free |", "",
		"```", "if width < 3 { wait() }", "```",
	}, "\n")
	content := blobURL.ReplaceAllString(bridge.Content, "$1")
	if i := strings.Index(content, "(/"); i > 0 {
		if !n.holdsPicture(t, content[i+1:strings.IndexByte(content[i:], ')')+i]) {
			t.Errorf("the picture in the text is not there")
		}
		content = content[:i] + "(PICTURE)" + content[strings.IndexByte(content[i:], ')')+i+1:]
	}
	if content != wantContent {
		t.Errorf("content\n%s\nwant\n%s", content, wantContent)
	}
	if bridge.Summary != "After two winters the new bridge carries carts again." {
		t.Errorf("summary %q", bridge.Summary)
	}
	if !strings.HasPrefix(bridge.Image, "http://node.example:8080/") || !n.holdsPicture(t, bridge.Image) {
		t.Errorf("image %q", bridge.Image)
	}
	if want := time.Date(2025, 3, 3, 23, 30, 0, 0, time.UTC).Unix(); bridge.PublishedAt != want {
		t.Errorf("published %d, want %d", bridge.PublishedAt, want)
	}
	if bridge.Section != "roads" || bridge.Language != "en" || bridge.Link != "http://courier.example/2025/bridge" {
		t.Errorf("section %q, language %q, link %q", bridge.Section, bridge.Language, bridge.Link)
	}

	well := all["마을 우물, 다시 맑아졌습니다"]
	if well.Language != "ko" || !n.holdsPicture(t, well.Image) {
		t.Errorf("language %q, image %q", well.Language, well.Image)
	}
	if want := time.Date(2025, 3, 3, 6, 0, 0, 0, time.UTC).Unix(); well.PublishedAt != want {
		t.Errorf("a broken date: %d, want the other one, %d", well.PublishedAt, want)
	}

	weather := all["Weather without a date: 3 < 5 & 7 > 2"]
	if want := "Plain words only: rain from the west, wind less than 5 & falling.\n\nA second paragraph follows a blank line."; weather.Content != want {
		t.Errorf("plain text %q", weather.Content)
	}
	if weather.PublishedAt != n.clock.Unix()-2 || weather.Link != "http://courier.example/2025/weather" {
		t.Errorf("published %d, link %q", weather.PublishedAt, weather.Link)
	}

	if got := all["A letter with no id"].Content; got != "Whoever lost a brown goat: she is at the mill & well." {
		t.Errorf("item without id: %q", got)
	}
	future := all["From the future"]
	if future.PublishedAt != n.clock.Unix()-5 || future.UpdatedAt > n.clock.Unix() {
		t.Errorf("published %d, created %d, which is to come", future.PublishedAt, future.UpdatedAt)
	}
	if future.Image != "" {
		t.Errorf("took %q for a picture", future.Image)
	}
}

func TestImportAtom(t *testing.T) {
	n := newNode(t)
	n.want(t, n.importFile(t, feeds+"harbour.atom.xml"), "new 3, updated 0, unchanged 0, skipped 0")
	all := n.articles(t)

	ship := all["وصلت سفينة الأمل بالدواء"]
	want := "رست سفينة **الأمل** فجرًا، وعلى متنها *ثلاثون* صندوقًا من الدواء للمستوصف.\n\n" +
		"> «لم نر البحر هادئًا هكذا منذ شهر»، قال القبطان.\n\nللتفاصيل: [جدول المدّ](http://harbour.example/charts/tables/tide)."
	if ship.Content != want {
		t.Errorf("content\n%s\nwant\n%s", ship.Content, want)
	}
	if ship.Language != "ar" || ship.Section != "البحر" || ship.Link != "http://harbour.example/news/2025/amal" {
		t.Errorf("language %q, section %q, link %q", ship.Language, ship.Section, ship.Link)
	}
	if !n.holdsPicture(t, ship.Image) {
		t.Errorf("image %q", ship.Image)
	}
	if want := time.Date(2025, 3, 5, 7, 0, 0, 0, time.UTC).Unix(); ship.UpdatedAt != want {
		t.Errorf("updated %d, want %d", ship.UpdatedAt, want)
	}

	market := all["Market day moves to <Thursday>"]
	if market.Language != "en" {
		t.Errorf("language of the entry: %q", market.Language)
	}
	if text := publication.PlainText(market.Content, 500); !strings.Contains(text, `where a < b are`) ||
		!strings.Contains(text, `<script>alert("text is text")</script>`) {
		t.Errorf("text that looks like HTML: %q", text)
	}
	if want := time.Date(2025, 3, 4, 18, 0, 0, 0, time.UTC).Unix(); market.PublishedAt != want {
		t.Errorf("published %d, want the update's %d", market.PublishedAt, want)
	}

	tide := all["جدول المدّ والجزر"]
	if tide.Content != "المدّ عند **السادسة** والجزر عند الظهر." || tide.Image != "" {
		t.Errorf("content %q, image %q", tide.Content, tide.Image)
	}
}

func TestImportJSON(t *testing.T) {
	n := newNode(t)
	r := n.importFile(t, feeds+"school.json")
	n.want(t, r, "new 3, updated 0, unchanged 0, skipped 0")
	if r.Missing != 1 {
		t.Errorf("%d pictures missing, want 1", r.Missing)
	}
	all := n.articles(t)
	seeds := all[`우리 반 "씨앗 달력"`]
	if seeds.Summary != "콩은 언제 심을까요?" || seeds.Section != "학교" || seeds.Language != "ko" {
		t.Errorf("summary %q, section %q, language %q", seeds.Summary, seeds.Section, seeds.Language)
	}
	if strings.Count(seeds.Content, "![") != 2 || strings.Contains(seeds.Content, "data:") || !n.holdsPicture(t, seeds.Image) {
		t.Errorf("content %q, image %q", seeds.Content, seeds.Image)
	}
	crane, ok := all["제목 없는 글입니다."]
	if !ok {
		t.Fatalf("no article is called by its first sentence: %v", all)
	}
	if html := publication.HTML(crane.Content, publication.HTMLOptions{}); !strings.Contains(html, "왔습니다.<br>\n세 마리였습니다.") ||
		!strings.Contains(html, "&amp; &lt;b&gt;태그&lt;/b&gt;는") {
		t.Errorf("plain text came out as %s", html)
	}
	if leila := all["صديقتنا من المرفأ"]; leila.Language != "ar" || leila.Image != "" {
		t.Errorf("language %q, image %q", leila.Language, leila.Image)
	}
}

func TestImportOtherEncoding(t *testing.T) {
	n := newNode(t)
	if r := n.importFile(t, feeds+"euckr.rss.xml"); r.Title != "옛 신문" {
		t.Errorf("title %q", r.Title)
	}
	if a := n.articles(t)["장날은 닷새마다 섭니다"]; a.Content != "이번 장은 개울 건너 느티나무 아래에서 섭니다." {
		t.Errorf("got %+v", a)
	}
}

func TestImportUntitled(t *testing.T) {
	n := newNode(t)
	n.want(t, n.importFile(t, feeds+"untitled.rss.xml"), "new 2, updated 0, unchanged 0, skipped 1")
	all := n.articles(t)
	if _, ok := all["The lamp at the corner is mended."]; !ok {
		t.Errorf("no article is called by its first sentence: %v", all)
	}
	if a := all["Short notes"]; !n.holdsPicture(t, a.Image) {
		t.Errorf("a picture alone: %+v", a)
	}
}

// No article of any feed has HTML in it, and each is labelled.
func TestImportedArticlesAreNIP23(t *testing.T) {
	n := newNode(t)
	for _, name := range []string{"village.rss.xml", "harbour.atom.xml", "school.json", "euckr.rss.xml", "untitled.rss.xml"} {
		n.importFile(t, feeds+name)
	}
	for _, e := range n.events(t, nostr.KindArticle) {
		if publication.HasHTML(e.Content) {
			t.Errorf("HTML in %q", e.Content)
		}
		for _, name := range []string{"d", "title", "published_at", "L", "l"} {
			if _, ok := e.Tags.First(name); !ok {
				t.Errorf("no %s in %v", name, e.Tags)
			}
		}
	}
}

func TestImportAgain(t *testing.T) {
	n := newNode(t)
	for _, tt := range []struct{ file, again string }{
		{"village.rss.xml", "new 0, updated 0, unchanged 5, skipped 2"},
		{"harbour.atom.xml", "new 0, updated 0, unchanged 3, skipped 0"},
		{"school.json", "new 0, updated 0, unchanged 3, skipped 0"},
	} {
		n.importFile(t, feeds+tt.file)
		before := n.index.Len()
		n.clock = n.clock.Add(time.Hour)
		n.base = "http://moved.example" // an address is no news
		n.want(t, n.importFile(t, feeds+tt.file), tt.again)
		if n.index.Len() != before {
			t.Errorf("%s: %d events became %d", tt.file, before, n.index.Len())
		}
	}
}

func TestImportPublishesTheFeed(t *testing.T) {
	n := newNode(t)
	r := n.importFile(t, feeds+"village.rss.xml")
	n.importFile(t, feeds+"school.json")
	n.importFile(t, feeds+"village.rss.xml")
	if got := len(n.cfg.Policy.Feeds()); got != 2 {
		t.Errorf("the policy knows %d feeds, want 2", got)
	}
	sets := n.events(t, nostr.KindFollowSet)
	if len(sets) != 1 || !sets[0].Tags.Has("p", r.PubKey) || !sets[0].Tags.Has("d", "feeds") {
		t.Errorf("feeds set %v", sets)
	}
	profiles := n.events(t, nostr.KindProfile)
	i := slices.IndexFunc(profiles, func(e *nostr.Event) bool { return e.PubKey.String() == r.PubKey })
	if i < 0 {
		t.Fatal("the feed has no profile")
	}
	for _, want := range []string{
		`"name":"The Hill & Valley Courier"`, `"about":"News of seven villages, carried by whoever is going that way"`,
		`"website":"http://courier.example/"`, `"picture":"http://node.example:8080/`,
	} {
		if !strings.Contains(profiles[i].Content, want) {
			t.Errorf("no %s in %s", want, profiles[i].Content)
		}
	}
	for _, e := range n.events(t, nostr.KindArticle) {
		if e.PubKey == n.cfg.NodeKey.PubKey() {
			t.Error("the node signed an article")
		}
	}
}

func TestFeedKeyIsItsOwn(t *testing.T) {
	node, err := nostr.ParseSecretKey(strings.Repeat("11", 32))
	if err != nil {
		t.Fatal(err)
	}
	a, _ := deriveKey(node, "http://a.example/feed")
	again, _ := deriveKey(node, "http://a.example/feed")
	b, _ := deriveKey(node, "http://b.example/feed")
	if a != again || a == b || a == node {
		t.Error("a feed's key depends on the node and the feed alone")
	}
}

func rss(items ...string) string {
	return `<rss version="2.0"><channel><title>Small</title><link>http://small.example/</link>` +
		strings.Join(items, "") + `</channel></rss>`
}

func TestImportUpdate(t *testing.T) {
	n := newNode(t)
	file := filepath.Join(t.TempDir(), "feed.xml")
	write := func(items ...string) {
		if err := os.WriteFile(file, []byte(rss(items...)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const date = "<pubDate>Sat, 01 Mar 2025 00:00:00 GMT</pubDate>"
	first := "<item><guid>1</guid><title>One</title><description>Wrong.</description>" + date + "</item>"
	second := "<item><guid>2</guid><title>Two</title><description>Two.</description></item>"
	write(first, second)
	n.want(t, n.importFile(t, file), "new 2, updated 0, unchanged 0, skipped 0")
	old := n.articles(t)

	n.clock = n.clock.Add(24 * time.Hour)
	write(strings.Replace(first, "Wrong", "Right", 1), strings.Replace(second, "Two.", "Three.", 1))
	n.want(t, n.importFile(t, file), "new 0, updated 2, unchanged 0, skipped 0")
	now := n.articles(t)
	if len(now) != 2 || now["One"].Content != "Right." || now["Two"].Content != "Three." {
		t.Fatalf("got %+v", now)
	}
	for _, title := range []string{"One", "Two"} {
		if now[title].UpdatedAt <= old[title].UpdatedAt || now[title].UpdatedAt > n.clock.Unix() {
			t.Errorf("%s: version of %d follows one of %d", title, now[title].UpdatedAt, old[title].UpdatedAt)
		}
		if now[title].PublishedAt != old[title].PublishedAt {
			t.Errorf("%s: first published %d, now %d", title, old[title].PublishedAt, now[title].PublishedAt)
		}
	}
}

// An update can be no newer than the clock, so it waits for it.
func TestImportUpdateInTheSameSecond(t *testing.T) {
	n := newNode(t)
	file := filepath.Join(t.TempDir(), "feed.xml")
	for i, want := range []string{
		"new 1, updated 0, unchanged 0, skipped 0", "new 0, updated 0, unchanged 0, skipped 1",
		"new 0, updated 1, unchanged 0, skipped 0",
	} {
		body := "First."
		if i > 0 {
			body = "Second."
		}
		if i == 2 {
			n.clock = n.clock.Add(time.Second)
		}
		item := "<item><guid>1</guid><title>One</title><description>" + body + "</description></item>"
		if err := os.WriteFile(file, []byte(rss(item)), 0o600); err != nil {
			t.Fatal(err)
		}
		n.want(t, n.importFile(t, file), want)
	}
}

func TestImportHostile(t *testing.T) {
	for name, want := range map[string]error{
		"nesting.xml": ErrHostile, "laughs.xml": ErrHostile, "xxe.xml": ErrHostile, "deep.json": ErrHostile,
		"truncated.xml": ErrNotFeed, "truncated.json": ErrNotFeed, "page.html": ErrNotFeed, "noise.bin": ErrNotFeed,
		"nothing": ErrNotFeed, "empty.xml": ErrEmpty, "no-such-file.xml": ErrUnreachable,
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t)
			s, err := ParseSource(feeds + "hostile/" + name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = n.Import(t.Context(), s, nil); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
			if n.index.Len() != 0 {
				t.Errorf("%d events were published", n.index.Len())
			}
		})
	}
}

func TestImportTooLarge(t *testing.T) {
	n := newNode(t)
	file := filepath.Join(t.TempDir(), "large.xml")
	if err := os.WriteFile(file, []byte(rss(strings.Repeat(" ", maxFeed))), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Import(t.Context(), Source{Path: file}, nil); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

// Pictures beside the feed are read, files elsewhere are not, whatever path or link leads to them.
func TestImportPicturesStayInTheirDirectory(t *testing.T) {
	n := newNode(t)
	dir := t.TempDir()
	secret, err := os.ReadFile(feeds + "pictures/harbour.jpg")
	if err != nil {
		t.Fatal(err)
	}
	inside := filepath.Join(dir, "in")
	if err := os.Mkdir(inside, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret.jpg"), secret, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../secret.jpg", filepath.Join(inside, "link.jpg")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(inside, "feed.xml")
	body := rss(`<item><guid>1</guid><title>One</title><description>&lt;p&gt;x&lt;img src="../secret.jpg"&gt;` +
		`&lt;img src="link.jpg"&gt;&lt;img src="` + filepath.Join(dir, "secret.jpg") + `"&gt;` +
		`&lt;img src="file://` + filepath.Join(dir, "secret.jpg") + `"&gt;</description></item>`)
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	r := n.importFile(t, file)
	if a := n.articles(t)["One"]; a.Image != "" || a.Content != "x" || r.Pictures != 0 {
		t.Errorf("content %q, image %q", a.Content, a.Image)
	}
}

func TestImportURL(t *testing.T) {
	picture, err := os.ReadFile(feeds + "pictures/blackboard.png")
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]int{}
	gone := false
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		asked[r.URL.Path]++
		switch {
		case r.URL.Path == "/moved.xml":
			http.Redirect(w, r, "/feeds/real.xml", http.StatusMovedPermanently)
		case r.URL.Path == "/feeds/real.xml":
			w.Header().Set("Content-Type", "application/rss+xml")
			_, _ = w.Write([]byte(rss(`<item><guid>1</guid><title>One</title><link>/one</link>` +
				`<description>&lt;p&gt;See &lt;a href="two"&gt;two&lt;/a&gt;&lt;img src="board.png"&gt;&lt;/p&gt;</description>` +
				`<pubDate>Sat, 01 Mar 2025 00:00:00 GMT</pubDate></item>`)))
		case r.URL.Path == "/feeds/board.png" && !gone:
			_, _ = w.Write(picture)
		case r.URL.Path == "/loop.xml":
			http.Redirect(w, r, "/loop.xml", http.StatusFound)
		case r.URL.Path == "/large.xml":
			_, _ = w.Write([]byte(rss(strings.Repeat(" ", maxFeed))))
		default:
			http.NotFound(w, r)
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	n := newNode(t)
	n.want(t, n.importFile(t, server.URL+"/moved.xml"), "new 1, updated 0, unchanged 0, skipped 0")
	a := n.articles(t)["One"]
	if !n.holdsPicture(t, a.Image) || !strings.HasPrefix(a.Content, "See [two]("+server.URL+"/two)") {
		t.Errorf("content %q, image %q", a.Content, a.Image)
	}
	if a.Link != server.URL+"/one" {
		t.Errorf("link %q", a.Link)
	}

	gone = true
	n.want(t, n.importFile(t, server.URL+"/moved.xml"), "new 0, updated 0, unchanged 1, skipped 0")
	if asked["/feeds/board.png"] != 1 {
		t.Errorf("the picture was fetched %d times", asked["/feeds/board.png"])
	}

	for path, want := range map[string]error{"/loop.xml": ErrUnreachable, "/none.xml": ErrUnreachable, "/large.xml": ErrTooLarge} {
		if _, err := n.Import(t.Context(), Source{URL: server.URL + path}, nil); !errors.Is(err, want) {
			t.Errorf("%s: got %v", path, err)
		}
	}
	if asked["/loop.xml"] > maxRedirects+1 {
		t.Errorf("followed %d redirects", asked["/loop.xml"]-1)
	}
}

// A feed on the network cannot name another feed's address and so write in its place.
func TestImportURLIsWhoItsAddressSays(t *testing.T) {
	other := `<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><link rel="self" href="http://trusted.example/feed"/>` +
		`<entry><id>1</id><title>One</title><content>x</content></entry></feed>`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(other))
	}))
	defer server.Close()
	n := newNode(t)
	r := n.importFile(t, server.URL+"/feed")
	trusted, err := deriveKey(n.cfg.NodeKey, "http://trusted.example/feed")
	if err != nil {
		t.Fatal(err)
	}
	if r.PubKey == trusted.PubKey().String() {
		t.Error("it took the other feed's key")
	}
}

func TestImportStops(t *testing.T) {
	n := newNode(t)
	ctx, cancel := context.WithCancel(t.Context())
	s, err := ParseSource(feeds + "school.json")
	if err != nil {
		t.Fatal(err)
	}
	var told [][2]int
	_, err = n.Import(ctx, s, func(done, total int) {
		told = append(told, [2]int{done, total})
		cancel()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if len(told) == 0 || told[0] != [2]int{1, 3} {
		t.Errorf("progress %v", told)
	}
	n.want(t, n.importFile(t, feeds+"school.json"), "new 3, updated 0, unchanged 0, skipped 0")
}

func TestClose(t *testing.T) {
	n := newNode(t)
	s, err := ParseSource(feeds + "village.rss.xml")
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	_, err = n.Import(t.Context(), s, func(done, total int) {
		if done == 1 {
			go func() { closed <- n.Close() }()
			<-n.closing.Done()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("an import while it closes: %v", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, err := n.Import(t.Context(), s, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("an import after: %v", err)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}
