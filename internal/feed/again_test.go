package feed

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

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
