package feed

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestImportHostile(t *testing.T) {
	for name, want := range map[string]error{
		"nesting.xml": ErrHostile, "laughs.xml": ErrHostile, "xxe.xml": ErrHostile, "deep.json": ErrHostile,
		"truncated.xml": ErrNotFeed, "truncated.json": ErrNotFeed, "page.html": ErrNotFeed, "noise.bin": ErrNotFeed,
		"null-item.json": ErrNotFeed, "null-author.json": ErrNotFeed,
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
				`<description>&lt;p&gt;See &lt;a href="two"&gt;two&lt;/a&gt;` +
				`&lt;img src="board.png"&gt;&lt;/p&gt;</description>` +
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

	for path, want := range map[string]error{
		"/loop.xml": ErrUnreachable, "/none.xml": ErrUnreachable, "/large.xml": ErrTooLarge,
	} {
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
	other := `<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>` +
		`<link rel="self" href="http://trusted.example/feed"/>` +
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
