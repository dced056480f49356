package api

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"madang/internal/account"
	"madang/internal/blob"
	"madang/internal/clock"
	"madang/internal/eventlog"
	"madang/internal/hub"
	"madang/internal/index"
	"madang/internal/ingest"
	"madang/internal/media"
	"madang/internal/nostr"
	"madang/internal/policy"
	"madang/internal/web/httpauth"
)

// node is the API over a real log, index, entrance and policy.
type node struct {
	t        *testing.T
	key      nostr.SecretKey
	policy   *policy.Policy
	accounts *account.Accounts
	url      string
	doubted  atomic.Bool  // the node's clock may be wrong
	ahead    atomic.Int64 // how far the node's clock is ahead of the real one, as a time.Duration
}

func (n *node) now() time.Time { return time.Now().Add(time.Duration(n.ahead.Load())) }

// The node is its own clock, which nobody doubts unless a test does.
func (n *node) Now() time.Time { return n.now() }
func (n *node) Known() bool    { return !n.doubted.Load() }

func (n *node) setClock(t time.Time) error {
	if t.Year() < 2026 {
		return clock.ErrImplausible
	}
	n.ahead.Store(int64(time.Until(t)))
	n.doubted.Store(false)
	return nil
}

const nodeName = "마당 Test"

func newNode(t *testing.T) *node {
	t.Helper()
	dir, logger := t.TempDir(), slog.New(slog.DiscardHandler)
	n := &node{t: t, key: newKey(t)}
	log, err := eventlog.Open(eventlog.Config{Dir: filepath.Join(dir, "log"), Logger: logger})
	check(t, err)
	idx, err := index.Open(t.Context(), index.Config{Dir: filepath.Join(dir, "index"), Log: log, Logger: logger})
	check(t, err)
	blobs, err := blob.OpenDir(filepath.Join(dir, "blobs"), nil)
	check(t, err)
	n.policy = policy.New(policy.Config{NodeKey: n.key.PubKey()})
	entrance := ingest.New(ingest.Config{Log: log, Index: idx, Hub: hub.New(), Policy: n.policy, Now: n.now, Logger: logger})
	n.accounts, err = account.Open(account.Config{
		Dir: dir, NodeKey: n.key, Ingest: entrance, Index: idx, Policy: n.policy, Now: n.now, Logger: logger,
	})
	check(t, err)
	jobs, err := media.Open(media.Config{Dir: filepath.Join(dir, "jobs"), Blobs: blobs, Logger: logger})
	check(t, err)
	server := httptest.NewServer(New(Config{
		Name: func() string { return nodeName }, NodeKey: n.key.PubKey(), Version: "1.2.3",
		Accounts: n.accounts, Policy: n.policy, Auth: httpauth.New(httpauth.Config{Now: n.now}), Media: jobs, Blobs: blobs,
		MemberUploadMax: 20 << 20, EditorUploadMax: 4 << 30, Clock: n, Logger: logger,
		SetClock: n.setClock,
	}))
	n.url = server.URL
	t.Cleanup(func() {
		server.Close()
		check(t, errors.Join(jobs.Close(), n.accounts.Close(), entrance.Close(), idx.Close(), log.Close(), blobs.Close()))
	})
	return n
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newKey(t *testing.T) nostr.SecretKey {
	t.Helper()
	sk, err := nostr.GenerateKey()
	check(t, err)
	return sk
}

// answer is a response with its JSON object.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (n *node) do(req *http.Request) answer {
	n.t.Helper()
	res, err := http.DefaultClient.Do(req)
	check(n.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	check(n.t, err)
	a := answer{status: res.StatusCode, header: res.Header}
	if a.status == http.StatusNoContent {
		if len(b) > 0 {
			n.t.Errorf("%s %s answered %q where nothing was to come", req.Method, req.URL.Path, b)
		}
	} else if err := json.Unmarshal(b, &a.body); err != nil {
		n.t.Fatalf("%s %s answered %q: %v", req.Method, req.URL.Path, b, err)
	}
	if got := res.Header.Get("Cache-Control"); got != "no-store" {
		n.t.Errorf("%s %s: Cache-Control %q", req.Method, req.URL.Path, got)
	}
	return a
}

// send sends v as JSON, or no body for nil; with a key, signed by NIP-98.
func (n *node) send(method, path string, v any, key *nostr.SecretKey) answer {
	n.t.Helper()
	var body []byte
	if v != nil {
		var err error
		body, err = json.Marshal(v)
		check(n.t, err)
	}
	req, err := http.NewRequest(method, n.url+path, bytes.NewReader(body))
	check(n.t, err)
	req.Header.Set("Content-Type", "application/json")
	if key != nil {
		req.Header.Set("Authorization", n.authorization(method, path, body, *key))
	}
	return n.do(req)
}

// authorization is the header of NIP-98, dated by the node's clock.
func (n *node) authorization(method, path string, body []byte, key nostr.SecretKey) string {
	n.t.Helper()
	sum := sha256.Sum256(body)
	e := &nostr.Event{Kind: nostr.KindHTTPAuth, CreatedAt: n.now().Unix(), Tags: nostr.Tags{
		{"u", n.url + path}, {"method", method}, {"payload", hex.EncodeToString(sum[:])},
	}}
	check(n.t, e.Sign(key))
	return "Nostr " + base64.StdEncoding.EncodeToString(e.AppendJSON(nil))
}

func (n *node) post(path string, v any) answer {
	n.t.Helper()
	return n.send(http.MethodPost, path, v, nil)
}

func (n *node) get(path string) answer {
	n.t.Helper()
	req, err := http.NewRequest(http.MethodGet, n.url+path, nil)
	check(n.t, err)
	return n.do(req)
}

// rawJSON is the event as it goes over the wire.
func rawJSON(e *nostr.Event) json.RawMessage { return e.AppendJSON(nil) }

// want fails unless the answer has this status and, of a refusal, this code.
func (n *node) want(what string, a answer, status int, code string) {
	n.t.Helper()
	got, _ := a.body["error"].(string)
	if a.status != status || got != code {
		n.t.Errorf("%s: got %d %q (%v), want %d %q", what, a.status, got, a.body["message"], status, code)
	}
}

type object = map[string]any

func newVault() object {
	salt, auth, sealed := make([]byte, 32), make([]byte, 32), make([]byte, 73)
	for _, b := range [][]byte{salt, auth, sealed} {
		rand.Read(b)
	}
	sealed[0] = 1
	return object{
		"salt": hex.EncodeToString(salt), "n": 65536, "r": 8, "p": 1,
		"auth": hex.EncodeToString(auth), "sealed": base64.StdEncoding.EncodeToString(sealed),
	}
}

func (n *node) invitation(role policy.Role) string {
	n.t.Helper()
	code, err := n.accounts.CreateInvite(account.Invite{Role: role})
	check(n.t, err)
	return code
}

func (n *node) joinBody(sk nostr.SecretKey, code, name string, vault object) object {
	n.t.Helper()
	e := &nostr.Event{Kind: nostr.KindJoin, CreatedAt: n.now().Unix(), Tags: nostr.Tags{{"-"}, {"claim", code}}}
	check(n.t, e.Sign(sk))
	return object{"name": name, "event": rawJSON(e), "vault": vault}
}

// member joins by the API.
func (n *node) member(name string, role policy.Role) (nostr.SecretKey, object) {
	n.t.Helper()
	sk, vault := newKey(n.t), newVault()
	n.want(name+" joins", n.post("/api/join", n.joinBody(sk, n.invitation(role), name, vault)), http.StatusCreated, "")
	return sk, vault
}
