package relay

import (
	"encoding/hex"
	"slices"
	"strconv"
	"testing"
	"time"

	"madang/internal/negentropy"
	"madang/internal/nostr"
	"madang/internal/policy"
)

// reconcile asks the relay what it has of filter beyond the events in have.
func (c *client) reconcile(id string, f filter, have ...*nostr.Event) (need []string) {
	c.t.Helper()
	var items []negentropy.Item
	for _, e := range have {
		items = append(items, negentropy.Item{Timestamp: e.CreatedAt, ID: e.ID})
	}
	mine := negentropy.New(negentropy.NewSet(items), 0)
	c.send("NEG-OPEN", id, f, hex.EncodeToString(mine.Initiate()))
	need = []string{}
	for {
		answer, err := hex.DecodeString(c.want("NEG-MSG", id).text(2))
		if err != nil {
			c.t.Fatal(err)
		}
		next, _, lacking, err := mine.ReconcileInitiator(answer)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, id := range lacking {
			need = append(need, id.String())
		}
		if next == nil {
			slices.Sort(need)
			return need
		}
		c.send("NEG-MSG", id, hex.EncodeToString(next))
	}
}

// What everyone may read and the asker's own mail, whichever moment and stretch of time is asked for.
func TestReconcileEverything(t *testing.T) {
	n := startNode(t, t.TempDir(), false, nil)
	n.admit(alice, bob)
	roster := n.connect().reconcile("roster", filter{})
	var notes []*nostr.Event
	for i := range 300 {
		notes = append(notes, n.note(bob, int64(i), "x", nostr.Tag{"p", alice.PubKey().String()}))
	}
	to := func(i int64, keys ...nostr.SecretKey) *nostr.Event {
		var tags nostr.Tags
		for _, k := range keys {
			tags = append(tags, nostr.Tag{"p", k.PubKey().String()})
		}
		return n.event(testKey(50+byte(i)), nostr.KindGiftWrap, 10*i, "sealed", tags...)
	}
	toAlice, toBoth, toBob := to(1, alice), to(2, alice, bob), to(3, bob)
	expiry := n.now.Unix() + 1000
	passing := n.note(bob, 400, "for a while", nostr.Tag{"expiration", strconv.FormatInt(expiry, 10)})
	n.submit(append(notes, toAlice, toBoth, toBob, passing)...)

	public := sorted(append(ids(append(notes, passing)...), roster...))
	stranger, other, forAlice, forBoth := n.connect(), n.connect(), n.connect(), n.connect()
	other.auth(carol, n.now)
	forAlice.auth(alice, n.now)
	forBoth.auth(alice, n.now)
	forBoth.auth(bob, n.now)
	start := n.now.Unix()
	within := func(since, until int64) filter { return filter{"since": start + since, "until": start + until} }
	for _, c := range []struct {
		who    string
		client *client
		f      filter
		want   []string
	}{
		{"a stranger", stranger, filter{}, public},
		{"a stranger, with a limit", stranger, filter{"limit": 3}, public},
		{"carol", other, filter{}, public},
		{"alice", forAlice, filter{}, append(ids(toAlice, toBoth), public...)},
		{"alice and bob", forBoth, filter{}, append(ids(toAlice, toBoth, toBob), public...)},
		{"a stranger, for a while", stranger, within(5, 40), ids(notes[5:41]...)},
		{"alice, for a while", forAlice, within(10, 19), append(ids(toAlice), ids(notes[10:20]...)...)},
		{"alice, to 20", forAlice, within(15, 20), append(ids(toBoth), ids(notes[15:21]...)...)},
		{"alice, from 21", forAlice, within(21, 25), ids(notes[21:26]...)},
		{"a stranger, for no time", stranger, within(7, 6), []string{}},
	} {
		if got := c.client.reconcile("a", c.f); !slices.Equal(got, sorted(c.want)) {
			t.Errorf("%s: %d events, want %d", c.who, len(got), len(c.want))
		}
	}

	// A session stays with what there was; the next sees what has come and gone.
	stranger.send("NEG-OPEN", "old", within(1, 299), "6100000200")
	first := stranger.want("NEG-MSG", "old").text(2)
	late := n.note(bob, 150, "late")
	n.submit(n.event(bob, nostr.KindDeletion, 600, "", nostr.Tag{"e", notes[0].ID.String()}), late)
	stranger.send("NEG-MSG", "old", "6100000200")
	if again := stranger.want("NEG-MSG", "old").text(2); again != first {
		t.Error("a session has changed under way")
	}
	want := sorted(append(ids(notes[1:]...), late.ID.String()))
	if got := stranger.reconcile("new", within(1, 299)); !slices.Equal(got, want) {
		t.Errorf("after the change: %d events, want %d", len(got), len(want))
	}

	bans := n.event(n.key, nostr.KindMuteList, 700, "", nostr.Tag{"-"}, policy.Ban{Event: notes[5].ID}.Tag(),
		policy.Ban{PubKey: carol.PubKey()}.Tag())
	n.submit(n.note(carol, 2, "banned"), bans)
	want = slices.DeleteFunc(want, func(id string) bool { return id == notes[5].ID.String() })
	if got := stranger.reconcile("bans", within(1, 299)); !slices.Equal(got, want) {
		t.Errorf("with bans: %d events, want %d", len(got), len(want))
	}
	want = sorted(append(want, ids(toAlice, toBoth)...))
	if got := forAlice.reconcile("bans", within(1, 299)); !slices.Equal(got, want) {
		t.Errorf("alice, with bans: %d events, want %d", len(got), len(want))
	}

	last := within(301, 599)
	n.setNow(time.Unix(expiry, 0))
	if got := stranger.reconcile("b", last); len(got) != 0 {
		t.Errorf("%d events that have expired", len(got))
	}
	n.setNow(time.Unix(expiry-1, 0)) // the clock was set back
	if got := stranger.reconcile("b", last); !slices.Equal(got, ids(passing)) {
		t.Errorf("before the expiry again: %v", got)
	}
}

func sorted(s []string) []string { slices.Sort(s); return s }

func TestReconciliation(t *testing.T) {
	n := startNode(t, t.TempDir(), false, nil)
	n.admit(alice)
	var notes []*nostr.Event
	for i := range 300 {
		notes = append(notes, n.note(alice, int64(i), "x"))
	}
	wrap := n.event(carol, nostr.KindGiftWrap, 1, "sealed", nostr.Tag{"p", alice.PubKey().String()})
	n.submit(append(notes, wrap)...)

	c := n.connect()
	byTime := filter{"since": n.now.Unix() + 1}
	if got, want := c.reconcile("a", byTime, notes[10:]...), sorted(ids(notes[1:10]...)); !slices.Equal(got, want) {
		t.Errorf("%d events are said to lack, want %d", len(got), len(want))
	}
	for name, f := range map[string]filter{
		"id":     {"ids": ids(wrap)},
		"p":      {"#p": []string{alice.PubKey().String()}},
		"author": {"authors": []string{carol.PubKey().String()}},
	} {
		if got := c.reconcile(name, f); len(got) != 0 {
			t.Errorf("a stranger learns of %v by %s", got, name)
		}
	}
	c.send("NEG-OPEN", "w", filter{"kinds": []int{1059}}, "6100000200")
	if m := c.want("NEG-ERR", "w"); prefix(m.text(2)) != "auth-required" {
		t.Errorf("got %s", m)
	}
	c.auth(alice, n.now)
	if got := c.reconcile("w", filter{"kinds": []int{1059}}); !slices.Equal(got, ids(wrap)) {
		t.Errorf("alice learns of %v, want her wrap", got)
	}
}

func TestReconciliationBounds(t *testing.T) {
	n := startNode(t, t.TempDir(), true, func(cfg *Config) {
		cfg.Limits.NegSessions, cfg.Limits.NegItems, cfg.Limits.NegItemsAll = 2, 5, 12 // 6 for strangers
	})
	for i := range 6 {
		n.submit(n.note(alice, int64(i), "x"))
	}
	all := func(limit int64) filter { return filter{"kinds": []int{1}, "until": n.now.Unix() + limit - 1} }
	refused := func(c *client, id string, f filter, message, want string) {
		t.Helper()
		c.send("NEG-OPEN", id, f, message)
		if m := c.want("NEG-ERR", id); prefix(m.text(2)) != want {
			t.Errorf("got %s, want %s", m, want)
		}
	}
	const hello = "6100000200" // the initiator has nothing
	c := n.connect()
	refused(c, "a", all(6), hello, "blocked") // more than one session may hold
	refused(c, "a", all(1), "61ff", "invalid")
	c.send("NEG-MSG", "a", hello)
	if m := c.want("NEG-ERR", "a"); prefix(m.text(2)) != "closed" {
		t.Errorf("after an error: %s", m)
	}
	if got := c.reconcile("a", all(2)); len(got) != 2 {
		t.Errorf("%d events, want 2", len(got))
	}
	if got := c.reconcile("a", all(2)); len(got) != 2 { // replaces the one of the same name
		t.Errorf("%d events, want 2", len(got))
	}
	c.reconcile("b", all(2))
	refused(c, "c", all(1), hello, "blocked")
	other := n.connect()
	refused(other, "a", all(3), hello, "blocked") // more than all sessions may hold
	c.send("NEG-CLOSE", "a")
	c.send("NEG-CLOSE", "unknown")
	c.sync()
	if got := other.reconcile("a", all(3)); len(got) != 3 {
		t.Errorf("%d events, want 3", len(got))
	}
	n.admit(alice)
	refused(n.connect(), "a", all(3), hello, "blocked")
	member := n.connect()
	member.auth(alice, n.now)
	if got := member.reconcile("a", all(3)); len(got) != 3 { // whatever strangers hold
		t.Errorf("a member got %d events, want 3", len(got))
	}
	n.stop()
	if left := n.relay.negItems.Load(); left != 0 {
		t.Errorf("%d items are counted as held after the end", left)
	}
}
