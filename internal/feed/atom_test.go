package feed

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/mmcdole/gofeed"

	"madang/internal/nostr"
	"madang/internal/publication"
)

func TestWriteAtom(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	article := publication.Article{
		Address: nostr.Address{Kind: nostr.KindArticle, PubKey: nostr.PubKey{1}, D: "well"},
		Title:   `우물 <소식> & "물"` + "\x01", Summary: "짧게", Language: "ko", Section: "생활", Link: "http://paper.example/1",
		Content:     "**맑은** 물 <script>alert(1)</script>\n\n![우물](http://far.example/" + hash + ".jpg)",
		PublishedAt: 1_700_000_000, UpdatedAt: 1_700_000_100,
	}
	var b bytes.Buffer
	err := WriteAtom(&b, Atom{
		Title: "마당", NodeKey: nostr.PubKey{2}, BaseURL: "http://10.0.0.1:8080", Path: "/news/feed.atom",
		Entries: []AtomEntry{{article, "편집자", &AtomFile{"/" + hash + ".jpg", "image/jpeg", 1234}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := gofeed.NewParser().Parse(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatalf("%v in %s", err, b.String())
	}
	if f.Title != "마당" || f.FeedLink != "http://10.0.0.1:8080/news/feed.atom" || f.Link != "http://10.0.0.1:8080/news" ||
		f.UpdatedParsed.Unix() != 1_700_000_100 {
		t.Errorf("feed %+v", f)
	}
	if len(f.Items) != 1 {
		t.Fatalf("%d items", len(f.Items))
	}
	it := f.Items[0]
	if it.GUID != "nostr:"+article.Code() || it.Link != "http://10.0.0.1:8080/news/"+article.Code() {
		t.Errorf("id %q, link %q", it.GUID, it.Link)
	}
	if it.Title != `우물 <소식> & "물"`+"\uFFFD" || it.Description != "짧게" || it.Author.Name != "편집자" {
		t.Errorf("title %q, summary %q, author %+v", it.Title, it.Description, it.Author)
	}
	want := "<p><strong>맑은</strong> 물 alert(1)</p>\n" +
		`<p><img src="http://10.0.0.1:8080/` + hash + `.jpg" alt="우물" loading="lazy"></p>`
	if strings.TrimSpace(it.Content) != want {
		t.Errorf("content %q", it.Content)
	}
	if it.PublishedParsed.Unix() != 1_700_000_000 || it.UpdatedParsed.Unix() != 1_700_000_100 {
		t.Errorf("published %s, updated %s", it.Published, it.Updated)
	}
	if len(it.Enclosures) != 1 || it.Enclosures[0].Length != "1234" || len(it.Categories) != 1 {
		t.Errorf("enclosures %v, categories %v", it.Enclosures, it.Categories)
	}
	if !strings.Contains(b.String(), `xml:lang="ko"`) {
		t.Error("no xml:lang")
	}
}

// What goes out of one node can come into another, and two nodes name the same article alike.
func TestAtomComesBackIn(t *testing.T) {
	n := newNode(t)
	n.importFile(t, feeds+"harbour.atom.xml")
	var entries []AtomEntry
	for _, a := range n.articles(t) {
		entries = append(entries, AtomEntry{Article: a, AuthorName: "x"})
	}
	var b bytes.Buffer
	if err := WriteAtom(&b, Atom{Title: "t", Entries: entries, BaseURL: "http://one.example"}); err != nil {
		t.Fatal(err)
	}
	ch, err := parse(&document{body: b.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range ch.items {
		if it.language != "ar" && it.language != "en" || !strings.HasPrefix(it.id, "nostr:naddr1") {
			t.Errorf("item %+v", it)
		}
	}
	if len(ch.items) != 3 {
		t.Errorf("%d items", len(ch.items))
	}
}

func TestWriteAtomBounds(t *testing.T) {
	entries := make([]AtomEntry, 80)
	var b bytes.Buffer
	if err := WriteAtom(&b, Atom{Title: "t", Entries: entries}); err != nil {
		t.Fatal(err)
	}
	count := 0
	d := xml.NewDecoder(&b)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := token.(xml.StartElement); ok && s.Name.Local == "entry" {
			count++
		}
	}
	if count != 50 {
		t.Errorf("%d entries", count)
	}
}
