package search

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	bleve "github.com/blevesearch/bleve_index_api"

	"madang/internal/nostr"
)

// TestGoneEvents: what was deleted, replaced or has expired is not found, and its words leave the index.
func TestGoneEvents(t *testing.T) {
	h := newHouse(t)
	d := nostr.Tag{"d", "a"}
	first := event(t, 1, nostr.KindArticle, 10, "goat draft", d)
	gone := note(t, "goat regretted")
	expiring := note(t, "goat soon past", nostr.Tag{"expiration", fmt.Sprint(now + 5)})
	h.add(first, gone, expiring)
	h.settle()
	h.wantSet("goat", "goat draft", "goat regretted", "goat soon past")

	h.add(event(t, 1, nostr.KindArticle, 11, "goat final", d))
	h.add(event(t, 1, nostr.KindDeletion, now, "", nostr.Tag{"e", gone.ID.String()}))
	// Even before the search hears of it.
	h.want("draft")
	h.want("regretted")
	h.settle()
	h.wantSet("goat", "goat final", "goat soon past")
	h.awaitDocuments(2)

	h.add(event(t, 1, nostr.KindDeletion, now, "", nostr.Tag{"a", "30023:" + first.PubKey.String() + ":a"}))
	h.settle()
	h.want("goat", "goat soon past")
	h.awaitDocuments(1)

	f := nostr.All()
	f.Search = "goat"
	if got, err := h.search.Search(t.Context(), Query{Filter: f, Now: now + 5}); err != nil || len(got) != 0 {
		t.Errorf("what has expired is found: %v, %v", got, err)
	}
	h.awaitDocuments(1) // the clock may be wrong: only what the index has dropped is gone
	if _, err := h.index.Sweep(t.Context(), now+5); err != nil {
		t.Fatal(err)
	}
	h.want("goat")
	h.awaitDocuments(0) // met, and removed
}

// awaitDocuments waits until the index has n documents.
func (h *house) awaitDocuments(n uint64) {
	h.t.Helper()
	h.await(fmt.Sprintf("%d documents", n), func() bool {
		var count uint64
		h.inspect(func(r bleve.IndexReader) (err error) {
			count, err = r.DocCount()
			return err
		})
		return count == n
	})
}

// inspect calls use with what the index holds.
func (h *house) inspect(use func(bleve.IndexReader) error) {
	h.t.Helper()
	h.search.mu.RLock()
	defer h.search.mu.RUnlock()
	r, err := h.search.store.index.Reader()
	if err != nil {
		h.t.Fatal(err)
	}
	defer r.Close()
	if err := use(r); err != nil {
		h.t.Fatal(err)
	}
}

// TestVanish: the words of who asks to vanish (NIP-62) leave the index.
func TestVanish(t *testing.T) {
	h := newHouse(t)
	h.notes("goat one", "goat two")
	h.add(event(t, 2, nostr.KindNote, now-1000, "goat of another"))
	h.settle()
	h.add(event(t, 1, nostr.KindVanish, now, "", nostr.Tag{"relay", "ALL_RELAYS"}))
	h.want("goat", "goat of another")
	h.settle()
	h.awaitDocuments(1)
}

// TestPrivacy reads every file of the index for words that must never be in it.
func TestPrivacy(t *testing.T) {
	h := newHouse(t)
	const secret = "zymurgicalsecret"
	peer := nostr.Tag{"p", strings.Repeat("ab", 32)}
	for _, kind := range []uint16{
		4, 13, 14, 15, 1059, 10002, 10050, 27235, 24242, 22242, 30024, 30078, 1984, 9735, 443, 5, 7, 3, 40000, 62,
	} {
		h.add(event(t, 1, kind, now, secret+" 비밀스러운", peer, nostr.Tag{"title", secret}, nostr.Tag{"summary", secret},
			nostr.Tag{"t", secret}, nostr.Tag{"subject", secret}, nostr.Tag{"d", fmt.Sprint(kind)}))
	}
	h.add(event(t, 2, nostr.KindNote, now, "public words"))
	h.settle()
	h.want(secret)
	h.want("비밀")
	h.want("ㅂㅁㅅㄹㅇ")
	h.want("public", "public words")
	terms := h.terms()
	if !slices.Contains(terms, "text: public") {
		t.Errorf("the public note is not in the index: %q", terms)
	}
	for _, term := range terms {
		for _, part := range []string{secret[:6], secret[6:], "비", "밀", "스", initials("밀스")} {
			if strings.Contains(term, part) {
				t.Errorf("the index has the term %q", term)
			}
		}
	}
	h.close()
	for name, data := range contents(t, h.cfg.Dir) {
		for _, part := range []string{secret[:6], secret[6:], "비밀", "밀스"} {
			if bytes.Contains(data, []byte(part)) {
				t.Errorf("%s has %q", name, part)
			}
		}
	}
	h.open()
}

// terms returns every term of every field, as "field: term". The files themselves hold them letter by letter.
func (h *house) terms() (terms []string) {
	h.t.Helper()
	h.inspect(func(r bleve.IndexReader) error {
		fields, err := r.Fields()
		if err != nil {
			return err
		}
		for _, field := range fields {
			dict, err := r.FieldDict(field)
			if err != nil {
				return err
			}
			for entry, err := dict.Next(); entry != nil; entry, err = dict.Next() {
				if err != nil {
					return err
				}
				terms = append(terms, field+": "+entry.Term)
			}
			if err := dict.Close(); err != nil {
				return err
			}
		}
		return nil
	})
	return terms
}
