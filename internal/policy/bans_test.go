package policy_test

import (
	"slices"
	"strings"
	"testing"

	"madang/internal/nostr"
	"madang/internal/policy"
)

func muteList(createdAt int64, bans ...policy.Ban) *nostr.Event {
	e := event(node, nostr.KindMuteList, nostr.Tag{"-"})
	for _, b := range bans {
		e.Tags = append(e.Tags, b.Tag())
	}
	e.CreatedAt = createdAt
	return e
}

func TestBans(t *testing.T) {
	pol := village(false)
	if len(pol.Hidden()) != 0 || len(pol.Bans()) != 0 {
		t.Errorf("bans before there are any: %v", pol.Bans())
	}
	bad := event(editor, 1)
	bad.ID = nostr.ID{7}
	byAuthor := policy.Ban{PubKey: member, Reason: "spam"}
	byID := policy.Ban{Event: bad.ID}
	pol.Observe(muteList(10, byAuthor, byID))
	if got := pol.Bans(); !slices.Equal(got, []policy.Ban{byID, byAuthor}) || len(pol.Hidden()) != 2 {
		t.Errorf("bans %v", got)
	}

	mail := event(stranger, nostr.KindGiftWrap, p(member))
	mail.ID = bad.ID // not even by its id
	mailByBanned := event(member, nostr.KindGiftWrap, p(editor))
	for _, c := range []struct {
		name          string
		event         *nostr.Event
		keys          []nostr.PubKey
		mayRead, mayW bool
	}{
		{"a banned author's note", event(member, 1), nil, false, false},
		{"a banned author's note, by the author", event(member, 1), []nostr.PubKey{member}, false, false},
		{"a banned author's profile", event(member, 0), nil, false, false},
		{"a banned event", bad, nil, false, false},
		{"what takes back a banned author's words", event(member, nostr.KindDeletion), nil, false, true},
		{"a banned author's wish to vanish", event(member, nostr.KindVanish, nostr.Tag{"relay", "ALL_RELAYS"}), nil, false, true},
		{"another of its author", event(editor, 1), nil, true, true},
		{"the banned person's mail", mail, []nostr.PubKey{member}, true, true},
		{"what a banned key wrapped", mailByBanned, []nostr.PubKey{editor}, true, true},
		{"the node's own list", muteList(11), nil, true, false}, // protected: only over a connection of the node
	} {
		if got := pol.MayRead(c.event, c.keys); got != c.mayRead {
			t.Errorf("%s: may be read %v", c.name, got)
		}
		err := pol.MayWrite(c.event, policy.Writer{Keys: c.keys})
		if (err == nil) != c.mayW || !c.mayW && c.name[0] == 'a' && !strings.HasPrefix(err.Error(), "blocked: ") {
			t.Errorf("%s: may be written %v", c.name, err)
		}
		if err := pol.MayWrite(c.event, policy.Writer{Road: policy.Import}); err != nil {
			t.Errorf("%s, imported: %v", c.name, err) // a copy of the node must be whole
		}
	}
	if err := pol.MayWrite(event(member, 1), policy.Writer{}); err == nil || !strings.Contains(err.Error(), "spam") {
		t.Errorf("the reason is not told: %v", err)
	}
	if err := pol.MayUpload(member, 1, 0); err == nil {
		t.Error("a banned member may upload")
	}

	forged, own := muteList(99), muteList(99)
	forged.PubKey = operator
	own.Kind = nostr.KindFollowSet
	for _, e := range []*nostr.Event{forged, own, muteList(9)} {
		pol.Observe(e)
	}
	if got := pol.Bans(); len(got) != 2 {
		t.Errorf("bans %v: another's or an older list counted", got)
	}
	odd := muteList(20)
	odd.Tags = append(odd.Tags, nostr.Tag{"p"}, nostr.Tag{"p", "x"}, nostr.Tag{"e", "y"}, nostr.Tag{"t", "word"},
		nostr.Tag{"p", node.String()}, nostr.Tag{"p", gone.String(), "wss://hint"})
	pol.Observe(odd)
	if got := pol.Bans(); !slices.Equal(got, []policy.Ban{{PubKey: node}, {PubKey: gone}}) {
		t.Errorf("bans %v", got)
	}
	if !pol.MayRead(event(node, nostr.KindMembers), nil) || !pol.MayRead(event(member, 1), nil) {
		t.Error("the node's word is hidden, or a ban outlived its list")
	}
}

func TestWork(t *testing.T) {
	pol := policy.New(policy.Config{NodeKey: node, Open: true, MinWork: 20})
	pol.Observe(rosterEvent(10, 1, memberTag(member)))
	pol.Observe(event(node, nostr.KindFollowSet, nostr.Tag{"d", policy.FeedSet}, p(feed)))
	mined := func(author nostr.PubKey, kind uint16, id string, tags ...nostr.Tag) *nostr.Event {
		e := event(author, kind, tags...)
		copy(e.ID[:], id+"\xff")
		return e
	}
	nonce := func(target string) nostr.Tag { return nostr.Tag{"nonce", "776797", target} }
	for _, c := range []struct {
		name  string
		event *nostr.Event
		keys  []nostr.PubKey
		ok    bool
	}{
		{"enough", mined(stranger, 1, "\x00\x00\x0f", nonce("20")), nil, true},
		{"more than enough", mined(stranger, 1, "\x00\x00\x00", nonce("22")), nil, true},
		{"one bit too few", mined(stranger, 1, "\x00\x00\x1f", nonce("20")), nil, false},
		{"none", mined(stranger, 1, "\xff"), nil, false},
		{"luck", mined(stranger, 1, "\x00\x00\x00", nonce("19")), nil, false},
		{"no target", mined(stranger, 1, "\x00\x00\x00", nostr.Tag{"nonce", "1"}), nil, false},
		{"no nonce", mined(stranger, 1, "\x00\x00\x00"), nil, false},
		{"a target that is none", mined(stranger, 1, "\x00\x00\x00", nonce("many")), nil, false},
		{"a member's note", mined(member, 1, "\xff"), nil, true},
		{"a feed's article", mined(feed, nostr.KindArticle, "\xff"), nil, true},
		{"the node's profile", mined(node, 0, "\xff"), nil, true},
		{"a stranger's mail", mined(stranger, nostr.KindGiftWrap, "\xff", p(member)), nil, false},
		{"a stranger's mail, with work",
			mined(stranger, nostr.KindGiftWrap, "\x00\x00\x00", p(member), nonce("20")), nil, true},
		{"a member's mail", mined(stranger, nostr.KindGiftWrap, "\xff", p(member)), []nostr.PubKey{member}, true},
		{"mail by an authenticated stranger", mined(stranger, nostr.KindGiftWrap, "\xff", p(member)),
			[]nostr.PubKey{stranger}, false},
	} {
		err := pol.MayWrite(c.event, policy.Writer{Keys: c.keys})
		if (err == nil) != c.ok || err != nil && !strings.HasPrefix(err.Error(), "pow: ") {
			t.Errorf("%s: %v", c.name, err)
		}
		if err := pol.MayWrite(c.event, policy.Writer{Road: policy.Import}); err != nil {
			t.Errorf("%s, imported: %v", c.name, err)
		}
		if err := village(true).MayWrite(c.event, policy.Writer{Keys: c.keys}); err != nil {
			t.Errorf("%s, where no work is asked: %v", c.name, err)
		}
	}
}
