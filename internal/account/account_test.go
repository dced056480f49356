package account

import (
	"bytes"
	"errors"
	mathrand "math/rand/v2"
	"strings"
	"testing"
	"time"

	"madang/internal/durable/durabletest"
	"madang/internal/nostr"
	"madang/internal/policy"
)

func TestSetVault(t *testing.T) {
	n := newNode(t)
	fsys := durabletest.New()
	a := n.open(t, fsys)
	sk, old := mustJoin(t, n, a, "Mina", policy.Member)
	mustJoin(t, n, a, "Jun", policy.Member)
	v := plainVault()
	if err := a.SetVault(sk.PubKey(), "", v); err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Unseal("Mina", old.Auth, ""); !errors.Is(err, ErrWrongPassphrase) {
		t.Errorf("the old passphrase: %v", err)
	}
	if err := a.SetVault(sk.PubKey(), "JUN", v); !errors.Is(err, ErrNameTaken) {
		t.Errorf("another's name: %v", err)
	}
	if err := a.SetVault(newKey(t).PubKey(), "New", v); !errors.Is(err, ErrNotMember) {
		t.Errorf("a stranger: %v", err)
	}
	if err := a.SetVault(sk.PubKey(), "Mina", Vault{}); !errors.Is(err, ErrVaultWeak) {
		t.Errorf("an empty vault: %v", err)
	}
	if err := a.SetVault(sk.PubKey(), "Mina Kim", v); err != nil {
		t.Fatal(err)
	}
	for _, acc := range []*Accounts{a, n.open(t, fsys)} {
		if pk, _, err := acc.Unseal("mina kim", v.Auth, ""); err != nil || pk != sk.PubKey() {
			t.Errorf("the new name: %v", err)
		}
		if _, _, err := acc.Unseal("Mina", v.Auth, ""); !errors.Is(err, ErrWrongPassphrase) {
			t.Errorf("the old name: %v", err)
		}
	}
	mustJoin(t, n, a, "Mina", policy.Member) // the old name is free again
}

// TestChangeOfNameCutShort cuts the power at every file operation of a change of name: the person gets in by one of the
// two names afterwards, and only by one.
func TestChangeOfNameCutShort(t *testing.T) {
	n := newNode(t)
	for at, done := 1, false; !done; at++ {
		rng := mathrand.New(mathrand.NewPCG(uint64(at), 2))
		fsys := durabletest.New()
		a := n.open(t, fsys)
		sk, before := mustJoin(t, n, a, "before", policy.Member)
		after, first, failed := plainVault(), fsys.Ops()+at, false
		fsys.SetFail(func(op durabletest.Op) (int, error) {
			failed = failed || op.N >= first
			if failed {
				return rng.IntN(op.Size + 1), durabletest.ErrPower
			}
			return 0, nil
		})
		err := a.SetVault(sk.PubKey(), "after", after)
		done = !failed
		a = n.open(t, fsys.Crash(rng))
		_, _, errBefore := a.Unseal("before", before.Auth, "")
		_, _, errAfter := a.Unseal("after", after.Auth, "")
		if (errBefore == nil) == (errAfter == nil) || err == nil && errAfter != nil {
			t.Fatalf("operation %d: change said %v; old name %v, new name %v", at, err, errBefore, errAfter)
		}
	}
}

func TestRoster(t *testing.T) {
	n := newNode(t)
	a := n.open(t, durabletest.New())
	sk, v := mustJoin(t, n, a, "Mina", policy.Member)
	other, _ := mustJoin(t, n, a, "Jun", policy.Member)
	pk := sk.PubKey()
	before := n.events(t, nostr.KindMembers)[0].CreatedAt
	n.advance(-time.Hour) // the node's clock was set back
	if err := a.SetRole(t.Context(), pk, policy.Editor); err != nil {
		t.Fatal(err)
	}
	if got := n.policy.Role(pk); got != policy.Editor {
		t.Errorf("role %v, want editor", got)
	}
	if after := n.events(t, nostr.KindMembers)[0].CreatedAt; after <= before {
		t.Errorf("roster of %d replaced that of %d", after, before)
	}
	if err := a.RemoveMember(t.Context(), pk); err != nil {
		t.Fatal(err)
	}
	if n.policy.Role(pk) != policy.Stranger || n.policy.Role(other.PubKey()) != policy.Member {
		t.Error("removed the wrong one")
	}
	if gone := n.events(t, nostr.KindRemoveUser); len(gone) != 1 || !gone[0].Tags.Has("p", pk.String()) {
		t.Errorf("notices: %+v", gone)
	}
	if _, ok := a.Lookup("mina"); ok {
		t.Error("NIP-05 still knows who was removed")
	}
	if _, _, err := a.Unseal("Mina", v.Auth, ""); err != nil {
		t.Errorf("the removed cannot fetch their own key: %v", err)
	}
	for _, err := range []error{
		a.RemoveMember(t.Context(), pk), a.SetRole(t.Context(), pk, policy.Editor), a.RemoveMember(t.Context(), n.key.PubKey()),
	} {
		if !errors.Is(err, ErrNotMember) {
			t.Errorf("got %v, want ErrNotMember", err)
		}
	}
	if err := a.SetRole(t.Context(), other.PubKey(), policy.Node); err == nil {
		t.Error("gave away the node's role")
	}
	code := invitation(t, a, Invite{Role: policy.Member})
	if _, _, err := a.Join(t.Context(), n.request(t, sk, code), "Mina", plainVault()); err != nil {
		t.Errorf("cannot come back under the same name: %v", err)
	}
}

func TestLastOperator(t *testing.T) {
	n := newNode(t)
	a := n.open(t, durabletest.New())
	first, _ := mustJoin(t, n, a, "Mina", policy.Operator)
	second, _ := mustJoin(t, n, a, "Jun", policy.Operator)
	mustJoin(t, n, a, "Ama", policy.Editor)
	if err := a.SetRole(t.Context(), first.PubKey(), policy.Member); err != nil {
		t.Fatalf("one of two operators: %v", err)
	}
	stays := func() {
		t.Helper()
		for what, err := range map[string]error{
			"made an editor": a.SetRole(t.Context(), second.PubKey(), policy.Editor),
			"made a member":  a.SetRole(t.Context(), second.PubKey(), policy.Member),
			"removed":        a.RemoveMember(t.Context(), second.PubKey()),
		} {
			if !errors.Is(err, ErrLastOperator) || n.policy.Role(second.PubKey()) != policy.Operator {
				t.Errorf("the last operator %s: %v", what, err)
			}
		}
	}
	stays()
	before := n.events(t, nostr.KindMembers)[0].ID
	if err := a.SetRole(t.Context(), second.PubKey(), policy.Operator); err != nil {
		t.Errorf("the same role again: %v", err)
	}
	if after := n.events(t, nostr.KindMembers)[0].ID; after != before {
		t.Error("the same role again made a new roster")
	}
	a = n.open(t, durabletest.New()) // the roster, not the process, knows who is an operator
	stays()
	if err := a.SetRole(t.Context(), first.PubKey(), policy.Operator); err != nil {
		t.Fatal(err)
	}
	if err := a.RemoveMember(t.Context(), second.PubKey()); err != nil {
		t.Errorf("with another operator there: %v", err)
	}
}

func TestUnsealTellsNothing(t *testing.T) {
	n := newNode(t)
	a := n.open(t, durabletest.New())
	mustJoin(t, n, a, "Mina", policy.Member)
	salt, N, r, p := a.Params("nobody")
	again, _, _, _ := n.open(t, durabletest.New()).Params(" NOBODY")
	other, _, _, _ := a.Params("somebody")
	if len(salt) != 32 || N != DefaultN || r != DefaultR || p != DefaultP {
		t.Errorf("unknown name: %d bytes of salt, %d %d %d", len(salt), N, r, p)
	}
	if !bytes.Equal(salt, again) || bytes.Equal(salt, other) {
		t.Error("an unknown name's salt is not its own")
	}
	var known, unknown []string
	for range freeMissesName + 2 {
		_, _, err := a.Unseal("Mina", make([]byte, 32), "192.0.2.1")
		known = append(known, err.Error())
		_, _, err = a.Unseal("Nobody", make([]byte, 32), "192.0.2.2")
		unknown = append(unknown, err.Error())
	}
	if strings.Join(known, "\n") != strings.Join(unknown, "\n") {
		t.Errorf("known:\n%q\nunknown:\n%q", known, unknown)
	}
	if !strings.HasPrefix(known[len(known)-1], "too many") {
		t.Errorf("the last answer was %q", known[len(known)-1])
	}
}

func TestUnsealAfterMisses(t *testing.T) {
	n := newNode(t)
	a := n.open(t, durabletest.New())
	_, v := mustJoin(t, n, a, "Mina", policy.Member)
	for range freeMissesName {
		if _, _, err := a.Unseal("mina", nil, "a"); !errors.Is(err, ErrWrongPassphrase) {
			t.Fatal(err)
		}
	}
	var tooMany *TooManyGuesses
	if _, _, err := a.Unseal("Mina", v.Auth, "b"); !errors.As(err, &tooMany) || tooMany.RetryAfter != time.Second {
		t.Fatalf("the right one within the wait: %v", err)
	}
	n.advance(time.Second)
	for range 2 {
		if _, _, err := a.Unseal("Mina", v.Auth, "b"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCreateInvite(t *testing.T) {
	n := newNode(t)
	dir := t.TempDir()
	a, err := Open(Config{Dir: dir, NodeKey: n.key, Ingest: n.ingest, Index: n.index, Policy: n.policy})
	if err != nil {
		t.Fatal(err)
	}
	for i, inv := range []Invite{
		{}, {Role: policy.Node}, {Role: policy.Member, Uses: -1}, {Role: policy.Member, Uses: MaxInviteUses + 1},
		{Role: policy.Member, Expires: time.Now().Add(-time.Minute)},
		{Role: policy.Member, Expires: time.Now().Add(2 * MaxInviteLife)},
	} {
		if code, err := CreateInvite(dir, inv, time.Now()); err == nil {
			t.Errorf("%d: made %q", i, code)
		}
	}
	// From another process, as the command does it, while the node is up.
	code, err := CreateInvite(dir, Invite{Role: policy.Member, Uses: 2}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if len(code) != codeLen || strings.Trim(code, codeAlphabet) != "" {
		t.Errorf("code %q", code)
	}
	inv, err := a.CheckInvite(code)
	if err != nil || inv.Role != policy.Member || inv.Uses != 2 {
		t.Errorf("%+v, %v", inv, err)
	}
	if left := time.Until(inv.Expires); left < 6*24*time.Hour || left > DefaultInviteLife {
		t.Errorf("expires in %v", left)
	}
}

func TestOldInvitesAreRemoved(t *testing.T) {
	n := newNode(t)
	fsys := durabletest.New()
	a := n.open(t, fsys)
	code := invitation(t, a, Invite{Role: policy.Member})
	n.advance(DefaultInviteLife + time.Hour)
	if _, err := n.open(t, fsys).CheckInvite(code); !errors.Is(err, ErrInviteExpired) {
		t.Errorf("got %v, want ErrInviteExpired", err)
	}
	n.advance(keepExpired)
	if _, err := n.open(t, fsys).CheckInvite(code); !errors.Is(err, ErrInviteInvalid) {
		t.Errorf("got %v, want ErrInviteInvalid", err)
	}
}

func TestDamagedAccount(t *testing.T) {
	n := newNode(t)
	fsys := durabletest.New()
	a := n.open(t, fsys)
	mustJoin(t, n, a, "Mina", policy.Member)
	_, v := mustJoin(t, n, a, "Jun", policy.Member)
	mina, err := ParseName("Mina")
	if err != nil {
		t.Fatal(err)
	}
	fsys.Flip("/data/accounts/"+recordFile(mina), 0)
	a = n.open(t, fsys)
	if _, _, err := a.Unseal("Jun", v.Auth, ""); err != nil {
		t.Errorf("one damaged file keeps another out: %v", err)
	}
	code := invitation(t, a, Invite{Role: policy.Member})
	_, _, err = a.Join(t.Context(), n.request(t, newKey(t), code), "mina", plainVault())
	if !errors.Is(err, ErrNameTaken) {
		t.Errorf("a damaged account's name: got %v, want ErrNameTaken", err)
	}
}

func FuzzDecodeAccount(f *testing.F) {
	name, err := ParseName("Mina")
	if err != nil {
		f.Fatal(err)
	}
	good, err := newAccount(name, nostr.PubKey{1}, plainVault()).encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"name":"x","n":65536}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := decodeAccount(b)
		if err != nil {
			return
		}
		again, err := a.encode()
		if err != nil {
			t.Fatal(err)
		}
		if b, err := decodeAccount(again); err != nil || !b.sameAs(a) {
			t.Fatalf("written and read again: %v", err)
		}
	})
}
