package account

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"madang/internal/durable/durabletest"
	"madang/internal/nostr"
	"madang/internal/policy"
)

func TestBans(t *testing.T) {
	n := newNode(t)
	a := n.open(t, durabletest.New())
	operator, _ := mustJoin(t, n, a, "Mina", policy.Operator)
	member, _ := mustJoin(t, n, a, "Jun", policy.Member)
	take := func(e *nostr.Event, sk nostr.SecretKey) *nostr.Event {
		t.Helper()
		e.CreatedAt = n.clock().Unix()
		if err := e.Sign(sk); err != nil {
			t.Fatal(err)
		}
		if r := n.ingest.Submit(t.Context(), e, policy.Writer{Road: policy.Import}); !r.OK {
			t.Fatal(r.Message)
		}
		return e
	}
	note := take(&nostr.Event{Kind: nostr.KindNote}, operator)
	mail := take(&nostr.Event{Kind: nostr.KindGiftWrap, Tags: nostr.Tags{{"p", member.PubKey().String()}}}, newKey(t))

	byKey := policy.Ban{PubKey: member.PubKey(), Reason: "spam"}
	byID, unknown := policy.Ban{Event: note.ID}, policy.Ban{Event: nostr.ID{9}, Reason: "on its way"}
	for _, b := range []policy.Ban{byKey, byID, unknown, byID} {
		if err := a.Ban(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	want := []policy.Ban{byID, unknown, byKey}
	slices.SortFunc(want, policy.Ban.Compare)
	if got := n.policy.Bans(); !slices.Equal(got, want) {
		t.Errorf("bans %v, want %v", got, want)
	}
	lists := n.events(t, nostr.KindMuteList)
	if len(lists) != 1 || lists[0].PubKey != n.key.PubKey() || !lists[0].Tags.Has("p", member.PubKey().String()) {
		t.Errorf("published %v, want one list that the node signed", lists)
	}

	// With a clock set back, and after a restart, a later list still counts.
	n.advance(-48 * time.Hour)
	a = n.open(t, durabletest.New())
	byKey.Reason = "more spam"
	if err := a.Ban(t.Context(), byKey); err != nil {
		t.Fatal(err)
	}
	if got := n.policy.Bans(); len(got) != 3 || !slices.Contains(got, byKey) {
		t.Errorf("bans %v", got)
	}
	before := n.events(t, nostr.KindMuteList)[0].ID
	if err := errors.Join(a.Ban(t.Context(), byKey), a.Unban(t.Context(), policy.Ban{Event: nostr.ID{8}})); err != nil {
		t.Error(err)
	}
	if after := n.events(t, nostr.KindMuteList)[0].ID; after != before {
		t.Error("what changes nothing made a new list")
	}

	for what, b := range map[string]policy.Ban{
		"an operator": {PubKey: operator.PubKey()}, "the node": {PubKey: n.key.PubKey()}, "mail": {Event: mail.ID},
		"the roster": {Event: n.events(t, nostr.KindMembers)[0].ID}, "the list itself": {Event: before},
	} {
		if err := a.Ban(t.Context(), b); !errors.Is(err, ErrNotBannable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, b := range []policy.Ban{{PubKey: member.PubKey()}, {Event: note.ID}, {Event: nostr.ID{9}}} {
		if err := a.Unban(t.Context(), b); err != nil {
			t.Error(err)
		}
	}
	if got := n.policy.Bans(); len(got) != 0 {
		t.Errorf("bans %v, want none", got)
	}
}

func TestAdmit(t *testing.T) {
	n := newNode(t)
	a := n.open(t, durabletest.New())
	sk := newKey(t)
	if err := a.Admit(t.Context(), sk.PubKey()); err != nil || n.policy.Role(sk.PubKey()) != policy.Member {
		t.Errorf("role %v, %v", n.policy.Role(sk.PubKey()), err)
	}
	if len(n.events(t, nostr.KindAddUser)) != 1 {
		t.Error("no notice of it")
	}
	for _, pk := range []nostr.PubKey{sk.PubKey(), n.key.PubKey()} {
		if err := a.Admit(t.Context(), pk); !errors.Is(err, ErrAlreadyMember) {
			t.Errorf("a second time: %v", err)
		}
	}
}

func TestLeaveByEvent(t *testing.T) {
	n := newNode(t)
	a := n.open(t, durabletest.New())
	operator, _ := mustJoin(t, n, a, "Mina", policy.Operator)
	member, _ := mustJoin(t, n, a, "Jun", policy.Member)
	request := func(sk nostr.SecretKey, kind uint16, late time.Duration, tags ...nostr.Tag) *nostr.Event {
		t.Helper()
		e := &nostr.Event{Kind: kind, CreatedAt: n.clock().Add(late).Unix(), Tags: tags}
		if err := e.Sign(sk); err != nil {
			t.Fatal(err)
		}
		return e
	}
	protected := nostr.Tag{"-"}
	forged := request(member, nostr.KindLeave, 0, protected)
	forged.Content = "x"
	for _, e := range []*nostr.Event{
		request(member, nostr.KindLeave, 0), request(member, nostr.KindJoin, 0, protected), forged,
		request(member, nostr.KindLeave, time.Hour, protected), request(member, nostr.KindLeave, -time.Hour, protected),
	} {
		var refusal *policy.Error
		if _, err := a.LeaveByEvent(t.Context(), e); !errors.As(err, &refusal) || refusal.Prefix != "invalid" {
			t.Errorf("%s: %v", e.AppendJSON(nil), err)
		}
	}
	var refusal *policy.Error
	last := request(operator, nostr.KindLeave, 0, protected)
	if _, err := a.LeaveByEvent(t.Context(), last); !errors.As(err, &refusal) || refusal.Prefix != "restricted" {
		t.Errorf("the last operator: %v", err)
	}
	if got := n.policy.Role(member.PubKey()); got != policy.Member {
		t.Fatalf("role %v", got)
	}
	good := request(member, nostr.KindLeave, 0, protected)
	for _, want := range []string{"info: ", "duplicate: "} {
		if message, err := a.LeaveByEvent(t.Context(), good); err != nil || !strings.HasPrefix(message, want) {
			t.Errorf("%q, %v, want %q", message, err, want)
		}
	}
	if got := n.policy.Role(member.PubKey()); got != policy.Stranger {
		t.Errorf("role %v afterwards", got)
	}
	if got := n.events(t, nostr.KindRemoveUser); len(got) != 1 || !got[0].Tags.Has("p", member.PubKey().String()) {
		t.Errorf("notices %v", got)
	}
}
