package pages

import (
	"net/http"
	"strings"
	"testing"

	"madang/internal/nostr"
)

// TestPublishers imports an article by someone whom this node has not made an editor: it is stored, and shown nowhere.
func TestPublishers(t *testing.T) {
	s := newSite(t)
	editor := s.author
	s.cfg.Publishers = func() []nostr.PubKey { return []nostr.PubKey{editor.PubKey()} }
	now := s.clock.Unix()
	ours := s.write("The well is clean", "Drink.", "en", now-60)
	stranger, err := nostr.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	s.author = stranger
	theirs := s.write("Buy my elixir", "Now.", "fr", now-30)

	for _, path := range []string{"/news", "/news/feed.atom"} {
		page := s.body(path)
		if !strings.Contains(page, "The well is clean") || strings.Contains(page, "elixir") || strings.Contains(page, "lang=fr") {
			t.Errorf("%s shows the wrong authors:\n%s", path, page)
		}
	}
	if got := s.get(ours).StatusCode; got != http.StatusOK {
		t.Errorf("the editor's article: %d", got)
	}
	if got := s.get(theirs).StatusCode; got != http.StatusNotFound {
		t.Errorf("the stranger's article: %d", got)
	}
}

// TestFeedBehindProxy: a reader whom a proxy served over https gets links that are https.
func TestFeedBehindProxy(t *testing.T) {
	s := newSite(t)
	s.cfg.BaseURL = func() string { return "" }
	s.write("The well is clean", "Drink.", "en", s.clock.Unix()-60)
	if feed := s.body("/news/feed.atom", "X-Forwarded-Proto", "https"); !strings.Contains(feed, "https://hill.example:8080/news") {
		t.Errorf("the feed's links:\n%s", feed)
	}
}
