package search

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"madang/internal/durable/durabletest"
	"madang/internal/eventlog"
	"madang/internal/index"
	"madang/internal/nostr"
	"madang/internal/verify"
)

// now is the second at which tests search.
const now = 1_800_000_000

// house is a log and its index in memory, and a search on the disk.
type house struct {
	t      testing.TB
	log    *eventlog.Files
	index  *index.Index
	cfg    Config
	search *Search
}

func newHouse(t testing.TB) *house {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	log, err := eventlog.Open(eventlog.Config{Dir: "log", FS: durabletest.New(), Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	x, err := index.Open(context.Background(), index.Config{
		Dir: filepath.Join(t.TempDir(), "index"), Log: log, Logger: logger,
	})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, log: log, index: x, cfg: Config{
		Dir: filepath.Join(t.TempDir(), "search"), Log: log, Index: x, Logger: logger,
		times: times{quiet: time.Millisecond, patience: 10 * time.Millisecond, retry: time.Millisecond, look: time.Hour},
	}}
	h.open()
	t.Cleanup(func() { h.close(); x.Close(); log.Close() })
	return h
}

func (h *house) open() { h.search = Open(h.cfg) }

func (h *house) close() {
	h.t.Helper()
	if err := h.search.Close(); err != nil {
		h.t.Fatal(err)
	}
}

// add commits events to log and index, as ingest does.
func (h *house) add(events ...*nostr.Event) {
	h.t.Helper()
	stage := h.index.Stage()
	var taken []verify.Event
	for _, e := range events {
		v, err := verify.One(e)
		if err != nil {
			h.t.Fatal(err)
		}
		if err := stage.Take(v); err != nil {
			h.t.Fatal(err)
		}
		taken = append(taken, v)
	}
	positions, err := h.log.Append(taken, 1)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := stage.Commit(positions, h.log.End()); err != nil {
		h.t.Fatal(err)
	}
	h.search.Wake()
}

// await waits until the condition holds.
func (h *house) await(what string, holds func() bool) {
	h.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !holds() {
		if time.Now().After(deadline) {
			h.t.Fatalf("still not: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// settle waits until the search has taken in what the log has.
func (h *house) settle() {
	h.t.Helper()
	h.await("the search has the whole log", func() bool { return h.search.Position() == h.log.End() })
}

// find returns the contents of what is found, best first.
func (h *house) find(text string) (contents []string) {
	h.t.Helper()
	f := nostr.All()
	f.Search = text
	return h.filter(f)
}

func (h *house) filter(f nostr.Filter) (contents []string) {
	h.t.Helper()
	positions, err := h.search.Search(h.t.Context(), Query{Filter: f, Now: now})
	if err != nil {
		h.t.Fatalf("search for %q: %v", f.Search, err)
	}
	return h.read(positions)
}

func (h *house) read(positions []eventlog.Position) (contents []string) {
	h.t.Helper()
	for _, at := range positions {
		json, err := h.index.JSON(at)
		if err != nil {
			h.t.Fatal(err)
		}
		e, err := nostr.DecodeEvent(json)
		if err != nil {
			h.t.Fatal(err)
		}
		contents = append(contents, e.Content)
	}
	return contents
}

func (h *house) want(search string, want ...string) {
	h.t.Helper()
	if got := h.find(search); !slices.Equal(got, want) {
		h.t.Errorf("a search for %q finds %q, want %q", search, got, want)
	}
}

// wantSet is want in any order.
func (h *house) wantSet(search string, want ...string) {
	h.t.Helper()
	got := slices.Sorted(slices.Values(h.find(search)))
	if slices.Sort(want); !slices.Equal(got, want) {
		h.t.Errorf("a search for %q finds %q, want %q", search, got, want)
	}
}

func event(t testing.TB, by byte, kind uint16, createdAt int64, content string, tags ...nostr.Tag) *nostr.Event {
	t.Helper()
	e := &nostr.Event{Kind: kind, CreatedAt: createdAt, Content: content, Tags: tags}
	if err := e.Sign(nostr.SecretKey{31: by}); err != nil {
		t.Fatal(err)
	}
	return e
}

func note(t testing.TB, content string, tags ...nostr.Tag) *nostr.Event {
	t.Helper()
	return event(t, 1, nostr.KindNote, now-1000, content, tags...)
}

// notes adds notes with these contents.
func (h *house) notes(contents ...string) {
	h.t.Helper()
	for _, c := range contents {
		h.add(note(h.t, c))
	}
	h.settle()
}

func repeat(s string, bytes int) string { return strings.Repeat(s, bytes/len(s)+1)[:bytes] }
