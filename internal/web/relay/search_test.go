package relay

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"madang/internal/eventlog"
	"madang/internal/nostr"
	"madang/internal/search"
)

// openSearch waits for a search to have all that the node has.
func (n *testNode) openSearch() *search.Search {
	n.t.Helper()
	s := search.Open(search.Config{
		Dir: n.t.TempDir(), Log: n.log, Index: n.index, Logger: slog.New(slog.DiscardHandler),
	})
	n.t.Cleanup(func() { s.Close() })
	ctx, cancel := context.WithTimeout(n.t.Context(), patience)
	defer cancel()
	for s.Position() < n.log.End() {
		if ctx.Err() != nil {
			n.t.Fatal("the search does not take in the log")
		}
		time.Sleep(time.Millisecond)
	}
	return s
}

// opened is a Searcher that is opened after the relay.
type opened struct{ atomic.Pointer[search.Search] }

func (o *opened) Search(ctx context.Context, q search.Query) ([]eventlog.Position, error) {
	return o.Load().Search(ctx, q)
}

func (o *opened) Count(ctx context.Context, q search.Query) (int, bool, error) {
	return o.Load().Count(ctx, q)
}

func TestSearch(t *testing.T) {
	var searcher opened
	n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.Search = &searcher })
	title := func(s string) nostr.Tag { return nostr.Tag{"title", s} }
	inText := n.event(alice, nostr.KindArticle, -5, "the goat and the well", nostr.Tag{"d", "1"}, title("About sheep"))
	inTitle := n.event(alice, nostr.KindArticle, -9, "it ran away", nostr.Tag{"d", "2"}, title("The goat"))
	korean := n.note(bob, -7, "마당에서 만나요")
	other := n.note(bob, -6, "nothing of that")
	wrap := n.event(carol, nostr.KindGiftWrap, 0, "goat", nostr.Tag{"p", alice.PubKey().String()})
	draft := n.event(alice, nostr.KindArticleDraft, 0, "goat draft", nostr.Tag{"d", "3"})
	n.submit(inText, inTitle, korean, other, wrap, draft)
	searcher.Store(n.openSearch())
	c := n.connect()
	c.auth(alice, n.now)
	for name, tt := range map[string]struct {
		filters []filter
		want    []string
	}{
		"best first":          {[]filter{{"search": "goat"}}, ids(inTitle, inText)},
		"limit after ranking": {[]filter{{"search": "goat", "limit": 1}}, ids(inTitle)},
		"limit 0":             {[]filter{{"search": "goat", "limit": 0}}, ids()},
		"by initials":         {[]filter{{"search": "ㅁㄷ"}}, ids(korean)},
		"other conditions":    {[]filter{{"search": "goat", "since": n.now.Unix() - 6}}, ids(inText)},
		"only mail":           {[]filter{{"search": "goat", "kinds": []int{1059}}}, ids()},
		"several": {
			[]filter{{"search": "마당"}, {"search": "goat"}, {"search": "the"}}, ids(korean, inTitle, inText),
		},
		"with a plain one": {
			[]filter{{"kinds": []int{1}}, {"search": "goat"}, {"search": "만나요"}}, ids(inTitle, inText, korean, other),
		},
		"a quotation mark": {[]filter{{"search": `"`}}, ids()},
		"odd":              {[]filter{{"search": "goat * : \\ ( \x7f"}}, ids(inTitle, inText)},
		"empty":            {[]filter{{"search": "", "kinds": []int{1}}}, ids(other, korean)},
	} {
		if got := c.stored(name, tt.filters...); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
		c.send("CLOSE", name)
	}
	if got := c.count(filter{"search": "goat"}); got != 2 {
		t.Errorf("count %d, want 2", got)
	}
	c.send("COUNT", "both", filter{"search": "goat"}, filter{"kinds": []int{1}})
	if m := c.want("CLOSED", "both"); prefix(m.text(2)) != "unsupported" {
		t.Errorf("COUNT of several filters: %s", m)
	}
	c.send("NEG-OPEN", "n", filter{"search": "goat"}, "6100000200")
	if m := c.want("NEG-ERR", "n"); prefix(m.text(2)) != "unsupported" {
		t.Errorf("NEG-OPEN: %s", m)
	}

	// What comes later is not searched.
	c.stored("live", filter{"search": "goat"})
	c.publish(n.note(alice, 1, "another goat"), true, "")
	c.sync()
}

func TestSearchFails(t *testing.T) {
	for err, want := range map[error]string{
		search.ErrUnavailable: "error", search.ErrSlow: "error", context.DeadlineExceeded: "error",
	} {
		n := startNode(t, t.TempDir(), true, func(cfg *Config) {
			cfg.Search, cfg.Logger = failing{err}, slog.New(slog.DiscardHandler)
		})
		c := n.connect()
		c.send("REQ", "s", filter{"search": "goat"})
		if m := c.want("CLOSED", "s"); prefix(m.text(2)) != want {
			t.Errorf("%v: %s", err, m)
		}
		c.send("COUNT", "s", filter{"search": "goat"})
		if m := c.want("CLOSED", "s"); prefix(m.text(2)) != want {
			t.Errorf("%v: %s", err, m)
		}
	}
}

// TestApproximateCount: of too many matches the client is told that the count is no exact one.
func TestApproximateCount(t *testing.T) {
	n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.Search = failing{} })
	c := n.connect()
	c.send("COUNT", "s", filter{"search": "goat"})
	if m := c.want("COUNT", "s"); string(m.parts[2]) != `{"count":5000,"approximate":true}` {
		t.Errorf("got %s", m)
	}
}

// failing is a Searcher that fails, or counts about 5,000.
type failing struct{ err error }

func (f failing) Search(context.Context, search.Query) ([]eventlog.Position, error) {
	return nil, f.err
}
func (f failing) Count(context.Context, search.Query) (int, bool, error) {
	return 5000, false, f.err
}
