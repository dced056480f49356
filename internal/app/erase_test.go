package app

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"madang/internal/nostr"
)

// TestWhatIsGoneLeavesTheDisk: of what is deleted (NIP-09), replaced, deleted by its recipient (NIP-59), or by somebody
// who has vanished (NIP-62), no word is left in the log, and it cannot come back.
func TestWhatIsGoneLeavesTheDisk(t *testing.T) {
	dir := t.TempDir()
	cfg := testConfig(dir)
	cfg.Open = true
	a := open(t, cfg)
	stop := serve(t, a)
	alice, bob := connect(t, a, nostr.SecretKey{31: 21}), connect(t, a, nostr.SecretKey{31: 22})
	then := time.Now().Add(-time.Minute)
	to := func(p *phone) nostr.Tag { return nostr.Tag{"p", p.key.PubKey().String()} }
	publish := func(p *phone, kind uint16, text string, tags ...nostr.Tag) *nostr.Event {
		t.Helper()
		e := p.eventAt(then, kind, text, tags...)
		if answer := p.ask("EVENT", e); answer[2] != true {
			t.Fatalf("%s: %v", text, answer)
		}
		then = then.Add(time.Second)
		return e
	}
	stays := publish(alice, nostr.KindNote, "word-rowan")
	gone := []*nostr.Event{
		publish(alice, nostr.KindNote, "word-quince"),
		publish(alice, nostr.KindProfile, `{"name":"word-medlar"}`),
		publish(bob, nostr.KindNote, "word-sorb"),
		publish(bob, nostr.KindProfile, `{"name":"word-bullace"}`),
		publish(bob, nostr.KindGiftWrap, "word-loquat", to(alice)),
		publish(alice, nostr.KindGiftWrap, "word-damson", to(bob)),
	}
	words := []string{"word-quince", "word-medlar", "word-sorb", "word-bullace", "word-loquat", "word-damson"}
	if found := wordsIn(t, dir, words); len(found) != len(words) {
		t.Fatalf("before: %q", found)
	}
	publish(alice, nostr.KindDeletion, "a slip", nostr.Tag{"e", gone[0].ID.String()}, nostr.Tag{"e", gone[4].ID.String()})
	publish(alice, nostr.KindProfile, `{"name":"word-rowan"}`)
	publish(bob, nostr.KindVanish, "", nostr.Tag{"relay", "ALL_RELAYS"})
	stop()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}

	a = open(t, cfg)
	stop = serve(t, a)
	for deadline := time.Now().Add(30 * time.Second); len(wordsIn(t, filepath.Join(dir, "log"), words)) > 0; {
		if time.Now().After(deadline) {
			t.Fatalf("still there: %q", wordsIn(t, dir, words))
		}
		time.Sleep(10 * time.Millisecond)
	}
	alice = connect(t, a, alice.key)
	for _, e := range gone {
		answer := alice.ask("EVENT", e)
		if replaced := e.PubKey == alice.key.PubKey() && e.Kind == nostr.KindProfile; answer[2] == true != replaced {
			t.Errorf("once more: %s: %v", e.Content, answer)
		}
	}
	stop()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if found := wordsIn(t, dir, append(words, stays.Content)); !slices.Equal(found, []string{stays.Content}) {
		t.Errorf("after: %q", found)
	}

	// What is left is whole, and an index that is made anew from it is the same.
	for _, index := range []string{"as it is", "made anew"} {
		found, err := Check(t.Context(), dir, cfg.Logger, Watch{
			Problem: func(s string) { t.Error(s) }, Step: func(string, int64) {}, Progress: func(int64) {},
		})
		if err != nil || found.Erased != len(gone) {
			t.Errorf("%s: %+v, %v", index, found, err)
		}
		if err := os.RemoveAll(filepath.Join(dir, "index")); err != nil {
			t.Fatal(err)
		}
	}
}

// wordsIn returns those of the words that stand in any file of a directory.
func wordsIn(t *testing.T, dir string, words []string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) { // a node may be at work there
			return nil
		}
		for _, word := range words {
			if bytes.Contains(text, []byte(word)) && !slices.Contains(found, word) {
				found = append(found, word)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
