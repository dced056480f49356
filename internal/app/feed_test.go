package app

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"madang/internal/feed"
)

const villageFeed = "../../testdata/feeds/village.rss.xml"

// A feed comes in the same way into a node that serves and into one that does not.
func TestImportFeed(t *testing.T) {
	source, err := feed.ParseSource(villageFeed)
	if err != nil {
		t.Fatal(err)
	}
	cfg := testConfig(t.TempDir())
	var told [][2]int
	tell := func(done, total int) { told = append(told, [2]int{done, total}) }
	report, err := ImportFeed(t.Context(), cfg, source, tell)
	if err != nil || report.String() != "new 5, updated 0, unchanged 0, skipped 2" {
		t.Fatalf("stopped: %s, %v", report, err)
	}
	if len(told) != 7 || told[6] != [2]int{7, 7} {
		t.Errorf("progress %v", told)
	}

	a := open(t, cfg)
	serve(t, a)
	told = nil
	report, err = ImportFeed(t.Context(), cfg, source, tell)
	if err != nil || report.String() != "new 0, updated 0, unchanged 5, skipped 2" {
		t.Errorf("serving: %s, %v", report, err)
	}
	if len(told) != 7 || told[6] != [2]int{7, 7} {
		t.Errorf("progress %v", told)
	}
	page := string(fetch(t, http.DefaultClient, a.URL()+"/news", ""))
	if !strings.Contains(page, "The bridge opens on Friday") {
		t.Errorf("/news: %s", page)
	}
	if _, err := ImportFeed(t.Context(), cfg, feed.Source{Path: "/nowhere"}, nil); err == nil {
		t.Error("a feed that is not there came in")
	}
}

// Whoever asked and went away has ended the import; a node that closes ends it too.
func TestImportFeedEnds(t *testing.T) {
	cfg := testConfig(t.TempDir())
	a := open(t, cfg)
	stop := serve(t, a)

	asked, release := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		select {
		case <-r.Context().Done():
		case <-release:
		}
	}))
	defer slow.Close()
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := ImportFeed(ctx, cfg, feed.Source{URL: slow.URL}, nil)
		ended <- err
	}()
	<-asked
	cancel()
	if err := <-ended; err == nil {
		t.Error("no error for who gave up")
	}
	// The next import gets its turn.
	source, err := feed.ParseSource(villageFeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ImportFeed(t.Context(), cfg, source, nil); err != nil {
		t.Error(err)
	}
	stop()
}

func TestControlRefusesWhatIsNoSource(t *testing.T) {
	dir := t.TempDir()
	serve(t, open(t, testConfig(dir)))
	for _, body := range []string{"", "x", `{"url":5}`, `{"path":"` + strings.Repeat("x", 70<<10) + `"}`} {
		r, err := ControlClient(dir).Post("http://node/feed/import", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != http.StatusBadRequest {
			t.Errorf("%.20q: %s", body, r.Status)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "control.sock"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket %v, %v", info, err)
	}
	line, err := json.Marshal(feedLine{Report: &feed.Report{New: 1}})
	if err != nil || !strings.Contains(string(line), `"new":1`) {
		t.Errorf("%s, %v", line, err)
	}
}
