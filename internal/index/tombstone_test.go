package index

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"madang/internal/eventlog"
	"madang/internal/nostr"
)

// TestTombstone: an event's tombstone has room where its JSON was, and says again what it did.
func TestTombstone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		e := &nostr.Event{
			Kind:      rapid.SampledFrom([]uint16{0, 1, 3, 5, 5, 5, 62, 1059, 10002, 19999, 30000, 39999}).Draw(rt, "kind"),
			CreatedAt: rapid.Int64Range(0, 1<<53-1).Draw(rt, "created_at"),
		}
		d := rapid.SampledFrom([]string{"", "a", strings.Repeat("long ", 100), "한\n\x7f"})
		for range rapid.IntRange(0, 5).Draw(rt, "tags") {
			address := nostr.Address{Kind: rapid.SampledFrom([]uint16{0, 30023}).Draw(rt, "of kind"),
				PubKey: author(rapid.IntRange(0, 1).Draw(rt, "of")).PubKey()}
			if address.Kind == 30023 {
				address.D = d.Draw(rt, "named")
			}
			e.Tags = append(e.Tags, rapid.SampledFrom([]nostr.Tag{
				{"d", d.Draw(rt, "d")}, {"e", strings.Repeat("ab", 32)}, {"e", "no id"}, {"e"},
				{"a", address.String()}, {"a"},
			}).Draw(rt, "tag"))
		}
		if err := e.Sign(author(0)); err != nil {
			rt.Fatal(err)
		}
		text := tombstoneOf(e)
		if len(text) > len(e.AppendJSON(nil)) {
			rt.Fatalf("%s is longer than %s", text, e.AppendJSON(nil))
		}
		if len(text) == 0 {
			if _, ok := e.Address(); ok || e.Kind == nostr.KindDeletion || e.Kind == nostr.KindVanish {
				rt.Fatalf("kind %d leaves nothing", e.Kind)
			}
			return
		}
		var got tombstone
		if err := json.Unmarshal(text, &got); err != nil || got.PubKey != hex32(e.PubKey) || got.CreatedAt != e.CreatedAt {
			rt.Fatalf("%s: %v", text, err)
		}
		if a, ok := addressOf(e); ok != (got.Address != nil) ||
			ok && (got.Address.by(got.PubKey) != a || nostr.ID(*got.ID) != e.ID) {
			rt.Fatalf("%s is not the head of %x", text, a)
		}
		ids, addresses := deletionTargets(e)
		if e.Kind != nostr.KindDeletion {
			ids, addresses = nil, nil
		}
		same := len(ids) == len(got.DeletedIDs) && got.Vanished == (e.Kind == nostr.KindVanish)
		for i, id := range got.DeletedIDs {
			same = same && ids[i] == nostr.ID(id)
		}
		var again []address
		for _, n := range got.DeletedAddresses {
			again = append(again, n.by(got.PubKey))
		}
		if !same || !slices.Equal(addresses, again) {
			rt.Fatalf("%s, want %x, %x", text, ids, addresses)
		}
	})
}

// TestHostileTombstones: what an erased record has left that is no tombstone stops nobody.
func TestHostileTombstones(t *testing.T) {
	b := newBox(t)
	log, x, err := b.open(nil)
	if err != nil {
		t.Fatal(err)
	}
	events := crashEvents(t, 12)
	b.work(log, x, events, func(err error) bool { t.Fatal(err); return true })
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	kept := 0
	for pos := range b.at {
		left := []string{
			"{", "null", "[]", `{"pubkey":"ab"}`, `{"id":"` + strings.Repeat("a", 63) + `"}`, `{"vanished":1}`, "x",
		}
		if kept++; kept > len(left) {
			break
		}
		if err := log.Erase([]eventlog.Erasure{{Pos: pos, Left: []byte(left[kept-1])}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(log.Close(), b.index.RemoveAll("index")); err != nil {
		t.Fatal(err)
	}
	log, x, err = b.open(nil)
	if err != nil {
		t.Fatal(err)
	}
	b.answers(x)
	if err := errors.Join(x.Close(), log.Close()); err != nil {
		t.Fatal(err)
	}
}
