package policy_test

import (
	"slices"
	"strings"
	"testing"

	"madang/internal/nostr"
	"madang/internal/policy"
)

var (
	node, operator, editor, member = pk(1), pk(2), pk(3), pk(4)
	feed, stranger, gone           = pk(5), pk(6), pk(7)
)

func pk(n byte) nostr.PubKey { return nostr.PubKey{31: n} }

func event(author nostr.PubKey, kind uint16, tags ...nostr.Tag) *nostr.Event {
	return &nostr.Event{PubKey: author, Kind: kind, CreatedAt: 10, Tags: tags}
}

func p(pk nostr.PubKey) nostr.Tag { return nostr.Tag{"p", pk.String()} }

func rosterEvent(createdAt int64, id byte, members ...nostr.Tag) *nostr.Event {
	e := event(node, nostr.KindMembers, append(members, nostr.Tag{"-"})...)
	e.CreatedAt, e.ID = createdAt, nostr.ID{id}
	return e
}

func memberTag(pk nostr.PubKey, roles ...string) nostr.Tag {
	return append(nostr.Tag{"member", pk.String()}, roles...)
}

func village(open bool) *policy.Policy {
	pol := policy.New(policy.Config{NodeKey: node, Open: open})
	pol.Observe(rosterEvent(10, 1,
		memberTag(operator, "operator"), memberTag(editor, "unknown", "editor"), memberTag(member)))
	pol.Observe(event(node, nostr.KindFollowSet, nostr.Tag{"d", policy.FeedSet}, p(feed)))
	return pol
}

func TestMayWrite(t *testing.T) {
	protected := nostr.Tag{"-"}
	repost := func(kind uint16, content string) *nostr.Event {
		e := event(member, kind)
		e.Content = content
		return e
	}
	inner := nostr.Event{PubKey: member, Kind: 1, Tags: nostr.Tags{protected}}
	embedded := string(inner.AppendJSON(nil))
	inner.Tags = nil
	harmless := string(inner.AppendJSON(nil))
	live := func(keys ...nostr.PubKey) policy.Writer { return policy.Writer{Road: policy.Live, Keys: keys} }
	for _, c := range []struct {
		name   string
		event  *nostr.Event
		writer policy.Writer
		want   string // prefix, or "" for yes
		open   string // the same with --open
	}{
		{"member's note", event(member, 1), live(), "", ""},
		{"member's profile", event(member, 0), live(), "", ""},
		{"member's own list of feeds", event(member, nostr.KindFollowSet, nostr.Tag{"d", "feeds"}), live(), "", ""},
		{"member's article", event(member, nostr.KindArticle), live(), "restricted", ""},
		{"member's draft", event(member, nostr.KindArticleDraft), live(), "restricted", ""},
		{"member's video", event(member, nostr.KindVideo), live(member), "restricted", ""},
		{"member's short video", event(member, nostr.KindShortVideo), live(), "restricted", ""},
		{"member's addressable video", event(member, nostr.KindAddressableVideo), live(), "restricted", ""},
		{"member's addressable short video", event(member, nostr.KindAddressableShort), live(), "restricted", ""},
		{"editor's article", event(editor, nostr.KindArticle), live(), "", ""},
		{"editor's video", event(editor, nostr.KindAddressableVideo), live(), "", ""},
		{"operator's article", event(operator, nostr.KindArticle), live(), "", ""},
		{"stranger's note", event(stranger, 1), live(), "auth-required", ""},
		{"stranger's note by a member's connection", event(stranger, 1), live(member), "auth-required", ""},
		{"authenticated stranger's note", event(stranger, 1), live(stranger), "restricted", ""},
		{"stranger's article", event(stranger, nostr.KindArticle), live(stranger), "restricted", ""},
		{"feed's profile", event(feed, 0), live(), "", ""},
		{"feed's article", event(feed, nostr.KindArticle), live(), "", ""},
		{"feed's note", event(feed, 1), live(), "restricted", ""},
		{"node's roster", event(node, nostr.KindMembers), live(), "", ""},
		{"operator's roster", event(operator, nostr.KindMembers), live(), "restricted", "restricted"},
		{"operator's role", event(operator, nostr.KindRole), live(), "restricted", "restricted"},
		{"editor's add user", event(editor, nostr.KindAddUser), live(), "restricted", "restricted"},
		{"stranger's remove user", event(stranger, nostr.KindRemoveUser), live(), "restricted", "restricted"},
		{"protected, by its author", event(member, 1, protected), live(stranger, member), "", ""},
		{"protected, by nobody", event(member, 1, protected), live(), "auth-required", "auth-required"},
		{"protected, by another", event(member, 1, protected), live(editor), "auth-required", "auth-required"},
		{"protected, of the node", event(node, nostr.KindMembers, protected), live(), "auth-required", "auth-required"},
		{"repost of a protected event", repost(6, embedded), live(), "blocked", "blocked"},
		{"generic repost of a protected event", repost(16, embedded), live(), "blocked", "blocked"},
		{"repost", repost(6, harmless), live(), "", ""},
		{"repost without content", repost(6, ""), live(), "", ""},
		{"note that quotes JSON", repost(1, embedded), live(), "", ""},
		{"wrap for a member", event(stranger, nostr.KindGiftWrap, p(member)), live(), "", ""},
		{"wrap for one member of many", event(stranger, nostr.KindGiftWrap, p(gone), p(member)), live(), "", ""},
		{"ephemeral wrap for a member", event(stranger, nostr.KindEphemeralWrap, p(editor)), live(), "", ""},
		{"wrap for a stranger", event(stranger, nostr.KindGiftWrap, p(gone)), live(), "restricted", ""},
		{"wrap for nobody", event(stranger, nostr.KindGiftWrap), live(), "restricted", ""},
		{"wrap for something else", event(stranger, nostr.KindGiftWrap, nostr.Tag{"p"}, nostr.Tag{"p", "x"}), live(),
			"restricted", ""},
		{"imported stranger's note", event(stranger, 1), policy.Writer{Road: policy.Import}, "", ""},
		{"imported roster of another", event(stranger, nostr.KindMembers, protected),
			policy.Writer{Road: policy.Import}, "", ""},
		{"own roster", event(node, nostr.KindMembers, protected), policy.Writer{Road: policy.Self}, "", ""},
		{"authentication", event(member, nostr.KindAuth), live(member), "invalid", "invalid"},
		{"imported authentication", event(member, nostr.KindAuth), policy.Writer{Road: policy.Import}, "invalid", "invalid"},
		{"blob authorization", event(node, nostr.KindBlossomAuth), policy.Writer{Road: policy.Self}, "invalid", "invalid"},
		{"HTTP authorization", event(member, nostr.KindHTTPAuth), live(), "invalid", "invalid"},
		{"join request with its code", event(stranger, nostr.KindJoin, protected), live(stranger), "invalid", "invalid"},
	} {
		for open, want := range map[bool]string{false: c.want, true: c.open} {
			err := village(open).MayWrite(c.event, c.writer)
			got := ""
			if err != nil {
				got, _, _ = strings.Cut(err.Error(), ": ")
			}
			if got != want {
				t.Errorf("%s (open %v): %v, want prefix %q", c.name, open, err, want)
			}
		}
	}
}

func TestMayRead(t *testing.T) {
	pol := village(true)
	for _, c := range []struct {
		name  string
		event *nostr.Event
		keys  []nostr.PubKey
		want  bool
	}{
		{"note, by nobody", event(member, 1), nil, true},
		{"article, by nobody", event(editor, nostr.KindArticle), nil, true},
		{"wrap, by nobody", event(stranger, nostr.KindGiftWrap, p(member)), nil, false},
		{"wrap, by its recipient", event(stranger, nostr.KindGiftWrap, p(member)), []nostr.PubKey{member}, true},
		{"wrap, by its second recipient", event(stranger, nostr.KindGiftWrap, p(editor), p(member)),
			[]nostr.PubKey{stranger, member}, true},
		{"wrap, by its author", event(stranger, nostr.KindGiftWrap, p(member)), []nostr.PubKey{stranger}, false},
		{"wrap, by the node", event(stranger, nostr.KindGiftWrap, p(member)), []nostr.PubKey{node, operator}, false},
		{"wrap without recipient", event(stranger, nostr.KindGiftWrap), []nostr.PubKey{member}, false},
		{"wrap with half a recipient", event(stranger, nostr.KindGiftWrap, nostr.Tag{"p", member.String()[:32]}),
			[]nostr.PubKey{member}, false},
		{"wrap that names its recipient otherwise", event(stranger, nostr.KindGiftWrap, nostr.Tag{"P", member.String()}),
			[]nostr.PubKey{member}, false},
		{"ephemeral wrap, by another", event(stranger, nostr.KindEphemeralWrap, p(member)), []nostr.PubKey{editor}, false},
		{"ephemeral wrap, by its recipient", event(stranger, nostr.KindEphemeralWrap, p(member)),
			[]nostr.PubKey{member}, true},
	} {
		if got := pol.MayRead(c.event, c.keys); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestRoster(t *testing.T) {
	pol := village(false)
	roles := func() (roles []policy.Role) {
		for _, pk := range []nostr.PubKey{node, operator, editor, member, gone} {
			roles = append(roles, pol.Role(pk))
		}
		return roles
	}
	first := []policy.Role{policy.Node, policy.Operator, policy.Editor, policy.Member, policy.Stranger}
	second := []policy.Role{policy.Node, policy.Editor, policy.Stranger, policy.Operator, policy.Member}
	forged := rosterEvent(99, 0, memberTag(gone, "operator"))
	forged.PubKey = operator
	for _, step := range []struct {
		name  string
		event *nostr.Event
		want  []policy.Role
	}{
		{"as it is", rosterEvent(10, 1), first},
		{"signed by another", forged, first},
		{"older", rosterEvent(9, 0, memberTag(gone)), first},
		{"of the same second, higher id", rosterEvent(10, 2, memberTag(gone)), first},
		{"newer, one removed", rosterEvent(20, 9, memberTag(operator, "editor"), memberTag(member, "operator", "editor"),
			nostr.Tag{"member"}, nostr.Tag{"member", "no key"}, memberTag(gone), nostr.Tag{"p", editor.String()}), second},
		{"the old one once more", rosterEvent(10, 1, memberTag(editor, "editor")), second},
		{"of the same second, lower id", rosterEvent(20, 8), []policy.Role{policy.Node, 0, 0, 0, 0}},
	} {
		pol.Observe(step.event)
		if got := roles(); !slices.Equal(got, step.want) {
			t.Errorf("%s: %v, want %v", step.name, got, step.want)
		}
	}
	if got := pol.Members(); len(got) != 0 {
		t.Errorf("members %v, want none", got)
	}
	want := []policy.Membership{{operator, policy.Operator}, {editor, policy.Editor}, {member, policy.Member}}
	if got := village(false).Members(); !slices.Equal(got, want) {
		t.Errorf("members %v, want %v", got, want)
	}
}

func TestFeeds(t *testing.T) {
	pol := village(false)
	set := func(createdAt int64, d string, feeds ...nostr.Tag) *nostr.Event {
		e := event(node, nostr.KindFollowSet, append(feeds, nostr.Tag{"d", d})...)
		e.CreatedAt = createdAt
		return e
	}
	pol.Observe(set(30, "friends", p(stranger)))
	pol.Observe(set(5, policy.FeedSet, p(stranger)))
	if got := pol.Feeds(); !slices.Equal(got, []nostr.PubKey{feed}) {
		t.Errorf("feeds %v", got)
	}
	pol.Observe(set(30, policy.FeedSet, p(stranger), p(gone), p(stranger)))
	if got := pol.Feeds(); !slices.Equal(got, []nostr.PubKey{stranger, gone}) {
		t.Errorf("feeds %v", got)
	}
	if err := pol.MayWrite(event(feed, 0), policy.Writer{}); err == nil {
		t.Error("a feed that was taken off the list may still write")
	}
}

func TestMayUpload(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name       string
		pk         nostr.PubKey
		size, used int64
		want, open bool
	}{
		{"member", member, 20 * mib, 0, true, true},
		{"member, too large", member, 20*mib + 1, 0, false, true},
		{"member, to the quota", member, 20 * mib, 180 * mib, true, true},
		{"member, over the quota", member, 20 * mib, 180*mib + 1, false, true},
		{"editor", editor, 4096 * mib, 1 << 40, true, true},
		{"operator", operator, 4096 * mib, 1 << 40, true, true},
		{"editor, too large", editor, 4096*mib + 1, 0, false, false},
		{"stranger", stranger, 1, 0, false, true},
		{"feed", feed, 1, 0, false, true},
		{"negative", editor, -1, 0, false, false},
	} {
		for open, want := range map[bool]bool{false: c.want, true: c.open} {
			if err := village(open).MayUpload(c.pk, c.size, c.used); (err == nil) != want {
				t.Errorf("%s (open %v): %v, want %v", c.name, open, err, want)
			}
		}
	}
}
