package ingest_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"madang/internal/durable/durabletest"
	"madang/internal/eventlog"
	"madang/internal/hub"
	"madang/internal/index"
	"madang/internal/ingest"
	"madang/internal/nostr"
	"madang/internal/policy"
)

// house is an entrance with all that stands behind it, its log on a disk that a test can fill.
type house struct {
	t      *testing.T
	fs     *durabletest.FS
	dir    string
	node   nostr.SecretKey
	log    *eventlog.Files
	index  *index.Index
	hub    *hub.Hub
	policy *policy.Policy
	in     *ingest.Ingest
}

const now = 1_800_000_000

func open(t *testing.T, openToAll bool) *house {
	t.Helper()
	h := &house{t: t, fs: durabletest.New(), dir: t.TempDir(), node: key(1)}
	h.policy = policy.New(policy.Config{NodeKey: h.node.PubKey(), Open: openToAll})
	h.hub = hub.New()
	h.start()
	t.Cleanup(func() { h.stop() })
	return h
}

func (h *house) start() {
	h.t.Helper()
	logger := slog.New(slog.NewTextHandler(h.t.Output(), nil))
	var err error
	h.log, err = eventlog.Open(eventlog.Config{Dir: "log", FS: h.fs, Logger: logger})
	if err != nil {
		h.t.Fatal(err)
	}
	h.index, err = index.Open(h.t.Context(), index.Config{Dir: h.dir, Log: h.log, Logger: logger})
	if err != nil {
		h.t.Fatal(err)
	}
	h.in = ingest.New(ingest.Config{
		Log: h.log, Index: h.index, Hub: h.hub, Policy: h.policy, Logger: logger,
		Now: func() time.Time { return time.Unix(now, 0) },
	})
}

func (h *house) stop() {
	h.t.Helper()
	for _, close := range []func() error{h.in.Close, h.index.Close, h.log.Close} {
		if err := close(); err != nil {
			h.t.Error(err)
		}
	}
}

// submit sends by a connection of the Live road that has authenticated nobody.
func (h *house) submit(e *nostr.Event) ingest.Result {
	return h.in.Submit(context.Background(), e, policy.Writer{})
}

func (h *house) held(f nostr.Filter) (ids []nostr.ID) {
	h.t.Helper()
	q := index.Query{Filters: []nostr.Filter{f}, Now: now}
	if _, err := h.index.Query(h.t.Context(), q, func(it index.Item) error {
		ids = append(ids, it.Event.ID)
		return nil
	}); err != nil {
		h.t.Fatal(err)
	}
	return ids
}

func key(n byte) (sk nostr.SecretKey) {
	sk[31] = n
	return sk
}

func signed(t testing.TB, sk nostr.SecretKey, kind uint16, createdAt int64, content string, tags ...nostr.Tag) *nostr.Event {
	t.Helper()
	e := &nostr.Event{Kind: kind, CreatedAt: createdAt, Tags: tags, Content: content}
	if err := e.Sign(sk); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestSubmitThenQuery(t *testing.T) {
	h := open(t, true)
	var live []eventlog.Position
	h.hub.Subscribe([]nostr.Filter{nostr.All()}, nil, func(d hub.Delivery) { live = append(live, d.Pos) })
	e := signed(t, key(2), 1, now, "hello")
	if r := h.submit(e); r != (ingest.Result{OK: true}) {
		t.Fatalf("first: %+v", r)
	}
	if r, want := h.submit(e), (ingest.Result{OK: true, Message: "duplicate: already have this event"}); r != want {
		t.Fatalf("second: %+v, want %+v", r, want)
	}
	if ids := h.held(nostr.All()); len(ids) != 1 || ids[0] != e.ID {
		t.Fatalf("held: %v", ids)
	}
	if len(live) != 1 {
		t.Fatalf("published %d times", len(live))
	}
}
