package pages

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mmcdole/gofeed"

	"madang/internal/nostr"
)

func TestFrontPage(t *testing.T) {
	s := newSite(t)
	picture := s.store("\xff\xd8\xff picture", "image/jpeg")
	s.publish(&nostr.Event{Kind: nostr.KindProfile, CreatedAt: 1, Content: `{"name":"Mina & Co"}`})
	at := s.clock.Unix() - 1000
	lead := s.write("Pictured", "Words of it.", "en", at, nostr.Tag{"t", "Roads"},
		nostr.Tag{"image", "http://far.example/" + picture + ".jpg"})
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
	if got, want := textsOf(t, page, "h2"), []string{"Pictured", "roads", "More news"}; !slices.Equal(got, want) {
		t.Errorf("headings %q, want %q", got, want)
	}
	want := []string{"Newest", "우물", "السفينة", "Road 0", "Road 1", "Road 2", "Road 3", "Goat"}
	if got := textsOf(t, page, "h3"); !slices.Equal(got, want) {
		t.Errorf("stories %q, want %q", got, want)
	}
	if !strings.Contains(page, "Mina &amp; Co") || !strings.Contains(page, "10 March 2025") {
		t.Error("no author or no date")
	}
	if title := one(t, page, "title", ""); title.text != "News · Hill <House>" {
		t.Errorf("title %q", title.text)
	}

	korean := s.body("/news?lang=ko")
	if got := textsOf(t, korean, "h2"); !slices.Equal(got, []string{"우물"}) {
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

func TestAtomFeed(t *testing.T) {
	s := newSite(t)
	picture := s.store("\xff\xd8\xff picture", "image/jpeg")
	s.publish(&nostr.Event{Kind: nostr.KindProfile, CreatedAt: 1, Content: `{"name":"Mina"}`})
	s.write("One", "**bold** ![x]("+picture+".jpg)", "en", s.clock.Unix()-5,
		nostr.Tag{"image", "http://far.example/" + picture + ".jpg"})
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
	if e := f.Items[1].Enclosures; len(e) != 1 || e[0].URL != "http://hill.example:8080/"+picture+".jpg" ||
		e[0].Type != "image/jpeg" {
		t.Errorf("enclosures %v", e)
	}
	korean, err := gofeed.NewParser().ParseString(s.body("/news/feed.atom?lang=ko"))
	if err != nil || len(korean.Items) != 1 || korean.Language != "ko" {
		t.Errorf("in Korean: %v, %v", korean, err)
	}
}
