package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"madang/internal/index"
	"madang/internal/nostr"
	"madang/internal/policy"
)

func testConfig(dir string) Config {
	return Config{DataDir: dir, Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)}
}

func open(t *testing.T, cfg Config) *App {
	t.Helper()
	a, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// serve serves until the test ends or stop is called.
func serve(t *testing.T, a *App) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Serve(ctx) }()
	select {
	case <-a.Ready():
	case err := <-ended:
		t.Fatal(err)
	}
	done := false
	stop = func() {
		if done {
			return
		}
		done = true
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func find(t *testing.T, a *App, f nostr.Filter) (events []*nostr.Event) {
	t.Helper()
	err := a.Index.Events(t.Context(), index.Query{Filters: []nostr.Filter{f}}, func(e *nostr.Event) error {
		events = append(events, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func TestOwnEvents(t *testing.T) {
	dir := t.TempDir()
	cfg := testConfig(dir)
	cfg.Name = "Harbour"
	a := open(t, cfg)
	key := a.NodeKey
	all := find(t, a, nostr.All())
	var got []string
	for _, e := range all {
		if e.PubKey != key.PubKey() {
			t.Errorf("an event of %s", e.PubKey)
		}
		address, _ := e.Address()
		got = append(got, fmt.Sprint(address.Kind, address.D))
	}
	slices.Sort(got)
	if want := []string{"0", "13534", "30000feeds", "33534editor", "33534operator"}; !slices.Equal(got, want) {
		t.Errorf("own events %v, want %v", got, want)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}

	// Nothing is published twice, and the name stays.
	a = open(t, testConfig(dir))
	if a.NodeKey != key || a.Name() != "Harbour" || a.Index.Len() != len(all) {
		t.Errorf("after a restart: the same key %v, name %q, %d events", a.NodeKey == key, a.Name(), a.Index.Len())
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}

	// A new name is a new profile, even where the clock was set back.
	cfg.Name = "New harbour"
	cfg.Now = func() time.Time { return time.Unix(1000, 0) }
	a = open(t, cfg)
	f := nostr.All()
	f.Kinds = []uint16{nostr.KindProfile}
	if profiles := find(t, a, f); len(profiles) != 1 || !strings.Contains(profiles[0].Content, "New harbour") {
		t.Errorf("profiles after a change of name: %v", profiles)
	}
}

func TestRosterIsKnownAfterRestart(t *testing.T) {
	dir := t.TempDir()
	a := open(t, testConfig(dir))
	member := nostr.SecretKey{31: 5}
	roster := &nostr.Event{Kind: nostr.KindMembers, CreatedAt: time.Now().Unix() + 10, Tags: nostr.Tags{
		{"-"}, {"member", member.PubKey().String(), "editor"},
	}}
	if err := roster.Sign(a.NodeKey); err != nil {
		t.Fatal(err)
	}
	if r := a.Ingest.Submit(t.Context(), roster, policy.Writer{Road: policy.Self}); !r.OK {
		t.Fatal(r.Message)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	a = open(t, testConfig(dir))
	if role := a.Policy.Role(member.PubKey()); role != policy.Editor {
		t.Errorf("role %d after a restart, want %d", role, policy.Editor)
	}
}

func TestOneNodePerDirectory(t *testing.T) {
	dir := t.TempDir()
	open(t, testConfig(dir))
	_, err := Open(t.Context(), testConfig(dir))
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "--data") {
		t.Errorf("a second node: %v", err)
	}
	if _, err := Check(t.Context(), dir, slog.New(slog.DiscardHandler), Watch{}); !errors.Is(err, ErrLocked) {
		t.Errorf("a check: %v", err)
	}
	open(t, testConfig(t.TempDir())) // but two directories are two nodes, in one process too
}

func TestDamagedKeyIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "node.key")
	if err := os.WriteFile(name, []byte("half a k"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), testConfig(dir)); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("opening with a damaged key: %v", err)
	}
	if b, err := os.ReadFile(name); err != nil || string(b) != "half a k" {
		t.Errorf("the key file now has %q, %v", b, err)
	}
}

func TestServe(t *testing.T) {
	dir := t.TempDir()
	cfg := testConfig(dir)
	cfg.Name, cfg.Version = "Harbour", "1.2.3"
	a := open(t, cfg)
	a.Control.HandleFunc("GET /ping", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "pong") })
	if _, err := ControlClient(dir).Get("http://node/ping"); !errors.Is(err, ErrNotRunning) {
		t.Errorf("control before it serves: %v", err)
	}
	stop := serve(t, a)

	info := fetch(t, http.DefaultClient, a.URL()+"/", "application/nostr+json")
	var doc struct {
		Name, Self, Version string
		SupportedNIPs       []int `json:"supported_nips"`
	}
	if err := json.Unmarshal(info, &doc); err != nil || doc.Name != "Harbour" || doc.Version != "1.2.3" ||
		doc.Self != a.NodeKey.PubKey().String() || !slices.Contains(doc.SupportedNIPs, 42) {
		t.Errorf("NIP-11: %s, %v", info, err)
	}
	if node := fetch(t, http.DefaultClient, a.URL()+"/api/node", ""); !bytes.Contains(node, []byte(`"Harbour"`)) {
		t.Errorf("/api/node: %s", node)
	}
	for _, path := range []string{"/news", "/videos", "/news/feed.atom"} {
		if page := fetch(t, http.DefaultClient, a.URL()+path, ""); !bytes.Contains(page, []byte("Harbour")) {
			t.Errorf("%s: %s", path, page)
		}
	}
	if text := fetch(t, http.DefaultClient, a.URL()+"/metrics", ""); !bytes.Contains(text, []byte("madang_log_bytes ")) {
		t.Errorf("/metrics: %s", text)
	}
	if pong := fetch(t, ControlClient(dir), "http://node/ping", ""); string(pong) != "pong" {
		t.Errorf("control: %s", pong)
	}
	socket, err := os.Stat(filepath.Join(dir, "control.sock"))
	if err != nil || socket.Mode().Perm() != 0o600 {
		t.Errorf("control.sock: %v, %v", socket, err)
	}
	if url, err := LastURL(dir); err != nil || url != a.URL() {
		t.Errorf("node.json says %q, %v", url, err)
	}

	stop()
	if _, err := os.Stat(filepath.Join(dir, "control.sock")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("control.sock afterwards: %v", err)
	}
}

// TestServeEndsDespiteLingerers: neither a client that says no farewell nor a request that never ends holds up the end.
func TestServeEndsDespiteLingerers(t *testing.T) {
	a := open(t, testConfig(t.TempDir()))
	entered := make(chan struct{})
	a.Control.HandleFunc("GET /hang", func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	})
	stop := serve(t, a)
	conn, err := net.Dial("tcp", a.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", a.Addr())
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "101") {
		t.Fatalf("upgrade: %q, %v", line, err)
	}
	broken := make(chan error, 1)
	go func() {
		r, err := ControlClient(a.cfg.DataDir).Get("http://node/hang")
		if err == nil {
			r.Body.Close()
		}
		broken <- err
	}()
	<-entered
	stop()
	if err := <-broken; err == nil {
		t.Error("the request that never ends was answered")
	}
}

func fetch(t *testing.T, c *http.Client, url, accept string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	r, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v, %s", url, r.Status, err, body)
	}
	return body
}

func TestFirstInvite(t *testing.T) {
	dir := t.TempDir()
	cfg := testConfig(dir)
	cfg.PublicURL = "http://madang.lan"
	a := open(t, cfg)
	first, err := a.FirstInvite()
	if err != nil || !strings.HasPrefix(first, "http://madang.lan/#/join/") {
		t.Fatalf("%q, %v", first, err)
	}
	if again, err := a.FirstInvite(); err != nil || again != first {
		t.Errorf("the second time: %q, %v", again, err)
	}
	code := strings.TrimPrefix(first, "http://madang.lan/#/join/")
	if inv, err := a.Accounts.CheckInvite(code); err != nil || inv.Role != policy.Operator || inv.Uses != 1 {
		t.Errorf("the invite: %+v, %v", inv, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "first-operator")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("first-operator: %v, %v", info, err)
	}

	// Once someone has joined by it, it is gone.
	request := &nostr.Event{Kind: nostr.KindJoin, CreatedAt: time.Now().Unix(), Tags: nostr.Tags{{"-"}, {"claim", code}}}
	if err := request.Sign(nostr.SecretKey{31: 5}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Accounts.JoinByEvent(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if link, err := a.FirstInvite(); err != nil || link != "" {
		t.Errorf("after the first has joined: %q, %v", link, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "first-operator")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("first-operator afterwards: %v", err)
	}
}

// TestImportInChunks goes beyond one chunk, and ends without a newline.
func TestImportInChunks(t *testing.T) {
	a := open(t, testConfig(t.TempDir()))
	const n = chunkLines + 10
	var lines []byte
	for i := range n {
		e := &nostr.Event{Kind: nostr.KindNote, CreatedAt: int64(i), Content: "x"}
		if err := e.Sign(nostr.SecretKey{31: 5}); err != nil {
			t.Fatal(err)
		}
		lines = append(e.AppendJSON(lines), '\n')
	}
	lines = lines[:len(lines)-1]
	var seen []int
	progress := func(tr Transfer) { seen = append(seen, tr.Imported) }
	total, err := a.Import(t.Context(), bytes.NewReader(lines), nil, progress)
	if want := (Transfer{Imported: n, Bytes: int64(len(lines))}); err != nil || total != want {
		t.Errorf("%+v, %v, want %+v", total, err, want)
	}
	if !slices.Equal(seen, []int{chunkLines, n}) {
		t.Errorf("progress %v", seen)
	}
}

func TestImportBoundsLines(t *testing.T) {
	dir := t.TempDir()
	a := open(t, testConfig(dir))
	long := strings.Repeat("x", maxLine)
	var refused []int
	total, err := a.Import(t.Context(), strings.NewReader(long+"x\n\n"+long[:100]+"\n"),
		func(line int, _ string) { refused = append(refused, line) }, nil)
	if err != nil || total.Refused != 2 || !slices.Equal(refused, []int{1, 3}) || total.Bytes != maxLine+1+1+1+101 {
		t.Errorf("%+v, lines %v, %v", total, refused, err)
	}
	broken := io.MultiReader(strings.NewReader("{}\n"), readError{})
	if _, err := a.Import(t.Context(), broken, nil, nil); !errors.Is(err, errDisk) {
		t.Errorf("a reader that fails: %v", err)
	}
}

var errDisk = errors.New("the disk went away")

type readError struct{}

func (readError) Read([]byte) (int, error) { return 0, errDisk }
