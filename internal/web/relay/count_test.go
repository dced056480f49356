package relay

import (
	"encoding/json"
	"testing"

	"madang/internal/nostr"
)

// people asks for a count and returns it with its HyperLogLog, "" where there is none.
func (c *client) people(filters ...filter) (n int, hll string) {
	c.t.Helper()
	c.send(ask("COUNT", "people", filters)...)
	m := c.want("COUNT", "people")
	var answer struct {
		Count       int
		HLL         string
		Approximate bool
	}
	if err := json.Unmarshal(m.parts[2], &answer); err != nil || answer.Approximate {
		c.t.Fatalf("got %s, %v", m, err)
	}
	return answer.Count, answer.HLL
}

func TestCountsPeople(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	liked := n.note(alice, 0, "liked")
	like := func(sk nostr.SecretKey, at int64, id string) *nostr.Event {
		return n.event(sk, nostr.KindReaction, at, "+", nostr.Tag{"e", id})
	}
	n.submit(liked, like(bob, 1, liked.ID.String()), like(bob, 2, liked.ID.String()),
		like(carol, 3, liked.ID.String()), like(alice, 4, nostr.ID{1}.String()))
	f := nostr.Filter{Tags: []nostr.TagFilter{{Letter: 'e', Values: []string{liked.ID.String()}}}}
	want, _ := nostr.NewHyperLogLog([]nostr.Filter{f})
	want.Add(bob.PubKey())
	want.Add(carol.PubKey())

	c := n.connect()
	likes := filter{"kinds": []int{7}, "#e": ids(liked)}
	if count, hll := c.people(likes); count != 3 || hll != want.String() {
		t.Errorf("%d reactions, hll %s, want 3, %s", count, hll, want)
	}
	likes["limit"] = 1 // NIP-01: of a REQ's answer alone
	if count, hll := c.people(likes); count != 3 || hll != want.String() {
		t.Errorf("with a limit: %d reactions, hll %s, want 3, %s", count, hll, want)
	}
	if count, hll := c.people(filter{"kinds": []int{7}}); count != 4 || hll != "" {
		t.Errorf("without a tag: %d, hll %q", count, hll)
	}
	if count, hll := c.people(likes, filter{"kinds": []int{1}}); count != 4 || hll != "" {
		t.Errorf("two filters: %d, hll %q", count, hll)
	}
}

// What an asker may not read moves no register.
func TestCountsPeopleOfWhatMayBeRead(t *testing.T) {
	n := startNode(t, t.TempDir(), false, nil)
	n.admit(alice)
	n.submit(n.event(testKey(50), nostr.KindGiftWrap, 0, "sealed", nostr.Tag{"p", alice.PubKey().String()}))
	toAlice := filter{"#p": []string{alice.PubKey().String()}}
	c := n.connect()
	if count, hll := c.people(toAlice); count != 0 || hll != new(nostr.HyperLogLog).String() {
		t.Errorf("a stranger counts %d, hll %s", count, hll)
	}
	c.auth(alice, n.now)
	if count, hll := c.people(toAlice); count != 1 || hll == new(nostr.HyperLogLog).String() {
		t.Errorf("alice counts %d, hll %s", count, hll)
	}
}
