package account

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"madang/internal/durable/durabletest"
	"madang/internal/ingest"
	"madang/internal/nostr"
	"madang/internal/policy"
)

func TestJoin(t *testing.T) {
	n := newNode(t)
	fsys := durabletest.New()
	a := n.open(t, fsys)
	sk, v := newKey(t), plainVault()
	code := invitation(t, a, Invite{Role: policy.Editor})
	if inv, err := a.CheckInvite(strings.ToUpper(code[:4] + "-" + code[4:])); err != nil || inv.Role != policy.Editor {
		t.Fatalf("invite as typed by hand: %+v, %v", inv, err)
	}
	role, local, err := a.Join(t.Context(), n.request(t, sk, code), "김철수", v)
	if err != nil || role != policy.Editor || local != "xn--4k0b998acvh" {
		t.Fatalf("got %v %q %v", role, local, err)
	}
	if got := n.policy.Role(sk.PubKey()); got != policy.Editor {
		t.Errorf("role %v, want editor", got)
	}
	roster := n.events(t, nostr.KindMembers)
	if len(roster) != 1 || roster[0].PubKey != n.key.PubKey() || roster[0].Tags[0].Name() != "-" {
		t.Fatalf("roster: %+v", roster)
	}
	want := nostr.Tag{"member", sk.PubKey().String(), "editor"}
	if got := roster[0].Tags[1]; strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("roster line %v, want %v", got, want)
	}
	if added := n.events(t, nostr.KindAddUser); len(added) != 1 || !added[0].Tags.Has("p", sk.PubKey().String()) {
		t.Errorf("notices: %+v", added)
	}
	if _, err := a.CheckInvite(code); !errors.Is(err, ErrInviteUsed) {
		t.Errorf("invite after its use: %v", err)
	}
	for _, acc := range []*Accounts{a, n.open(t, fsys)} { // the second as after a restart
		if pk, ok := acc.Lookup(local); !ok || pk != sk.PubKey() {
			t.Errorf("NIP-05: %v %v", pk, ok)
		}
		if salt, N, r, p := acc.Params("김철수 "); !bytes.Equal(salt, v.Salt) || N != v.N || r != v.R || p != v.P {
			t.Error("other parameters than were set")
		}
		pk, sealed, err := acc.Unseal("김철수", v.Auth, "192.0.2.1:5")
		if err != nil || pk != sk.PubKey() || !bytes.Equal(sealed, v.Sealed) {
			t.Errorf("unseal: %v", err)
		}
	}
	if _, ok := n.open(t, fsys).Lookup("nobody"); ok {
		t.Error("NIP-05 knows nobody")
	}
}

func TestJoinRefuses(t *testing.T) {
	n := newNode(t)
	a := n.open(t, durabletest.New())
	taken, _ := mustJoin(t, n, a, "Mina Lee", policy.Member)
	code := invitation(t, a, Invite{Role: policy.Member, Expires: n.clock().Add(time.Hour)})
	used := invitation(t, a, Invite{Role: policy.Member})
	if _, _, err := a.Join(t.Context(), n.request(t, newKey(t), used), "Used", plainVault()); err != nil {
		t.Fatal(err)
	}
	fresh := newKey(t)
	weak := plainVault()
	weak.N /= 2
	altered := *n.request(t, fresh, code)
	altered.Content = "x"
	early, late, kind := *n.request(t, fresh, code), *n.request(t, fresh, code), *n.request(t, fresh, code)
	early.CreatedAt -= 16 * 60
	late.CreatedAt += 16 * 60
	kind.Kind = nostr.KindNote
	for _, e := range []*nostr.Event{&early, &late, &kind} {
		if err := e.Sign(fresh); err != nil {
			t.Fatal(err)
		}
	}
	noClaim := &nostr.Event{Kind: nostr.KindJoin, CreatedAt: n.clock().Unix(), Tags: nostr.Tags{{"-"}}}
	if err := noClaim.Sign(fresh); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what    string
		request *nostr.Event
		name    string
		vault   Vault
		want    error
	}{
		{"name of another", n.request(t, fresh, code), "MINA LEE", plainVault(), ErrNameTaken},
		{"address of another", n.request(t, fresh, code), "mina-lee", plainVault(), ErrNameTaken},
		{"no name", n.request(t, fresh, code), " ", plainVault(), ErrNameInvalid},
		{"weak vault", n.request(t, fresh, code), "Jun", weak, ErrVaultWeak},
		{"signature", &altered, "Jun", plainVault(), ErrRequestInvalid},
		{"old", &early, "Jun", plainVault(), ErrRequestInvalid},
		{"from the future", &late, "Jun", plainVault(), ErrRequestInvalid},
		{"kind", &kind, "Jun", plainVault(), ErrRequestInvalid},
		{"no claim", noClaim, "Jun", plainVault(), ErrRequestInvalid},
		{"unknown code", n.request(t, fresh, strings.Repeat("7", 20)), "Jun", plainVault(), ErrInviteInvalid},
		{"code like a path", n.request(t, fresh, "../../../etc/passwd"), "Jun", plainVault(), ErrInviteInvalid},
		{"used code", n.request(t, fresh, used), "Jun", plainVault(), ErrInviteUsed},
		{"member already", n.request(t, taken, code), "Jun", plainVault(), ErrAlreadyMember},
		{"the node itself", n.request(t, n.key, code), "Jun", plainVault(), ErrAlreadyMember},
	} {
		if _, _, err := a.Join(t.Context(), c.request, c.name, c.vault); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.what, err, c.want)
		}
	}
	if n.policy.Role(fresh.PubKey()) != policy.Stranger {
		t.Error("a refused key is a member")
	}
	n.advance(time.Hour)
	if _, _, err := a.Join(t.Context(), n.request(t, fresh, code), "Jun", plainVault()); !errors.Is(err, ErrInviteExpired) {
		t.Errorf("after its time: got %v, want ErrInviteExpired", err)
	}
}

func TestJoinAgainAfterALostAnswer(t *testing.T) {
	n := newNode(t)
	a := n.open(t, durabletest.New())
	sk, v := newKey(t), plainVault()
	request := n.request(t, sk, invitation(t, a, Invite{Role: policy.Member}))
	for range 2 {
		if role, local, err := a.Join(t.Context(), request, "Jun", v); err != nil || role != policy.Member || local != "jun" {
			t.Fatalf("got %v %q %v", role, local, err)
		}
	}
	other := plainVault() // whoever overheard the request must not put another vault in its place
	if _, _, err := a.Join(t.Context(), request, "Jun", other); !errors.Is(err, ErrAlreadyMember) {
		t.Fatalf("got %v, want ErrAlreadyMember", err)
	}
	if _, _, err := a.Unseal("Jun", v.Auth, ""); err != nil {
		t.Errorf("the first vault is gone: %v", err)
	}
}

// TestJoinCutShort cuts the power, or fails once, at every file operation of a join in turn.
func TestJoinCutShort(t *testing.T) {
	n := newNode(t)
	for _, how := range []string{"power cut", "one failure"} {
		t.Run(how, func(t *testing.T) {
			for at, done := 1, false; !done; at++ {
				rng := mathrand.New(mathrand.NewPCG(uint64(at), 1))
				fsys := durabletest.New()
				a := n.open(t, fsys)
				code := invitation(t, a, Invite{Role: policy.Member})
				sk, v := newKey(t), plainVault()
				name := "joiner " + hex.EncodeToString(v.Salt[:8])
				first, failed := fsys.Ops()+at, false
				fsys.SetFail(func(op durabletest.Op) (int, error) {
					if op.N == first || op.N > first && how == "power cut" {
						failed = true
						return rng.IntN(op.Size + 1), durabletest.ErrPower
					}
					return 0, nil
				})
				_, _, err := a.Join(t.Context(), n.request(t, sk, code), name, v)
				done = !failed
				fsys.SetFail(nil)
				if how == "power cut" {
					fsys = fsys.Crash(rng)
					a = n.open(t, fsys)
				}
				checkCutShort(t, n, a, at, sk, v, name, code, err)
				if t.Failed() {
					t.Fatalf("failed at operation %d", at)
				}
			}
		})
	}
}

func checkCutShort(t *testing.T, n *node, a *Accounts, at int, sk nostr.SecretKey, v Vault, name, code string, err error) {
	t.Helper()
	member := n.policy.Role(sk.PubKey()) == policy.Member
	if member != (err == nil) {
		t.Errorf("member: %v, though Join said %v", member, err)
	}
	next := newKey(t)
	if member {
		if _, _, err := a.Unseal(name, v.Auth, ""); err != nil {
			t.Errorf("a member cannot get in: %v", err)
		}
		_, _, err := a.Join(t.Context(), n.request(t, next, code), name+" 2", plainVault())
		if !errors.Is(err, ErrInviteUsed) {
			t.Errorf("the invite admits twice: %v", err)
		}
		return
	}
	if _, err := a.CheckInvite(code); err != nil {
		t.Errorf("the invite is burnt: %v", err)
	}
	if _, _, err := a.Join(t.Context(), n.request(t, next, code), name, plainVault()); err != nil {
		t.Errorf("nobody else can join by it under that name: %v", err)
	}
}

func TestJoinWhenTheNodeCannotStore(t *testing.T) {
	n := newNode(t)
	fsys := durabletest.New()
	a := n.open(t, fsys)
	code := invitation(t, a, Invite{Role: policy.Member})
	if err := n.ingest.Close(); err != nil {
		t.Fatal(err)
	}
	sk := newKey(t)
	if _, _, err := a.Join(t.Context(), n.request(t, sk, code), "Jun", plainVault()); err == nil {
		t.Fatal("joined without a roster")
	}
	if _, err := a.CheckInvite(code); err == nil {
		t.Error("the invite is offered while nobody knows whether it was used")
	}
	a = n.open(t, fsys)
	if _, err := a.CheckInvite(code); err != nil {
		t.Errorf("the invite is burnt: %v", err)
	}
	if files, err := fsys.ReadDir("/data/accounts"); err != nil || len(files) != 0 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}

// TestJoinWhenTheRosterIsInDoubt has the roster committed though the join was told that it failed, as when the log had
// room on the disk and the index had not.
func TestJoinWhenTheRosterIsInDoubt(t *testing.T) {
	n := newNode(t)
	a := n.open(t, durabletest.New())
	code := invitation(t, a, Invite{Role: policy.Member})
	sk, v := newKey(t), plainVault()
	request := n.request(t, sk, code)
	working, stopped := a.cfg.Ingest, ingest.New(ingest.Config{Index: n.index, Policy: n.policy})
	if err := stopped.Close(); err != nil {
		t.Fatal(err)
	}
	a.cfg.Ingest = stopped
	if _, _, err := a.Join(t.Context(), request, "Jun", v); err == nil {
		t.Fatal("joined without a roster")
	}
	if a.cfg.Ingest = working; !working.Submit(t.Context(), a.unsure, policy.Writer{Road: policy.Self}).OK {
		t.Fatal("the roster was not taken")
	}
	if _, err := a.CheckInvite(code); !errors.Is(err, ErrInviteUsed) {
		t.Errorf("got %v, want ErrInviteUsed", err)
	}
	if role, _, err := a.Join(t.Context(), request, "Jun", v); err != nil || role != policy.Member {
		t.Errorf("asking again: %v, %v", role, err)
	}
}

func TestJoinAllAtOnce(t *testing.T) {
	n := newNode(t)
	a := n.open(t, durabletest.New())
	race := func(codes func(i int) string, names func(i int) string) (in int) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		for i := range 12 {
			request, name := n.request(t, newKey(t), codes(i)), names(i)
			wg.Go(func() {
				if _, _, err := a.Join(context.Background(), request, name, plainVault()); err == nil {
					mu.Lock()
					in++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		return in
	}
	few := invitation(t, a, Invite{Role: policy.Member, Uses: 3})
	if in := race(func(int) string { return few }, func(i int) string { return "a" + string(rune('a'+i)) }); in != 3 {
		t.Errorf("%d joined by an invite for 3", in)
	}
	many := invitation(t, a, Invite{Role: policy.Member, Uses: 12})
	if in := race(func(int) string { return many }, func(int) string { return "the same" }); in != 1 {
		t.Errorf("%d joined under one name", in)
	}
	if got := len(n.policy.Members()); got != 4 {
		t.Errorf("%d on the roster, want 4", got)
	}
}

func TestJoinByEvent(t *testing.T) {
	n := newNode(t)
	a := n.open(t, durabletest.New())
	sk := newKey(t)
	request := n.request(t, sk, invitation(t, a, Invite{Role: policy.Operator}))
	if message, err := a.JoinByEvent(t.Context(), request); err != nil || message != "info: welcome, you are now an operator" {
		t.Fatalf("got %q %v", message, err)
	}
	if n.policy.Role(sk.PubKey()) != policy.Operator {
		t.Error("not an operator")
	}
	if message, err := a.JoinByEvent(t.Context(), request); err != nil || !strings.HasPrefix(message, "duplicate: ") {
		t.Errorf("again: %q %v", message, err)
	}
	for prefix, e := range map[string]*nostr.Event{
		"restricted: ": n.request(t, newKey(t), "nonsense"),
		"invalid: ":    {Kind: nostr.KindJoin},
	} {
		var refusal *policy.Error
		if _, err := a.JoinByEvent(t.Context(), e); !errors.As(err, &refusal) || !strings.HasPrefix(err.Error(), prefix) {
			t.Errorf("got %v, want %q", err, prefix)
		}
	}
	if err := a.SetVault(sk.PubKey(), "", plainVault()); !errors.Is(err, ErrNameInvalid) {
		t.Errorf("first vault without a name: %v", err)
	}
	v := plainVault()
	if err := a.SetVault(sk.PubKey(), "Late", v); err != nil {
		t.Fatal(err)
	}
	if pk, _, err := a.Unseal("late", v.Auth, ""); err != nil || pk != sk.PubKey() {
		t.Errorf("unseal: %v", err)
	}
}
