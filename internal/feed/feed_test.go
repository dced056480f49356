package feed

import (
	"slices"
	"strings"
	"testing"
	"time"

	"madang/internal/nostr"
	"madang/internal/publication"
)

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
	plain := "Plain words only: rain from the west, wind less than 5 & falling.\n\n" +
		"A second paragraph follows a blank line."
	if weather.Content != plain {
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
		"> «لم نر البحر هادئًا هكذا منذ شهر»، قال القبطان.\n\n" +
		"للتفاصيل: [جدول المدّ](http://harbour.example/charts/tables/tide)."
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
	if strings.Count(seeds.Content, "![") != 2 || strings.Contains(seeds.Content, "data:") ||
		!n.holdsPicture(t, seeds.Image) {
		t.Errorf("content %q, image %q", seeds.Content, seeds.Image)
	}
	crane, ok := all["제목 없는 글입니다."]
	if !ok {
		t.Fatalf("no article is called by its first sentence: %v", all)
	}
	html := publication.HTML(crane.Content, publication.HTMLOptions{})
	if !strings.Contains(html, "왔습니다.<br>\n세 마리였습니다.") ||
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
	for _, name := range []string{
		"village.rss.xml", "harbour.atom.xml", "school.json", "euckr.rss.xml", "untitled.rss.xml",
	} {
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
