package ingest_test

import (
	"bytes"
	"context"
	"log/slog"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"madang/internal/durable/durabletest"
	"madang/internal/eventlog"
	"madang/internal/hub"
	"madang/internal/index"
	"madang/internal/ingest"
	"madang/internal/nostr"
	"madang/internal/policy"
	"madang/internal/verify"
)

// house is an entrance with all that stands behind it, its log on a disk that a test can fill.
type house struct {
	t      testing.TB
	fs     *durabletest.FS
	dir    string
	node   nostr.SecretKey
	log    *gatedLog
	index  *index.Index
	hub    *hub.Hub
	policy *policy.Policy
	in     *ingest.Ingest
	stats  *metrics.Set // of in and its verifier
}

const now = 1_800_000_000

// gatedLog is a log that counts its groups, and holds each back while its gate is locked.
type gatedLog struct {
	eventlog.Log
	gate   sync.Mutex
	groups atomic.Int64
}

func (l *gatedLog) Append(events []verify.Event, received int64) ([]eventlog.Position, error) {
	l.groups.Add(1)
	l.gate.Lock()
	defer l.gate.Unlock()
	return l.Log.Append(events, received)
}

func open(t testing.TB, openToAll bool) *house {
	t.Helper()
	h := &house{t: t, fs: durabletest.New(), dir: t.TempDir(), node: key(1)}
	h.policy = policy.New(policy.Config{NodeKey: h.node.PubKey(), Open: openToAll})
	h.hub = hub.New()
	h.start()
	t.Cleanup(func() { h.stop() })
	return h
}

// start opens what stands on the disk, behind a new entrance.
func (h *house) start() {
	h.t.Helper()
	logger := slog.New(slog.NewTextHandler(h.t.Output(), nil))
	log, err := eventlog.Open(eventlog.Config{Dir: "log", FS: h.fs, Logger: logger})
	if err != nil {
		h.t.Fatal(err)
	}
	h.log = &gatedLog{Log: log}
	h.index, err = index.Open(h.t.Context(), index.Config{Dir: h.dir, Log: h.log, Logger: logger})
	if err != nil {
		h.t.Fatal(err)
	}
	h.stats = metrics.NewSet()
	h.in = ingest.New(ingest.Config{
		Log: h.log, Index: h.index, Hub: h.hub, Policy: h.policy, Logger: logger,
		Verifier: verify.New(verify.Config{Own: h.node.PubKey(), Metrics: h.stats}),
		Now:      func() time.Time { return time.Unix(now, 0) },
		Metrics:  h.stats,
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
		ids = append(ids, it.Head.ID)
		return nil
	}); err != nil {
		h.t.Fatal(err)
	}
	return ids
}

// signatures returns how many were checked so far.
func (h *house) signatures() int {
	h.t.Helper()
	return h.stat("madang_verify_batch_signatures_sum") + h.stat("madang_verify_single_signatures_total")
}

// stat returns a number of /metrics, 0 if there is none.
func (h *house) stat(name string) int {
	h.t.Helper()
	var text bytes.Buffer
	h.stats.WritePrometheus(&text)
	found := regexp.MustCompile("(?m)^" + name + " (.*)$").FindSubmatch(text.Bytes())
	if found == nil {
		return 0
	}
	n, err := strconv.Atoi(string(found[1]))
	if err != nil {
		h.t.Fatal(err)
	}
	return n
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
