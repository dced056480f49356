package account

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"madang/internal/durable"
	"madang/internal/eventlog"
	"madang/internal/hub"
	"madang/internal/index"
	"madang/internal/ingest"
	"madang/internal/nostr"
	"madang/internal/policy"
)

// node is a real log, index and entrance, over which many Accounts can be opened one after the other.
type node struct {
	key    nostr.SecretKey
	index  *index.Index
	ingest *ingest.Ingest
	policy *policy.Policy

	mu  sync.Mutex
	now time.Time
}

func newNode(t *testing.T) *node {
	t.Helper()
	dir, logger := t.TempDir(), slog.New(slog.DiscardHandler)
	n := &node{key: newKey(t), now: noon}
	log, err := eventlog.Open(eventlog.Config{Dir: filepath.Join(dir, "log"), Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	n.index, err = index.Open(t.Context(), index.Config{Dir: filepath.Join(dir, "index"), Log: log, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	n.policy = policy.New(policy.Config{NodeKey: n.key.PubKey()})
	n.ingest = ingest.New(ingest.Config{
		Log: log, Index: n.index, Hub: hub.New(), Policy: n.policy, Now: n.clock, Logger: logger,
	})
	t.Cleanup(func() {
		if err := errors.Join(n.ingest.Close(), n.index.Close(), log.Close()); err != nil {
			t.Error(err)
		}
	})
	return n
}

func (n *node) clock() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.now
}

func (n *node) advance(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.now = n.now.Add(d)
}

func (n *node) open(t *testing.T, fsys durable.FS) *Accounts {
	t.Helper()
	a, err := Open(Config{
		Dir: "/data", NodeKey: n.key, Ingest: n.ingest, Index: n.index, Policy: n.policy,
		FS: fsys, Now: n.clock, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (n *node) request(t *testing.T, sk nostr.SecretKey, code string) *nostr.Event {
	t.Helper()
	e := &nostr.Event{
		Kind: nostr.KindJoin, CreatedAt: n.clock().Unix(), Tags: nostr.Tags{{"-"}, {"claim", code}},
	}
	if err := e.Sign(sk); err != nil {
		t.Fatal(err)
	}
	return e
}

// events returns what the node has published of a kind.
func (n *node) events(t *testing.T, kind uint16) (events []*nostr.Event) {
	t.Helper()
	f := nostr.All()
	f.Kinds = []uint16{kind}
	err := n.index.Events(t.Context(), index.Query{Filters: []nostr.Filter{f}, Now: n.clock().Unix()},
		func(e *nostr.Event) error { events = append(events, e); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func newKey(t *testing.T) nostr.SecretKey {
	t.Helper()
	sk, err := nostr.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return sk
}

// plainVault is of the right form; its box holds nothing, which the node cannot tell.
func plainVault() Vault {
	v := Vault{Salt: make([]byte, 32), N: DefaultN, R: DefaultR, P: DefaultP,
		Auth: make([]byte, 32), Sealed: make([]byte, sealedLen)}
	rand.Read(v.Salt)
	rand.Read(v.Auth)
	rand.Read(v.Sealed)
	v.Sealed[0] = sealedVersion
	return v
}

func invitation(t *testing.T, a *Accounts, inv Invite) string {
	t.Helper()
	code, err := a.CreateInvite(inv)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func mustJoin(t *testing.T, n *node, a *Accounts, name string, role policy.Role) (nostr.SecretKey, Vault) {
	t.Helper()
	sk, v := newKey(t), plainVault()
	code := invitation(t, a, Invite{Role: role})
	got, _, err := a.Join(t.Context(), n.request(t, sk, code), name, v)
	if err != nil || got != role {
		t.Fatalf("%s joined as %v, %v; want %v", name, got, err, role)
	}
	return sk, v
}
