package search

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	bleve "github.com/blevesearch/bleve_index_api"

	"madang/internal/nostr"
)

// onDisk returns which of the words stand in the dictionaries of segments, which have those of crossed out documents
// too, and which of the events' ids stand in any file: those are written as they are, letters are not.
func (h *house) onDisk(words []string, events []*nostr.Event) (found []string) {
	h.t.Helper()
	terms := h.terms()
	for _, w := range words {
		if slices.Contains(terms, "text: "+w) {
			found = append(found, w)
		}
	}
	err := filepath.WalkDir(h.cfg.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, e := range events {
			if bytes.Contains(data, e.ID[:]) {
				found = append(found, "id of "+e.Content)
			}
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // files come and go
		h.t.Fatal(err)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func (h *house) wantOnDisk(words []string, events []*nostr.Event, want ...string) {
	h.t.Helper()
	if got := h.onDisk(words, events); !slices.Equal(got, want) {
		h.t.Errorf("on the disk are %q, want %q", got, want)
	}
}

// byHand closes the search and gives one that follows the log only when it is told to.
func (h *house) byHand() (*Search, *store) {
	h.t.Helper()
	h.close()
	s := newSearch(h.cfg)
	st, err := openStore(h.cfg.Dir, h.log)
	if err != nil {
		h.t.Fatal(err)
	}
	h.search = s
	if err := s.setStore(st); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { s.cancel(); _ = s.setStore(nil) })
	return s, st
}

// look has what is due done now.
func (h *house) look() {
	h.t.Helper()
	h.search.eraseAt = time.Time{}
	if err := errors.Join(h.search.catchUp(h.search.store), h.search.erase(h.search.store)); err != nil {
		h.t.Fatal(err)
	}
}

func deletion(t testing.TB, e *nostr.Event) *nostr.Event {
	t.Helper()
	return event(t, 1, nostr.KindDeletion, now, "", nostr.Tag{"e", e.ID.String()})
}

// TestWordsLeaveTheDisk: those of events that were deleted, of an author who vanished, and of what has expired, after
// a restart.
func TestWordsLeaveTheDisk(t *testing.T) {
	h := newHouse(t)
	words := []string{"quokka", "wombat", "numbat"}
	events := []*nostr.Event{
		note(t, "quokka"),
		event(t, 2, nostr.KindNote, now-1000, "wombat"),
		event(t, 3, nostr.KindNote, now-1000, "numbat", nostr.Tag{"expiration", fmt.Sprint(now + 5)}),
	}
	all := []string{"id of numbat", "id of quokka", "id of wombat", "numbat", "quokka", "wombat"}
	h.add(append(events, event(t, 3, nostr.KindNote, now-1000, "goat"),
		event(t, 3, nostr.KindNote, now-1000, "goat kid", nostr.Tag{"expiration", fmt.Sprint(now + 50)}))...)
	h.settle()
	h.wantOnDisk(words, events, all...)

	h.add(deletion(t, events[0]), event(t, 2, nostr.KindVanish, now, "", nostr.Tag{"relay", "ALL_RELAYS"}))
	if _, err := h.index.Sweep(t.Context(), now+5); err != nil {
		t.Fatal(err)
	}
	h.settle()
	h.awaitDocuments(3)
	h.wantOnDisk(words, events, all...)

	h.close()
	h.cfg.times.look = time.Millisecond
	h.open()
	h.settle()
	h.await("the words have left the disk", func() bool { return len(h.onDisk(words, events)) == 0 })
	h.wantSet("goat", "goat", "goat kid")
	h.close()
	h.cfg.times.look = time.Hour
	h.open()
	h.settle()
	h.wantOnDisk(words, events)
	h.wantSet("goat", "goat", "goat kid")
}

// TestWordsLeaveTheDiskInUse: one after the other, while the index is open and searched.
func TestWordsLeaveTheDiskInUse(t *testing.T) {
	h := newHouse(t)
	h.close()
	h.cfg.times.look = time.Millisecond
	h.open()
	h.notes("goat")
	for _, word := range []string{"quokka", "wombat", "numbat"} {
		words, events := []string{word}, []*nostr.Event{note(t, word)}
		h.add(events...)
		h.settle()
		h.wantOnDisk(words, events, "id of "+word, word)
		h.add(deletion(t, events[0]))
		h.await(word+" has left the disk", func() bool {
			h.want("goat", "goat")
			return len(h.onDisk(words, events)) == 0
		})
	}
}

// TestRewritesRest: segments are not rewritten twice within the time for that, nor ever where nothing was deleted.
func TestRewritesRest(t *testing.T) {
	h := newHouse(t)
	h.cfg.times.rewrite = time.Hour
	events := []*nostr.Event{note(t, "quokka"), note(t, "wombat")}
	words := []string{"quokka", "wombat"}
	h.add(append(events, note(t, "goat"))...)
	h.settle()
	s, _ := h.byHand()
	h.look()
	if !s.rewritten.IsZero() {
		t.Error("rewritten though nothing was deleted")
	}

	h.add(deletion(t, events[0]))
	if err := errors.Join(s.catchUp(s.store), s.erase(s.store)); err != nil {
		t.Fatal(err)
	}
	h.wantOnDisk(words, events, "id of quokka", "id of wombat", "quokka", "wombat") // it is not time to look
	h.await("the old files are removed, and bleve has merged", func() bool {
		h.look()
		return h.leftovers() == leftovers{segments: 1}
	})
	h.wantOnDisk(words, events, "id of wombat", "wombat")

	h.add(deletion(t, events[1]))
	h.look()
	h.wantOnDisk(words, events, "id of wombat", "wombat")
	s.rewritten = s.rewritten.Add(-time.Hour)
	h.await("the rest is gone", func() bool { h.look(); return len(h.onDisk(words, events)) == 0 })
	h.want("goat", "goat")
}

// TestRewritesNoMore than the one of several segments that has something crossed out, and where there is room.
func TestRewritesNoMore(t *testing.T) {
	h := newHouse(t)
	var log lines
	var free atomic.Int64
	free.Store(1 << 40)
	h.cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	h.cfg.free = func(string) (int64, error) { return free.Load(), nil }
	words, events := []string{"quokka"}, []*nostr.Event{note(t, "quokka")}
	s, st := h.several(events[0])
	before := contents(t, st.dir)
	h.add(deletion(t, events[0]))
	if err := s.catchUp(st); err != nil {
		t.Fatal(err)
	}

	free.Store(reserve)
	h.look()
	h.wantOnDisk(words, events, "id of quokka", "quokka")
	if n := log.count("words of deleted events"); n != 1 {
		t.Errorf("%d lines that the disk is full", n)
	}
	free.Store(1 << 40)
	h.look()
	h.await("only segments that count", func() bool { h.look(); return !h.leftovers().files })
	h.wantOnDisk(words, events)
	after := contents(t, st.dir)
	gone := 0
	for name := range before {
		if after[name] == nil {
			gone++
		}
	}
	if gone != 1 || len(after) != len(before) {
		t.Errorf("of %d files %d are gone, and there are %d", len(before), gone, len(after))
	}
}

// several makes segments that bleve leaves as they are, with one event in them. The other documents are of no event.
func (h *house) several(e *nostr.Event) (*Search, *store) {
	h.t.Helper()
	h.add(e, note(h.t, "goat"))
	h.settle()
	s, st := h.byHand()
	for i := range 5 { // of more than 2,000 documents bleve leaves two segments
		b := bleve.NewBatch()
		for j := range 500 {
			content := fmt.Sprintf("goat %d", i*500+j)
			doc, _ := makeDocument(&nostr.Event{ID: sha256.Sum256([]byte(content)), Kind: nostr.KindNote, Content: content})
			b.Update(doc)
		}
		if err := st.write(h.t.Context(), b, h.log.End()); err != nil {
			h.t.Fatal(err)
		}
	}
	h.await("bleve has merged", func() bool { return h.leftovers().segments <= 2 && !h.leftovers().files })
	if h.leftovers().segments == 1 {
		h.add(note(h.t, "sheep"))
		h.look()
	}
	return s, st
}

func (h *house) leftovers() leftovers {
	h.t.Helper()
	left, err := h.search.store.leftovers()
	if err != nil {
		h.t.Fatal(err)
	}
	return left
}

// TestRewriteOfDamage: a rewriting that fails says so, so that the index is opened or built again.
func TestRewriteOfDamage(t *testing.T) {
	h := newHouse(t)
	quokka := note(t, "quokka")
	s, st := h.several(quokka)
	h.add(deletion(t, quokka))
	if err := s.catchUp(st); err != nil {
		t.Fatal(err)
	}
	h.damage()
	s.eraseAt = time.Time{}
	if err := s.erase(st); !errors.Is(err, errBackground) && !errors.Is(err, errDamaged) {
		t.Errorf("rewriting what is damaged: %v", err)
	}
}

// TestSearchHoldsOldFiles: what a long search still reads is removed once it has ended, though nothing else is written.
func TestSearchHoldsOldFiles(t *testing.T) {
	h := newHouse(t)
	words, events := []string{"quokka"}, []*nostr.Event{note(t, "quokka")}
	h.add(append(events, note(t, "goat"))...)
	h.settle()
	_, st := h.byHand()
	r, err := st.index.Reader()
	if err != nil {
		t.Fatal(err)
	}
	h.add(deletion(t, events[0]))
	h.look()
	h.wantOnDisk(words, events, "id of quokka")
	if ids, err := having(t.Context(), r, fieldText, "goat"); err != nil || len(ids) != 1 {
		t.Errorf("the search that was on its way finds %v, %v", ids, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	h.await("the old file is removed", func() bool { h.look(); return len(h.onDisk(words, events)) == 0 })
}
