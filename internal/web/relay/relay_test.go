package relay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gobwas/ws"

	"madang/internal/nostr"
	"madang/internal/policy"
)

var alice, bob, carol = testKey(1), testKey(2), testKey(3)

func ids(events ...*nostr.Event) []string {
	all := []string{}
	for _, e := range events {
		all = append(all, e.ID.String())
	}
	return all
}

func TestEventsStoredAndLive(t *testing.T) {
	n := startNode(t, t.TempDir(), false, nil)
	n.admit(alice, bob)
	a, b := n.connect(), n.connect()
	first, second := n.note(alice, 1, "first"), n.note(alice, 2, "second \"quoted\"\n한국어")
	a.publish(first, true, "")
	a.publish(first, true, "duplicate")

	notes := filter{"kinds": []int{1}}
	if got := b.stored("notes", notes); !slices.Equal(got, ids(first)) {
		t.Fatalf("stored %v", got)
	}
	a.publish(second, true, "")
	if m := b.want("EVENT", "notes"); string(m.parts[2]) != string(second.AppendJSON(nil)) {
		t.Errorf("live event %s, want %s", m.parts[2], second.AppendJSON(nil))
	}
	newest := filter{"authors": []string{alice.PubKey().String()}, "limit": 1}
	if got := b.stored("newest", newest); !slices.Equal(got, ids(second)) {
		t.Errorf("stored with a limit: %v", got)
	}
	if got := b.count(notes); got != 2 {
		t.Errorf("count %d, want 2", got)
	}
	b.send("CLOSE", "notes")
	b.send("CLOSE", "newest")
	b.send("CLOSE", "never opened")
	b.sync()
	a.publish(n.note(alice, 3, "third"), true, "")
	b.sync()

	// The same id again is a new subscription.
	b.stored("s", filter{"kinds": []int{7}})
	b.stored("s", filter{"kinds": []int{1}, "limit": 0})
	a.publish(n.event(alice, 7, 4, "+"), true, "")
	fourth := n.note(alice, 5, "fourth")
	a.publish(fourth, true, "")
	if m := b.want("EVENT", "s"); m.id() != fourth.ID.String() {
		t.Errorf("got %s", m)
	}

	ephemeral := n.event(bob, 20001, 6, "typing")
	b.stored("e", filter{"kinds": []int{20001}})
	a.publish(ephemeral, true, "")
	if m := b.want("EVENT", "e"); m.id() != ephemeral.ID.String() {
		t.Errorf("got %s", m)
	}
	if got := b.count(filter{"kinds": []int{20001}}); got != 0 {
		t.Errorf("%d ephemeral events are stored", got)
	}
}

func TestWhoMayWrite(t *testing.T) {
	n := startNode(t, t.TempDir(), false, nil)
	n.admit(alice)
	c := n.connect()
	c.publish(n.note(bob, 0, "stranger"), false, "auth-required")
	c.auth(bob, n.now)
	c.publish(n.note(bob, 0, "stranger"), false, "restricted")
	c.publish(n.note(alice, 0, "a member's, by another's connection"), true, "")

	protected := n.note(alice, 0, "only by myself", nostr.Tag{"-"})
	c.publish(protected, false, "auth-required")
	c.auth(alice, n.now)
	c.publish(protected, true, "")

	forged := n.note(alice, 0, "true words")
	forged.Content = "false words"
	c.publish(forged, false, "invalid")
	c.publish(n.note(alice, 901, "from the future"), false, "invalid")
	c.publish(c.authEvent(alice, n.now, nil), false, "invalid")
}

func TestJoinRequests(t *testing.T) {
	n := startNode(t, t.TempDir(), false, func(cfg *Config) {
		cfg.Join = func(_ context.Context, e *nostr.Event) (string, error) {
			switch claim, _ := e.Tags.First("claim"); claim {
			case "good":
				return "info: welcome", nil
			case "used":
				return "", &policy.Error{Prefix: "restricted", Text: "that invite code has been used"}
			}
			return "", errors.New("disk")
		}
	})
	c := n.connect()
	request := func(code string) *nostr.Event {
		return n.event(bob, nostr.KindJoin, 0, "", nostr.Tag{"-"}, nostr.Tag{"claim", code})
	}
	c.publish(request("good"), true, "info")
	c.publish(request("used"), false, "restricted")
	c.publish(request("other"), false, "error")
	if got := c.count(filter{}); got != 0 {
		t.Errorf("%d requests were stored", got)
	}
}

// TestLeaveRequests: whoever sees one cannot send it in another's place.
func TestLeaveRequests(t *testing.T) {
	n := startNode(t, t.TempDir(), false, func(cfg *Config) {
		cfg.Leave = func(_ context.Context, e *nostr.Event) (string, error) { return "info: you have left", nil }
	})
	c := n.connect()
	leave := n.event(bob, nostr.KindLeave, 0, "", nostr.Tag{"-"})
	c.publish(leave, false, "auth-required")
	c.auth(alice, n.now)
	c.publish(leave, false, "auth-required")
	c.auth(bob, n.now)
	c.publish(leave, true, "info")
	if got := c.count(filter{}); got != 0 {
		t.Errorf("%d requests were stored", got)
	}
}

func TestAuthRefusals(t *testing.T) {
	n := startNode(t, t.TempDir(), false, nil)
	c := n.connect()
	for name, change := range map[string]func(*nostr.Event){
		"another kind":      func(e *nostr.Event) { e.Kind = 1 },
		"another challenge": func(e *nostr.Event) { e.Tags[1][1] = "guess" },
		"no challenge":      func(e *nostr.Event) { e.Tags = e.Tags[:1] },
		"another relay":     func(e *nostr.Event) { e.Tags[0][1] = "ws://relay.example/" },
		"another port":      func(e *nostr.Event) { e.Tags[0][1] = "ws://127.0.0.1:1/" },
		"no relay":          func(e *nostr.Event) { e.Tags = e.Tags[1:] },
		"too old":           func(e *nostr.Event) { e.CreatedAt -= authWindow + 1 },
		"too new":           func(e *nostr.Event) { e.CreatedAt += authWindow + 1 },
	} {
		e := c.authEvent(alice, n.now, change)
		c.send("AUTH", e)
		m := c.want("OK", e.ID.String())
		if string(m.parts[2]) != "false" || prefix(m.text(3)) != "invalid" {
			t.Errorf("%s: %s", name, m)
		}
	}
	e := c.authEvent(alice, n.now, nil)
	e.Sig[10] ^= 1
	c.send("AUTH", e)
	c.wantOK(e, false, "invalid")
	c.send("REQ", "w", filter{"kinds": []int{1059}})
	if m := c.want("CLOSED", "w"); prefix(m.text(2)) != "auth-required" {
		t.Errorf("after refused AUTHs: %s", m)
	}

	other := n.connect()
	e = other.authEvent(alice, n.now, nil)
	c.send("AUTH", e) // another connection's challenge
	c.wantOK(e, false, "invalid")
}

func TestSameHost(t *testing.T) {
	for _, tt := range []struct {
		relay, host string
		same        bool
	}{
		{"ws://box.lan/", "box.lan", true},
		{"wss://BOX.lan", "box.lan:443", true},
		{"http://box.lan:80/some/path?x", "box.lan", true},
		{"ws://box.lan:8080", "box.lan:8080", true},
		{"ws://[::1]:8080/", "[::1]:8080", true},
		{"ws://[::1]", "[::1]", true},
		{"ws://box.lan:8080", "box.lan", false},
		{"ws://box.lan.evil/", "box.lan", false},
		{"box.lan", "box.lan", false},
		{"ws://", "", false},
		{"", "box.lan", false},
		{"ws://user@box.lan", "box.lan", true},
		{"ws://box.lan@evil", "box.lan", false},
		{"%zz", "box.lan", false},
	} {
		if got := policy.SameHost(tt.relay, tt.host); got != tt.same {
			t.Errorf("SameHost(%q, %q) = %v", tt.relay, tt.host, got)
		}
	}
}

func TestGiftWrapsArePrivate(t *testing.T) {
	n := startNode(t, t.TempDir(), false, nil)
	n.admit(alice, bob)
	toAlice := n.event(testKey(50), nostr.KindGiftWrap, 0, "sealed", nostr.Tag{"p", alice.PubKey().String()})
	toBoth := n.event(testKey(51), nostr.KindGiftWrap, 1, "sealed", nostr.Tag{"p", alice.PubKey().String()},
		nostr.Tag{"p", bob.PubKey().String()})
	note := n.note(bob, 2, "for all", nostr.Tag{"p", alice.PubKey().String()})
	n.submit(toAlice, toBoth, note)

	// By what they are found, without naming the kind.
	ways := map[string]filter{
		"id":      {"ids": ids(toAlice, toBoth)},
		"p":       {"#p": []string{alice.PubKey().String()}},
		"all":     {"since": n.now.Unix()},
		"author":  {"authors": []string{testKey(50).PubKey().String(), testKey(51).PubKey().String()}},
		"nothing": {},
		"limit":   {"limit": 2},
	}
	check := func(c *client, who string, may []string) {
		t.Helper()
		for name, f := range ways {
			for _, id := range c.stored(name, f) {
				if (id == toAlice.ID.String() || id == toBoth.ID.String()) && !slices.Contains(may, id) {
					t.Errorf("%s was sent %s by a REQ for %s", who, id, name)
				}
			}
			c.send("CLOSE", name)
		}
		if got := c.count(ways["id"]); got != len(may) {
			t.Errorf("%s counts %d gift wraps, want %d", who, got, len(may))
		}
	}
	explicit := func(c *client, may []string) {
		t.Helper()
		if got := c.stored("kind", filter{"kinds": []int{1059}}); !slices.Equal(got, may) {
			t.Errorf("by kind: %v, want %v", got, may)
		}
		c.send("CLOSE", "kind")
	}

	nobody := n.connect()
	check(nobody, "a stranger", nil)
	for _, kind := range []int{1059, 21059} {
		for _, label := range []string{"REQ", "COUNT"} {
			nobody.send(label, "w", filter{"kinds": []int{1, kind}})
			if m := nobody.want("CLOSED", "w"); prefix(m.text(2)) != "auth-required" {
				t.Errorf("%s of kind %d: %s", label, kind, m)
			}
		}
	}
	if got := nobody.stored("p", ways["p"]); !slices.Equal(got, ids(note)) {
		t.Errorf("a stranger finds %v by p tag", got)
	}

	other := n.connect()
	other.auth(carol, n.now)
	check(other, "carol", nil)
	explicit(other, []string{})

	forBob := n.connect()
	forBob.auth(bob, n.now)
	check(forBob, "bob", ids(toBoth))
	explicit(forBob, ids(toBoth))

	// Two keys on one connection read for both.
	other.auth(alice, n.now)
	check(other, "carol and alice", ids(toBoth, toAlice))
	explicit(other, ids(toBoth, toAlice))
}

func TestLiveGiftWrapsFollowAuth(t *testing.T) {
	n := startNode(t, t.TempDir(), false, nil)
	n.admit(alice, bob)
	wrap := func(at int64, kind uint16) *nostr.Event {
		return n.event(testKey(60), kind, at, "sealed", nostr.Tag{"p", alice.PubKey().String()})
	}
	sender, reader, other := n.connect(), n.connect(), n.connect()
	reader.stored("all", filter{"limit": 0})
	other.auth(bob, n.now)
	other.stored("all", filter{"limit": 0})
	other.stored("wraps", filter{"kinds": []int{1059, 21059}, "limit": 0})

	sender.publish(wrap(1, nostr.KindGiftWrap), true, "")
	sender.publish(wrap(1, nostr.KindEphemeralWrap), true, "")
	reader.sync() // nothing came
	reader.auth(alice, n.now)
	for at, kind := range []uint16{nostr.KindGiftWrap, nostr.KindEphemeralWrap} {
		e := wrap(int64(2+at), kind)
		sender.publish(e, true, "")
		if m := reader.want("EVENT", "all"); m.id() != e.ID.String() {
			t.Errorf("got %s", m)
		}
	}
	other.sync()
	toStranger := n.event(testKey(61), nostr.KindGiftWrap, 0, "", nostr.Tag{"p", carol.PubKey().String()})
	sender.publish(toStranger, false, "restricted")
}

func TestMalformedMessages(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	c := n.connect()
	id := strings.Repeat("a", 64)
	for _, tt := range []struct{ sent, label, second string }{
		{`not json`, "NOTICE", ""},
		{`{}`, "NOTICE", ""},
		{`[]`, "NOTICE", ""},
		{`["HELLO","x"]`, "NOTICE", ""},
		{`["EVENT",{"id":"` + id + `","kind":-1}]`, "OK", id},
		{`["AUTH",{"id":"` + id + `"}]`, "OK", id},
		{`["EVENT",7]`, "NOTICE", ""},
		{`["REQ","s",{"kinds":["one"]}]`, "CLOSED", "s"},
		{`["REQ","s"]`, "CLOSED", "s"},
		{`["COUNT","s",{"ids":["` + id + `0"]}]`, "CLOSED", "s"},
		{`["NEG-OPEN","s",{},"xyz"]`, "NEG-ERR", "s"},
		{`["NEG-MSG","s"]`, "NEG-ERR", "s"},
		{`["REQ","",{}]`, "NOTICE", ""},
		{`["REQ","` + strings.Repeat("s", 65) + `",{}]`, "NOTICE", ""},
	} {
		c.sendText(tt.sent)
		m := c.next()
		text := m.text(len(m.parts) - 1)
		if m.label != tt.label || tt.second != "" && m.text(1) != tt.second || !strings.HasPrefix(text, "invalid: ") {
			t.Errorf("%s was answered by %s", tt.sent, m)
		}
		c.send("CLOSE", "x") // a good one between
	}
	for range maxStrikes {
		c.sendText("nonsense")
	}
	for range maxStrikes {
		if m := c.next(); m.label != "NOTICE" {
			t.Errorf("got %s", m)
		}
	}
	c.wantClose(ws.StatusPolicyViolation)
}

func TestRestartKeepsEvents(t *testing.T) {
	dir := t.TempDir()
	n := startNode(t, dir, true, nil)
	c := n.connect()
	kept, gone := n.note(alice, 1, "kept"), n.note(alice, 0, "gone")
	c.publish(kept, true, "")
	c.publish(gone, true, "")
	c.publish(n.event(alice, nostr.KindDeletion, 2, "", nostr.Tag{"e", gone.ID.String()}), true, "")
	n.stop()
	c.wantClose(ws.StatusGoingAway)

	again := startNode(t, dir, true, nil)
	if got := again.connect().stored("s", filter{"kinds": []int{1}}); !slices.Equal(got, ids(kept)) {
		t.Errorf("after a restart: %v, want %v", got, ids(kept))
	}
}

// TestEachEventOnce subscribes while events pour in: each subscriber gets each event exactly once, stored or live.
func TestEachEventOnce(t *testing.T) {
	const writers, each, readers = 4, 60, 6
	n := startNode(t, t.TempDir(), true, nil)
	var all []string
	batches := make([][]*nostr.Event, writers)
	for w := range writers {
		for i := range each {
			e := n.note(testKey(byte(10+w)), int64(i), fmt.Sprint(w, i))
			batches[w] = append(batches[w], e)
			all = append(all, e.ID.String())
		}
	}
	slices.Sort(all)
	var running sync.WaitGroup
	begin := make(chan struct{})
	for w := range writers {
		c := n.connect()
		running.Go(func() {
			<-begin
			for _, e := range batches[w] {
				c.send("EVENT", e)
			}
			for _, e := range batches[w] {
				c.wantOK(e, true, "")
			}
		})
	}
	for r := range readers {
		c := n.connect()
		running.Go(func() {
			<-begin
			for range r * 3 { // each begins elsewhere in the stream
				c.sync()
			}
			c.send("REQ", "s", filter{"kinds": []int{1}})
			var got []string
			for eose := false; len(got) < len(all) || !eose; {
				m, err := c.read()
				if err != nil {
					t.Errorf("reader %d has %d events: %v", r, len(got), err)
					return
				}
				if m.label == "EOSE" {
					eose = true
					continue
				}
				got = append(got, m.id())
			}
			slices.Sort(got)
			if !slices.Equal(got, all) {
				t.Errorf("reader %d got other events than were written", r)
			}
			c.sync()
		})
	}
	close(begin)
	running.Wait()
}

func TestSlowReaderIsDroppedAlone(t *testing.T) {
	n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.Limits.Queue = 256 << 10 })
	slow, quick := n.connect(), n.connect()
	quick.stored("s", filter{"limit": 0})
	slow.stored("s", filter{"limit": 0})
	// What the system buffers for a connection is bounded too, so that this ends.
	const most = 1000
	content := strings.Repeat("x", 100_000)
	for i := 0; n.relay.stats.dropped.Get() == 0; i++ {
		if i == most {
			t.Fatalf("the slow reader is still there after %d large events", most)
		}
		e := n.event(alice, 20001, int64(i), content)
		n.submit(e)
		if m := quick.want("EVENT", "s"); m.id() != e.ID.String() {
			t.Fatalf("the quick reader got %s", m.id())
		}
	}
	var last message
	for {
		m, err := slow.read()
		if err != nil {
			break
		}
		last = m
	}
	if last.label != "NOTICE" && last.label != "EVENT" {
		t.Errorf("the slow reader's last message is %s", last)
	}
	quick.sync()
}

func TestShutdownSaysFarewell(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	c := n.connect()
	c.stored("s", filter{})
	n.stop()
	c.wantClose(ws.StatusGoingAway)
	if n.relay.Len() != 0 || n.hub.Len() != 0 {
		t.Errorf("%d connections and %d subscriptions are left", n.relay.Len(), n.hub.Len())
	}
}
