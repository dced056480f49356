package relay

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"madang/internal/nostr"
)

// newestFirst sorts as NIP-01 wants it: newest first, of the same second the lowest id.
func newestFirst(events []*nostr.Event) []*nostr.Event {
	return slices.SortedFunc(slices.Values(events), func(a, b *nostr.Event) int {
		if a.CreatedAt != b.CreatedAt {
			return int(b.CreatedAt - a.CreatedAt)
		}
		return strings.Compare(a.ID.String(), b.ID.String())
	})
}

func TestOrderAndLimits(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	var events []*nostr.Event
	for i := range 30 { // ten seconds with three each
		parity := nostr.Tag{"t", strconv.Itoa(i % 2)}
		events = append(events, n.note(testKey(byte(1+i%5)), -int64(i%10), strconv.Itoa(i), parity))
	}
	n.submit(events...)
	c, all := n.connect(), newestFirst(events)
	even := slices.DeleteFunc(slices.Clone(all), func(e *nostr.Event) bool { return !e.Tags.Has("t", "0") })
	first := n.now.Unix()
	for name, tt := range map[string]struct {
		filters []filter
		want    []*nostr.Event
	}{
		"all":                   {[]filter{{}}, all},
		"by kind":               {[]filter{{"kinds": []int{1}}}, all},
		"limit":                 {[]filter{{"limit": 7}}, all[:7]},
		"limit within a second": {[]filter{{"limit": 4}}, all[:4]},
		"limit by tag":          {[]filter{{"#t": []string{"0"}, "limit": 5}}, even[:5]},
		"until":                 {[]filter{{"until": first - 2, "limit": 3}}, all[6:9]},
		"since and until":       {[]filter{{"since": first - 3, "until": first - 3}}, all[9:12]},
		"limit 0":               {[]filter{{"limit": 0}}, nil},
		"a limit for each filter": {[]filter{{"limit": 2}, {"until": first - 9, "limit": 2}},
			slices.Concat(all[:2], all[27:29])},
		"filters that overlap":   {[]filter{{"limit": 3}, {"limit": 5}, {"ids": ids(all[1])}}, all[:5]},
		"limit 0 beside another": {[]filter{{"limit": 0}, {"limit": 1}}, all[:1]},
	} {
		if got := c.find(tt.filters...); !slices.Equal(got, ids(tt.want...)) {
			t.Errorf("%s: got %v, want %v", name, got, ids(tt.want...))
		}
		if got := c.find(tt.filters...); !slices.Equal(got, ids(tt.want...)) {
			t.Errorf("%s again: got %v", name, got)
		}
	}
}

func TestReplaceableTies(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	c := n.connect()
	for _, tt := range []struct {
		kind uint16
		tags nostr.Tags
	}{
		{0, nil}, {3, nil}, {10_000, nil}, {19_999, nil},
		{30_000, nostr.Tags{{"d", "x"}}}, {39_999, nostr.Tags{{"d", ""}}},
	} {
		versions := []*nostr.Event{}
		for i := range 3 {
			versions = append(versions, n.event(alice, tt.kind, 0, strconv.Itoa(i), tt.tags...))
		}
		lowest := newestFirst(versions)[0]
		older := n.event(alice, tt.kind, -1, "older", tt.tags...)
		for _, e := range append(versions, older) {
			c.publish(e, true, "") // a version that loses is no fault of its sender
		}
		c.publish(older, true, "duplicate")
		f := filter{"kinds": []int{int(tt.kind)}}
		if got := c.find(f); !slices.Equal(got, ids(lowest)) {
			t.Errorf("kind %d: %v, want the lowest id %v", tt.kind, got, ids(lowest))
		}
		if got := c.count(f); got != 1 {
			t.Errorf("kind %d: %d are counted", tt.kind, got)
		}
		newer := n.event(alice, tt.kind, 1, "newer", tt.tags...)
		c.publish(newer, true, "")
		if got := c.find(f); !slices.Equal(got, ids(newer)) {
			t.Errorf("kind %d: %v, want the newest", tt.kind, got)
		}
		// Another author's and, where there are addresses, another d are others.
		c.publish(n.event(bob, tt.kind, 0, "", tt.tags...), true, "")
		want := 2
		if nostr.IsAddressable(tt.kind) {
			c.publish(n.event(alice, tt.kind, 0, "", nostr.Tag{"d", "other"}), true, "")
			want++
		}
		if got := c.find(f); len(got) != want {
			t.Errorf("kind %d: %d events, want %d", tt.kind, len(got), want)
		}
	}
}

func TestDeletion(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	c := n.connect()
	address := func(d string) string { return nostr.Address{Kind: 30_023, PubKey: alice.PubKey(), D: d}.String() }
	article := func(d string, at int64) *nostr.Event { return n.event(alice, 30_023, at, "", nostr.Tag{"d", d}) }
	note, later, others := n.note(alice, 0, "mine"), n.note(alice, 0, "comes later"), n.note(bob, 0, "another's")
	first, kept := article("a", 0), article("b:with:colons", 0)
	other := n.event(bob, 30_023, 0, "", nostr.Tag{"d", "a"})
	wrap := n.event(testKey(50), nostr.KindGiftWrap, 0, "sealed", nostr.Tag{"p", alice.PubKey().String()})
	n.submit(note, others, first, kept, other, wrap)

	deletion := n.event(alice, nostr.KindDeletion, 5, "by mistake",
		nostr.Tag{"e", note.ID.String()}, nostr.Tag{"e", later.ID.String()}, nostr.Tag{"e", others.ID.String()},
		nostr.Tag{"a", address("a")}, nostr.Tag{"a", other.PubKey.String()}, nostr.Tag{"e", "nonsense"},
		nostr.Tag{"a", nostr.Address{Kind: 30_023, PubKey: bob.PubKey(), D: "a"}.String()})
	c.publish(deletion, true, "")
	gone := filter{"ids": ids(note, later, others, first, kept, other)}
	want := ids(newestFirst([]*nostr.Event{others, kept, other})...)
	if got := c.find(gone); !slices.Equal(got, want) {
		t.Errorf("left are %v, want %v", got, want)
	}
	for _, e := range []*nostr.Event{note, later, first, article("a", 5)} {
		c.publish(e, false, "blocked")
	}
	newer := article("a", 6) // an address lives on
	c.publish(newer, true, "")
	mine := filter{"#d": []string{"a"}, "authors": []string{alice.PubKey().String()}}
	if got := c.find(mine); !slices.Equal(got, ids(newer)) {
		t.Errorf("the newer version: %v", got)
	}

	// A deletion is served on, and nothing takes it back.
	c.publish(n.event(alice, nostr.KindDeletion, 6, "", nostr.Tag{"e", deletion.ID.String()}), true, "")
	if got := c.find(filter{"ids": ids(deletion)}); len(got) != 1 {
		t.Error("a deletion was deleted")
	}
	c.publish(note, false, "blocked")

	// Gift wraps are their recipient's to delete, and nobody else's.
	c.auth(alice, n.now)
	c.publish(n.event(bob, nostr.KindDeletion, 7, "", nostr.Tag{"e", wrap.ID.String()}), true, "")
	if got := c.find(filter{"ids": ids(wrap)}); len(got) != 1 {
		t.Error("a gift wrap was deleted by another than its recipient")
	}
	c.publish(n.event(alice, nostr.KindDeletion, 7, "", nostr.Tag{"e", wrap.ID.String()}), true, "")
	if got := c.find(filter{"ids": ids(wrap)}); len(got) != 0 {
		t.Error("a gift wrap outlived its deletion by its recipient")
	}
	c.publish(wrap, false, "blocked")
}

func TestExpiry(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	c := n.connect()
	at := func(seconds int64) nostr.Tag {
		return nostr.Tag{"expiration", strconv.FormatInt(n.now.Unix()+seconds, 10)}
	}
	c.publish(n.note(alice, 0, "too late", at(0)), false, "invalid")
	c.publish(n.note(alice, 0, "in 1970", nostr.Tag{"expiration", "0"}), false, "invalid")
	soon, never := n.note(alice, 1, "soon", at(10)), n.note(alice, 0, "no time", nostr.Tag{"expiration", "tomorrow"})
	c.publish(soon, true, "")
	c.publish(never, true, "")
	look := func(want ...*nostr.Event) {
		t.Helper()
		if got := c.find(filter{"kinds": []int{1}}); !slices.Equal(got, ids(want...)) {
			t.Errorf("stored %v, want %v", got, ids(want...))
		}
		if got := c.count(filter{"kinds": []int{1}}); got != len(want) {
			t.Errorf("count %d, want %d", got, len(want))
		}
		if got := c.reconcile("n", filter{"kinds": []int{1}}); len(got) != len(want) {
			t.Errorf("%d are reconciled, want %d", len(got), len(want))
		}
	}
	look(soon, never)
	n.setNow(n.now.Add(9 * time.Second))
	look(soon, never)
	n.setNow(n.now.Add(time.Second))
	look(never)
}

// TestNothingCanMatch: such a filter is answered at once, and stays silent.
func TestNothingCanMatch(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	n.submit(n.note(alice, 0, "x", nostr.Tag{"t", "x"}))
	c := n.connect()
	impossible := []filter{
		{"ids": []string{}}, {"authors": []string{}}, {"kinds": []int{}}, {"#t": []string{}},
		{"since": 20, "until": 10}, {"ids": []string{strings.Repeat("0", 64)}}, {"kinds": []int{20_001}},
		{"#t": []string{"x"}, "#p": []string{strings.Repeat("0", 64)}}, {"since": math.MaxInt64},
	}
	for i, f := range impossible {
		sub := strconv.Itoa(i)
		if got := c.stored(sub, f); len(got) != 0 {
			t.Errorf("%v: got %v", f, got)
		}
		if got := c.count(f); got != 0 {
			t.Errorf("%v: counts %d", f, got)
		}
	}
	n.submit(n.note(alice, 1, "y", nostr.Tag{"t", "x"}))
	c.sync()
	if got := c.stored("both", impossible[0], filter{"limit": 1}); len(got) != 1 {
		t.Errorf("beside one that can: %v", got)
	}
}

// TestEndsOfTime asks at both ends of what since and until can say, for events that stand there.
func TestEndsOfTime(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	const last = 1<<53 - 1
	first := n.event(alice, 1, -n.now.Unix(), "1970")
	now := n.note(alice, 0, "now")
	end := n.event(alice, 1, last-n.now.Unix(), "the last second that every program can write")
	n.submit(first, now, end)
	c := n.connect()
	for i, tt := range []struct {
		f    filter
		want []*nostr.Event
	}{
		{filter{}, []*nostr.Event{end, now, first}},
		{filter{"since": 0}, []*nostr.Event{end, now, first}},
		{filter{"until": 0}, []*nostr.Event{first}},
		{filter{"since": 0, "until": 0}, []*nostr.Event{first}},
		{filter{"since": 1}, []*nostr.Event{end, now}},
		{filter{"since": n.now.Unix(), "until": n.now.Unix()}, []*nostr.Event{now}},
		{filter{"since": n.now.Unix() + 1}, []*nostr.Event{end}},
		{filter{"until": n.now.Unix() - 1}, []*nostr.Event{first}},
		{filter{"since": last}, []*nostr.Event{end}},
		{filter{"since": last + 1}, nil},
		{filter{"until": int64(math.MaxInt64)}, []*nostr.Event{end, now, first}},
		{filter{"since": int64(math.MaxInt64), "until": int64(math.MaxInt64)}, nil},
	} {
		for name, extra := range map[string]filter{
			"": {}, "kinds": {"kinds": []int{1}}, "authors": {"authors": []string{alice.PubKey().String()}},
			"ids": {"ids": ids(first, now, end)},
		} {
			for k, v := range tt.f {
				extra[k] = v
			}
			if got := c.find(extra); !slices.Equal(got, ids(tt.want...)) {
				t.Errorf("%d %s: %v, want %v", i, name, got, ids(tt.want...))
			}
		}
	}
	for _, text := range []string{`{"since":-1}`, `{"until":9223372036854775808}`, `{"since":1e3}`, `{"until":"1"}`} {
		c.sendText(`["REQ","bad",` + text + `]`)
		if m := c.want("CLOSED", "bad"); prefix(m.text(2)) != "invalid" {
			t.Errorf("%s: %s", text, m)
		}
	}
}

// TestTagFilters: one letter, upper or lower case, the first value only; the same for stored and for live events.
func TestTagFilters(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	e := n.note(alice, 0, "x", nostr.Tag{"t", "a", "second"}, nostr.Tag{"T", "b"}, nostr.Tag{"tt", "c"}, nostr.Tag{"t"},
		nostr.Tag{"1", "d"}, nostr.Tag{"é", "e"}, nostr.Tag{"-x", "f"}, nostr.Tag{"z", ""}, nostr.Tag{"q", "마당"})
	matches := map[string]filter{
		"t": {"#t": []string{"a"}}, "T": {"#T": []string{"b"}}, "any of": {"#t": []string{"x", "a"}},
		"both": {"#t": []string{"a"}, "#T": []string{"b"}}, "empty value": {"#z": []string{""}},
		"q": {"#q": []string{"마당"}},
	}
	others := map[string]filter{
		"second value": {"#t": []string{"second"}}, "case of the letter": {"#T": []string{"a"}},
		"case of the value": {"#t": []string{"A"}}, "no value": {"#t": []string{""}}, "longer name": {"#t": []string{"c"}},
		"one of two": {"#t": []string{"a"}, "#T": []string{"a"}}, "part of the value": {"#q": []string{"마"}},
	}
	c := n.connect()
	for name, f := range matches {
		c.stored("is "+name, f)
	}
	for name, f := range others {
		c.stored("not "+name, f)
	}
	n.submit(e)
	live := []string{}
	for range matches {
		live = append(live, c.next().text(1))
	}
	c.sync() // and no more
	for name, f := range matches {
		if !slices.Contains(live, "is "+name) {
			t.Errorf("%s: not told live", name)
		}
		if got := c.find(f); !slices.Equal(got, ids(e)) {
			t.Errorf("%s: stored %v", name, got)
		}
		if got := c.count(f); got != 1 {
			t.Errorf("%s: counts %d", name, got)
		}
	}
	for name, f := range others {
		if got := c.find(f); len(got) != 0 {
			t.Errorf("%s: stored %v", name, got)
		}
	}
	for _, letter := range []string{"tt", "1", "é", "", "-"} {
		c.send("REQ", "bad", filter{"#" + letter: []string{"c"}})
		if m := c.want("CLOSED", "bad"); prefix(m.text(2)) != "invalid" {
			t.Errorf("#%s: %s", letter, m)
		}
	}
}

// TestStrictness: what NIP-01 rules out is refused by its name, in a message that names what it is about.
func TestStrictness(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	c := n.connect()
	good := n.note(alice, 0, "a\x7fb", nostr.Tag{"e", strings.Repeat("ab", 32)})
	text, id := string(good.AppendJSON(nil)), good.ID.String()
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	upper := func(s string) string { return strings.Replace(text, s, strings.ToUpper(s), 1) }
	for name, bad := range map[string]string{
		"upper-case key":       upper(good.PubKey.String()),
		"upper-case signature": upper(good.Sig.String()),
		"kind above 65535":     strings.Replace(text, `"kind":1,`, `"kind":65536,`, 1),
		"kind with a fraction": strings.Replace(text, `"kind":1,`, `"kind":1.0,`, 1),
		"negative time":        strings.Replace(text, `"created_at":`, `"created_at":-`, 1),
		"time as text":         strings.Replace(text, `"created_at":1700000000`, `"created_at":"1700000000"`, 1),
		"null in a tag":        strings.Replace(text, `["e",`, `[null,`, 1),
		"number in a tag":      strings.Replace(text, `["e",`, `[1,`, 1),
		"no content":           strings.Replace(text, `"content"`, `"Content"`, 1),
		"a field twice":        strings.Replace(text, `"kind":1,`, `"kind":1,"kind":1,`, 1),
		"half a surrogate":     strings.Replace(text, "a\x7fb", `\ud800`, 1),
		"second half first":    strings.Replace(text, "a\x7fb", `\udc00\ud800`, 1),
		"another id":           strings.Replace(text, "a\x7fb", "a b", 1),
		"another escape":       strings.Replace(text, "a\x7fb", `\x7f`, 1),
		"very deep":            strings.Replace(text, `{"id"`, `{"x":`+deep+`,"id"`, 1),
		"depth without an end": `{"id":"` + id + `","x":` + strings.Repeat(`{"x":`, 50_000),
		"long number":          strings.Replace(text, `"kind":1,`, `"kind":`+strings.Repeat("1", 100_000)+`,`, 1),
		"cut off":              text[:len(text)-10],
	} {
		if bad == text {
			t.Fatalf("%s: nothing replaced", name)
		}
		c.sendText(`["EVENT",` + bad + `]`)
		m := c.want("OK", id)
		if string(m.parts[2]) != "false" || prefix(m.text(3)) != "invalid" {
			t.Errorf("%s: %.300s", name, m)
		}
		c.send("CLOSE", "-") // a good one between
	}
	c.sendText(`["EVENT",` + upper(id) + `]`)
	if m := c.want("OK", strings.ToUpper(id)); prefix(m.text(3)) != "invalid" {
		t.Errorf("upper-case id: %s", m)
	}
	c.publish(good, true, "")
	for name, bad := range map[string]string{
		"ids": strings.ToUpper(id), "authors": strings.ToUpper(good.PubKey.String()),
		"#e": strings.ToUpper(strings.Repeat("ab", 32)), "#p": strings.ToUpper(good.PubKey.String()),
	} {
		for _, value := range []string{bad, id[:63], id + "0", "", "npub1"} {
			c.send("REQ", "s", filter{name: []string{value}})
			if m := c.want("CLOSED", "s"); prefix(m.text(2)) != "invalid" {
				t.Errorf("%s %s: %s", name, value, m)
			}
			c.send("CLOSE", "-")
		}
	}
	for name, bad := range map[string]string{
		"kinds": `[65536]`, "limit": `-1`, "since": `null`, "search": `1`, "authors": `null`, "ids": `{}`,
	} {
		c.sendText(`["REQ","s",{"` + name + `":` + bad + `}]`)
		if m := c.want("CLOSED", "s"); prefix(m.text(2)) != "invalid" {
			t.Errorf("%s %s: %s", name, bad, m)
		}
		c.send("CLOSE", "-")
	}
	if got := c.find(filter{"ids": ids(good)}); !slices.Equal(got, ids(good)) {
		t.Errorf("the good one: %v", got)
	}
	c.sendText("[\"REQ\",\"s\",{\"#t\":[\"\xff\"]}]")
	c.wantClose(ws.StatusInvalidFramePayloadData)
}

// TestSecondAuth: a client may prove itself again, with another key or with the same, at any time.
func TestSecondAuth(t *testing.T) {
	n := startNode(t, t.TempDir(), false, func(cfg *Config) { cfg.Limits.Keys = 2 })
	n.admit(alice, bob)
	c := n.connect()
	c.find(filter{"limit": 0})
	c.auth(alice, n.now)
	c.auth(alice, n.now)
	c.find(filter{"kinds": []int{1059}})
	c.auth(bob, n.now.Add(time.Second))
	third := c.authEvent(carol, n.now, nil)
	c.send("AUTH", third)
	c.wantOK(third, false, "restricted")
	c.auth(bob, n.now)
	for _, sk := range []nostr.SecretKey{alice, bob} {
		c.publish(n.note(sk, 0, "", nostr.Tag{"-"}), true, "")
	}
	c.publish(c.authEvent(alice, n.now, nil), false, "invalid") // no EVENT, whoever sends it
}

// TestSubscriptionIDs: each connection has its own, and one of the same name takes another's place.
func TestSubscriptionIDs(t *testing.T) {
	n := startNode(t, t.TempDir(), true, nil)
	a, b := n.connect(), n.connect()
	longest := strings.Repeat("마", 64)
	a.stored(longest, filter{"kinds": []int{7}})
	b.stored(longest, filter{"kinds": []int{1}})
	a.stored("s", filter{"kinds": []int{1}})
	a.stored("s", filter{"kinds": []int{7}})
	n.submit(n.event(alice, 7, 0, "+"))
	got := []string{a.next().text(1), a.next().text(1)}
	slices.Sort(got)
	if !slices.Equal(got, []string{"s", longest}) {
		t.Errorf("told %v", got)
	}
	a.sendText(`["REQ","s",{"kinds":[-1]}]`) // refused, and so the one before is over, too
	a.want("CLOSED", "s")
	b.send("CLOSE", "s") // not its own
	n.submit(n.event(alice, 7, 1, "+"))
	a.want("EVENT", longest)
	a.sync()
	b.sync()
}

// TestPrefixes: every refusal begins with a word that NIP-01 or NIP-42 knows, and is more than that word.
func TestPrefixes(t *testing.T) {
	known := []string{"duplicate", "pow", "blocked", "rate-limited", "invalid", "restricted", "mute", "error",
		"auth-required", "unsupported"}
	n := startNode(t, t.TempDir(), false, nil)
	n.admit(alice)
	c := n.connect()
	check := func(m message, at int) {
		t.Helper()
		word, rest, _ := strings.Cut(m.text(at), ": ")
		if !slices.Contains(known, word) || rest == "" {
			t.Errorf("got %s", m)
		}
	}
	note := n.note(alice, 0, "x")
	c.publish(note, true, "")
	for _, e := range []*nostr.Event{
		note, n.note(bob, 0, "stranger"), n.event(alice, nostr.KindMembers, 0, ""), n.event(alice, nostr.KindArticle, 0, ""),
		n.note(alice, 10_000, "future"), n.event(bob, nostr.KindGiftWrap, 0, ""), n.note(alice, 0, "", nostr.Tag{"-"}),
		n.event(alice, 6, 0, string(n.note(bob, 0, "", nostr.Tag{"-"}).AppendJSON(nil))),
		n.event(alice, nostr.KindJoin, 0, ""), n.event(alice, nostr.KindHTTPAuth, 0, ""),
		n.note(alice, 0, strings.Repeat("x", 300_000)),
	} {
		c.send("EVENT", e)
		check(c.want("OK", e.ID.String()), 3)
	}
	for _, text := range []string{`{"kinds":[1059]}`, `{"ids":["x"]}`, `[]`, `{"#xx":[]}`} {
		for _, label := range []string{"REQ", "COUNT"} {
			c.sendText(`["` + label + `","s",` + text + `]`)
			check(c.want("CLOSED", "s"), 2)
		}
		c.sendText(`["NEG-OPEN","s",` + text + `,"6100000200"]`)
		check(c.want("NEG-ERR", "s"), 2)
		c.send("CLOSE", "-")
	}
}
