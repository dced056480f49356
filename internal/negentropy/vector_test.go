package negentropy

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"madang/internal/nostr"
)

// vectorItems are the sets of the vectors: items 0 to 1999, seven at one second, without each without-th.
func vectorItems(without int) []Item {
	var items []Item
	for n := range 2000 {
		if n%without != 0 {
			items = append(items, item(1_700_000_000+int64(n/7), n))
		}
	}
	return items
}

// TestAgreesWithNostrTools replays a talk between the initiator of nostr-tools, whose set lacks each 301st item, and
// this package's responder, whose set lacks each 401st, and says the same as the former.
func TestAgreesWithNostrTools(t *testing.T) {
	text, err := os.ReadFile("../../testdata/nostr/negentropy.json")
	if err != nil {
		t.Fatal(err)
	}
	var talk struct {
		Messages, Replies []string
		Have, Need        []string
	}
	if err := json.Unmarshal(text, &talk); err != nil {
		t.Fatal(err)
	}
	if len(talk.Messages) < 2 || len(talk.Messages) != len(talk.Replies) {
		t.Fatalf("%d messages, %d replies", len(talk.Messages), len(talk.Replies))
	}
	initiator, responder := New(NewSet(vectorItems(301)), 0), New(NewSet(vectorItems(401)), 0)
	var have, need []nostr.ID
	message := initiator.Initiate()
	for i, want := range talk.Messages {
		if got := hex.EncodeToString(message); got != want {
			t.Fatalf("message %d: got %s, want %s", i, got, want)
		}
		reply, err := responder.Reconcile(message)
		if got := hex.EncodeToString(reply); err != nil || got != talk.Replies[i] {
			t.Fatalf("reply %d: got %s, %v; want %s", i, got, err, talk.Replies[i])
		}
		var h, n []nostr.ID
		if message, h, n, err = initiator.ReconcileInitiator(reply); err != nil {
			t.Fatal(err)
		}
		have, need = append(have, h...), append(need, n...)
	}
	if message != nil {
		t.Errorf("one message more: %x", message)
	}
	for name, c := range map[string]struct {
		got  []nostr.ID
		want []string
	}{"have": {have, talk.Have}, "need": {need, talk.Need}} {
		var got []string
		for _, id := range sorted(c.got) {
			got = append(got, id.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %d ids, want %d", name, len(got), len(c.want))
		}
	}
}
