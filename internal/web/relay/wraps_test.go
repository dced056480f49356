package relay

import (
	"testing"

	"madang/internal/nostr"
	"madang/internal/policy"
)

// TestStrangersLearnNothingOfWraps: neither a count nor a reconciliation over a range tells who gets mail.
func TestStrangersLearnNothingOfWraps(t *testing.T) {
	n := startNode(t, t.TempDir(), false, nil)
	n.admit(alice, bob)
	for i := range 5 {
		toAlice := nostr.Tag{"p", alice.PubKey().String()}
		n.submit(n.event(testKey(byte(50+i)), nostr.KindGiftWrap, int64(i), "sealed", toAlice))
	}
	since := n.now.Unix()
	stranger, other, reader := n.connect(), n.connect(), n.connect()
	other.auth(bob, n.now)
	reader.auth(alice, n.now)
	ranges := map[string]filter{
		"time": {"since": since, "kinds": []int{1, 7, 1058, 1060}}, "all kinds": {"since": since + 1, "until": since + 4},
		"recipient": {"#p": []string{alice.PubKey().String()}, "since": since + 1, "until": since + 4},
		"author":    {"authors": []string{testKey(51).PubKey().String()}},
	}
	for name, f := range ranges {
		for who, c := range map[string]*client{"a stranger": stranger, "another member": other} {
			if got := c.count(f); got != 0 {
				t.Errorf("%s counts %d by %s", who, got, name)
			}
			if got := c.reconcile("n", f); len(got) != 0 {
				t.Errorf("%s reconciles %v by %s", who, got, name)
			}
		}
	}
	if got := reader.count(ranges["recipient"]); got != 4 {
		t.Errorf("alice counts %d", got)
	}
	if got := reader.reconcile("n", ranges["recipient"]); len(got) != 4 {
		t.Errorf("alice reconciles %d", len(got))
	}
	// What two recipients share, both get, and nobody else.
	shared := n.event(testKey(60), nostr.KindEphemeralWrap, 0, "", nostr.Tag{"p", alice.PubKey().String()},
		nostr.Tag{"p", bob.PubKey().String(), "wss://hint"})
	for _, c := range []*client{stranger, other, reader} {
		c.stored("live", filter{"limit": 0})
	}
	if result := n.ingest.Submit(t.Context(), shared, policy.Writer{Road: policy.Live}); !result.OK {
		t.Fatal(result.Message)
	}
	for _, c := range []*client{other, reader} {
		if m := c.next(); m.id() != shared.ID.String() {
			t.Errorf("got %s", m)
		}
		if got := c.count(filter{"ids": ids(shared)}); got != 0 {
			t.Error("an ephemeral wrap was stored")
		}
	}
	stranger.sync()
}
