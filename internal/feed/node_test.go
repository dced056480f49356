package feed

import (
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
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
	n.blobs, err = blob.OpenDir(filepath.Join(dir, "blobs"), nil)
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
	if err := n.index.Events(t.Context(), q, func(e *nostr.Event) error {
		found = append(found, e)
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
