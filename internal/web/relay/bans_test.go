package relay

import (
	"slices"
	"testing"

	"madang/internal/nostr"
	"madang/internal/policy"
)

// ban publishes the node's mute list (NIP-51); at is seconds after the node's time.
func (n *testNode) ban(at int64, bans ...policy.Ban) {
	n.t.Helper()
	tags := nostr.Tags{{"-"}}
	for _, b := range bans {
		tags = append(tags, b.Tag())
	}
	n.submit(n.event(n.key, nostr.KindMuteList, at, "", tags...))
}

// TestBansHoldEverywhere: stored, live, counted and reconciled events agree on what is banned, for everybody.
func TestBansHoldEverywhere(t *testing.T) {
	n := startNode(t, t.TempDir(), false, nil)
	n.admit(alice, bob, carol)
	byBob, byCarol, other := n.note(bob, 1, "x"), n.note(carol, 2, "x"), n.note(carol, 3, "x")
	mail := n.event(bob, nostr.KindGiftWrap, 4, "sealed", nostr.Tag{"p", alice.PubKey().String()})
	n.submit(byBob, byCarol, other, mail)
	stranger, reader := n.connect(), n.connect()
	reader.auth(alice, n.now)
	look := func(want ...*nostr.Event) {
		t.Helper()
		notes := filter{"kinds": []int{1}}
		for who, c := range map[string]*client{"a stranger": stranger, "a member": reader} {
			if got := c.find(notes); !slices.Equal(got, ids(want...)) {
				t.Errorf("%s finds %v, want %v", who, got, ids(want...))
			}
			if got := c.find(filter{"ids": ids(byBob, byCarol, other)}); len(got) != len(want) {
				t.Errorf("%s finds %v by id", who, got)
			}
			if got := c.count(notes); got != len(want) {
				t.Errorf("%s counts %d, want %d", who, got, len(want))
			}
			if got, want := c.reconcile("n", notes), sorted(ids(want...)); !slices.Equal(got, want) {
				t.Errorf("%s reconciles %v, want %v", who, got, want)
			}
			for _, e := range []*nostr.Event{byBob, byCarol, other} { // and over everything, as peers do
				if got := slices.Contains(c.reconcile("all", filter{}), e.ID.String()); got != slices.Contains(want, e) {
					t.Errorf("%s reconciles %s of all: %v", who, e.ID, got)
				}
			}
		}
		if got := reader.find(filter{"kinds": []int{1059}}); !slices.Equal(got, ids(mail)) {
			t.Errorf("mail: %v", got)
		}
	}
	look(other, byCarol, byBob)
	n.ban(10, policy.Ban{PubKey: bob.PubKey(), Reason: "spam"}, policy.Ban{Event: byCarol.ID}, policy.Ban{Event: mail.ID})
	look(other)

	stranger.stored("live", filter{"kinds": []int{1, 10_000}, "limit": 0})
	reader.publish(n.note(bob, 5, "again"), false, "blocked")
	reader.publish(byCarol, false, "blocked")
	n.submit(n.note(bob, 6, "by a courier")) // is kept, and not shown
	reader.publish(n.note(carol, 7, "allowed"), true, "")
	if m := stranger.want("EVENT", "live"); m.id() == "" {
		t.Errorf("got %s", m)
	}
	stranger.sync()
	if got := stranger.find(filter{"kinds": []int{10_000}, "#p": []string{bob.PubKey().String()}}); len(got) != 1 {
		t.Errorf("the list of bans: %v", got)
	}

	n.ban(11)
	stranger.want("EVENT", "live") // the new list
	if got := stranger.count(filter{"kinds": []int{1}}); got != 5 {
		t.Errorf("%d notes after the bans were taken back, want 5", got)
	}
}
