package wire

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"madang/internal/eventlog"
	"madang/internal/hub"
	"madang/internal/index"
	"madang/internal/ingest"
	"madang/internal/nostr"
	"madang/internal/policy"
	"madang/internal/web/relay"
)

var quiet = slog.New(slog.DiscardHandler)

// node is all of a node that takes part.
type node struct {
	t      testing.TB
	index  *index.Index
	ingest *ingest.Ingest
	policy *policy.Policy
	server *httptest.Server
	now    atomic.Int64
}

func key(n byte) nostr.SecretKey { return nostr.SecretKey{31: n} }

// newNode starts a node. An open one lets anybody write.
func newNode(t testing.TB, self nostr.SecretKey, open bool, change func(*relay.Limits)) *node {
	t.Helper()
	dir := t.TempDir()
	log, err := eventlog.Open(eventlog.Config{Dir: dir + "/log", Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	n := &node{t: t}
	n.now.Store(1_700_000_000)
	if n.index, err = index.Open(t.Context(), index.Config{Dir: dir + "/index", Log: log, Logger: quiet}); err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return time.Unix(n.now.Load(), 0) }
	h := hub.New()
	n.policy = policy.New(policy.Config{NodeKey: self.PubKey(), Open: open})
	n.ingest = ingest.New(ingest.Config{Log: log, Index: n.index, Hub: h, Policy: n.policy, Now: clock, Logger: quiet})
	limits := relay.DefaultLimits().WithoutRates()
	if change != nil {
		change(&limits)
	}
	r := relay.New(relay.Config{
		Index: n.index, Hub: h, Ingest: n.ingest, Policy: n.policy, Now: clock, Logger: quiet, Limits: limits,
	})
	n.server = httptest.NewServer(r)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := errors.Join(r.Shutdown(ctx), n.ingest.Close(), n.index.Close(), log.Close()); err != nil {
			t.Error(err)
		}
		n.server.Close()
	})
	return n
}

func (n *node) url() string { return "ws" + strings.TrimPrefix(n.server.URL, "http") }

func (n *node) config() Config {
	return Config{
		Index: n.index, Ingest: n.ingest, Policy: n.policy, Now: func() time.Time { return time.Unix(n.now.Load(), 0) },
		Logger: quiet, Pause: time.Millisecond, Patience: 20 * time.Second,
	}
}

// sync fails the test where Sync does.
func (n *node) sync(url string, up, down bool) Report {
	n.t.Helper()
	report, err := Sync(n.t.Context(), n.config(), Options{URL: url, Filter: nostr.All(), Up: up, Down: down}, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	return report
}

func (n *node) add(events ...*nostr.Event) {
	n.t.Helper()
	for i, r := range n.ingest.SubmitMany(n.t.Context(), events, policy.Writer{Road: policy.Import}) {
		if !r.OK {
			n.t.Fatalf("event %d: %s", i, r.Message)
		}
	}
}

// has returns the ids of all public events, sorted.
func (n *node) has() (ids []string) {
	n.t.Helper()
	q := index.Query{
		Filters: []nostr.Filter{nostr.All()}, Now: n.now.Load(), Visible: func(e *nostr.Event) bool { return !isMail(e) },
	}
	err := n.index.Items(n.t.Context(), q, func(_ int64, id nostr.ID) error {
		ids = append(ids, id.String())
		return nil
	})
	if err != nil {
		n.t.Fatal(err)
	}
	slices.Sort(ids)
	return ids
}

func event(t testing.TB, by nostr.SecretKey, kind uint16, at int64, content string, tags ...nostr.Tag) *nostr.Event {
	t.Helper()
	e := &nostr.Event{Kind: kind, CreatedAt: 1_690_000_000 + at, Content: content, Tags: tags}
	if err := e.Sign(by); err != nil {
		t.Fatal(err)
	}
	return e
}

func notes(t testing.TB, by nostr.SecretKey, from, to int) (events []*nostr.Event) {
	for i := from; i < to; i++ {
		events = append(events, event(t, by, 1, int64(i/3), "note "+strconv.Itoa(i)))
	}
	return events
}

func same(t *testing.T, a, b *node, want int) {
	t.Helper()
	if got, other := a.has(), b.has(); !slices.Equal(got, other) || len(got) != want {
		t.Errorf("%d and %d events, want %d", len(got), len(other), want)
	}
}

func TestBothWays(t *testing.T) {
	here, there := newNode(t, key(1), true, nil), newNode(t, key(2), true, nil)
	both, ours, theirs := notes(t, key(10), 0, 300), notes(t, key(11), 0, 200), notes(t, key(12), 300, 700)
	here.add(append(both, ours...)...)
	there.add(append(both, theirs...)...)
	if got, want := here.sync(there.url(), true, true), (Report{Received: 400, Sent: 200}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	same(t, here, there, 900)
	if got := here.sync(there.url(), true, true); got != (Report{}) {
		t.Errorf("again: %+v", got)
	}
	there.add(notes(t, key(13), 0, 5)...)
	if got := there.sync(here.url(), true, true); got != (Report{Sent: 5}) {
		t.Errorf("from the other side: %+v", got)
	}
	same(t, here, there, 905)
}

func TestOneWay(t *testing.T) {
	here, there := newNode(t, key(1), true, nil), newNode(t, key(2), true, nil)
	here.add(notes(t, key(10), 0, 20)...)
	there.add(notes(t, key(11), 0, 30)...)
	if got := here.sync(there.url(), false, false); got != (Report{}) {
		t.Errorf("no way: %+v", got)
	}
	if got := here.sync(there.url(), false, true); got != (Report{Received: 30}) {
		t.Errorf("down: %+v", got)
	}
	if got := here.sync(there.url(), true, false); got != (Report{Sent: 20}) {
		t.Errorf("up: %+v", got)
	}
	same(t, here, there, 50)
}

// A filter bounds both ways, and what it leaves out stays where it is.
func TestFilter(t *testing.T) {
	here, there := newNode(t, key(1), true, nil), newNode(t, key(2), true, nil)
	here.add(event(t, key(10), 1, 5, "a"), event(t, key(10), 1, 50, "b"), event(t, key(10), 7, 6, "+"))
	there.add(event(t, key(11), 1, 6, "c"), event(t, key(11), 1, 60, "d"), event(t, key(11), 7, 6, "+"))
	f := nostr.All()
	f.Until, f.Kinds = 1_690_000_010, []uint16{1}
	got, err := Sync(t.Context(), here.config(), Options{URL: there.url(), Filter: f, Up: true, Down: true}, nil)
	if err != nil || got != (Report{Received: 1, Sent: 1}) {
		t.Errorf("%+v, %v", got, err)
	}
	if len(here.has()) != 4 || len(there.has()) != 4 {
		t.Errorf("%d and %d events, want 4 and 4", len(here.has()), len(there.has()))
	}
}

// Mail stays where it is, and what is refused is counted and no error.
func TestWhatDoesNotTravel(t *testing.T) {
	member := key(20)
	here, there := newNode(t, key(1), false, nil), newNode(t, key(2), false, nil)
	for _, n := range []struct {
		node *node
		key  nostr.SecretKey
	}{{here, key(1)}, {there, key(2)}} {
		roster := event(t, n.key, nostr.KindMembers, 0, "", nostr.Tag{"-"}, nostr.Tag{"member", member.PubKey().String()})
		n.node.add(roster)
		n.node.policy.Observe(roster)
	}
	wrap := func(n byte) *nostr.Event {
		return event(t, key(n), nostr.KindGiftWrap, 7, "sealed", nostr.Tag{"p", member.PubKey().String()})
	}
	protected := event(t, member, 1, 8, "only from me", nostr.Tag{"-"})
	here.add(wrap(30), protected, event(t, member, 1, 1, "by a member"), event(t, key(21), 1, 2, "by a stranger"))
	there.add(wrap(31), event(t, key(22), 1, 3, "by a stranger"))
	got := here.sync(there.url(), true, true)
	if want := (Report{Received: 2, Sent: 1, Refused: 1}); got != want { // received: a note and the roster
		t.Errorf("got %+v, want %+v", got, want)
	}
	missing, err := here.index.Missing([]nostr.ID{wrap(30).ID, wrap(31).ID})
	if err != nil || !slices.Equal(missing, []nostr.ID{wrap(31).ID}) {
		t.Errorf("mail that is missing here: %v, %v", missing, err)
	}
	missing, err = there.index.Missing([]nostr.ID{wrap(30).ID, wrap(31).ID, protected.ID})
	if err != nil || !slices.Equal(missing, []nostr.ID{wrap(30).ID, protected.ID}) {
		t.Errorf("missing there: %v, %v", missing, err)
	}
}

// What this node has banned it does not pass on, nor has it brought again.
func TestBans(t *testing.T) {
	here, there := newNode(t, key(1), true, nil), newNode(t, key(2), true, nil)
	banned, good := key(20), key(21)
	here.add(event(t, banned, 1, 1, "only here"), event(t, good, 1, 2, "good"),
		event(t, key(1), nostr.KindMuteList, 5, "", nostr.Tag{"-"}, policy.Ban{PubKey: banned.PubKey()}.Tag()))
	there.add(event(t, banned, 1, 3, "there, too"))
	if got := here.sync(there.url(), true, true); got != (Report{Received: 1, Sent: 1}) {
		t.Errorf("got %+v", got)
	}
	if got := here.sync(there.url(), true, true); got != (Report{}) {
		t.Errorf("again: %+v", got)
	}
	// The other way, the other node cannot even ask.
	if got := there.sync(here.url(), true, true); got.Received != 1 || got.Sent != 0 {
		t.Errorf("from the other side: %+v", got)
	}
}

// A relay with rates and small answers is given time.
func TestRates(t *testing.T) {
	here, there := newNode(t, key(1), true, nil), newNode(t, key(2), true, func(l *relay.Limits) {
		l.Results = 40
		l.Conn.Queries, l.Conn.Events = relay.Rate{PerSecond: 1000, Burst: 2}, relay.Rate{PerSecond: 1000, Burst: 10}
	})
	here.add(notes(t, key(10), 0, 150)...)
	there.add(notes(t, key(11), 0, 300)...)
	if got := here.sync(there.url(), true, true); got != (Report{Received: 300, Sent: 150}) {
		t.Errorf("got %+v", got)
	}
	same(t, here, there, 450)
}

// cuts is a proxy that breaks each connection after some bytes from the relay, and then lets more through.
func cuts(t *testing.T, to string, first, more int64) (url string, broken *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	broken = new(atomic.Int64)
	var running sync.WaitGroup
	running.Go(func() {
		for limit := first; ; limit += more {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", strings.TrimPrefix(to, "ws://"))
			if err != nil {
				client.Close()
				return
			}
			running.Go(func() { io.Copy(server, client) })
			running.Go(func() {
				if n, _ := io.CopyN(client, server, limit); n == limit {
					broken.Add(1)
				}
				client.Close()
				server.Close()
			})
		}
	})
	t.Cleanup(func() { l.Close(); running.Wait() })
	return "ws://" + l.Addr().String(), broken
}

// Whatever came before a cut is not asked for again.
func TestCuts(t *testing.T) {
	here, there := newNode(t, key(1), true, nil), newNode(t, key(2), true, nil)
	here.add(notes(t, key(10), 0, 300)...)
	there.add(notes(t, key(11), 0, 1200)...)
	url, broken := cuts(t, there.url(), 80_000, 50_000)
	var told []Report
	report, err := Sync(t.Context(), here.config(), Options{URL: url, Filter: nostr.All(), Up: true, Down: true},
		func(r Report) { told = append(told, r) })
	if err != nil {
		t.Fatal(err)
	}
	if broken.Load() < 3 {
		t.Errorf("%d cuts, want some", broken.Load())
	}
	same(t, here, there, 1500)
	// What was on its way when the connection broke may have arrived unheard of.
	if report.Received != 1200 || report.Sent > 300 || report.Refused != 0 {
		t.Errorf("got %+v", report)
	}
	if len(told) == 0 || told[len(told)-1] != report {
		t.Errorf("told %d times, last %+v", len(told), told)
	}
}

// A connection that never carries an event is given up.
func TestCutsWithoutEnd(t *testing.T) {
	here, there := newNode(t, key(1), true, nil), newNode(t, key(2), true, nil)
	there.add(notes(t, key(11), 0, 10)...)
	url, broken := cuts(t, there.url(), 300, 0)
	_, err := Sync(t.Context(), here.config(), Options{URL: url, Filter: nostr.All(), Down: true}, nil)
	if again := new(temporary); !errors.As(err, again) {
		t.Errorf("got %v", err)
	}
	if n := broken.Load(); n != maxFailures+1 {
		t.Errorf("%d connections, want %d", n, maxFailures+1)
	}
}

func TestAddresses(t *testing.T) {
	here := newNode(t, key(1), true, nil)
	down := func(ctx context.Context, url string) error {
		_, err := Sync(ctx, here.config(), Options{URL: url, Filter: nostr.All(), Down: true}, nil)
		return err
	}
	for _, url := range []string{"", "http://127.0.0.1/", "ws:///", "ws://a b/", "wss://me@example.org", "127.0.0.1:80"} {
		err := down(t.Context(), url)
		if !errors.Is(err, ErrURL) {
			t.Errorf("%q: %v", url, err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	err = down(t.Context(), "ws://"+l.Addr().String())
	if err == nil || !strings.Contains(err.Error(), "connecting") {
		t.Errorf("nobody there: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := down(ctx, here.url()); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}
