package index

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"madang/internal/durable/durabletest"
	"madang/internal/eventlog"
	"madang/internal/nostr"
	"madang/internal/verify"
)

// machine does random things to an index and to the model.
type machine struct {
	t     *testing.T
	fs    *vfs.MemFS      // of the index
	disk  *durabletest.FS // of the log
	log   *eventlog.Files
	x     *Index
	model model
	pool  []verify.Event // all events ever made
}

func newMachine(t *testing.T, rt *rapid.T) *machine {
	m := &machine{t: t, fs: vfs.NewCrashableMem(), disk: durabletest.New()}
	m.open(rt)
	return m
}

var (
	randomKinds = []uint16{0, 1, 1, 5, 5, 5, 62, 1059, 1059, 10002, 30000, 30023}
	randomWords = []string{"", "a", "b"}
)

func author(n int) nostr.SecretKey { return nostr.SecretKey{31: byte(1 + n)} }

func (m *machine) open(rt *rapid.T) {
	logger := slog.New(slog.DiscardHandler)
	log, err := eventlog.Open(eventlog.Config{Dir: "log", SegmentSize: 4000, Ahead: 16_000, FS: m.disk, Logger: logger})
	if err != nil {
		rt.Fatal(err)
	}
	x, err := Open(m.t.Context(), Config{
		Dir: "index", Log: log, CacheSize: 1 << 20, Logger: logger, fs: m.fs,
		Bulk:         rapid.Bool().Draw(rt, "bulk"),
		memTableSize: 64 << 10,
		bulkLag:      rapid.SampledFrom([]eventlog.Position{1, 3000, 1 << 20}).Draw(rt, "bulk lag"),
	})
	if err != nil {
		rt.Fatal(err)
	}
	m.log, m.x = log, x
	m.x.maxLegs = rapid.SampledFrom([]int{1, 3, defaultLegs}).Draw(rt, "legs")
	m.x.maxPart = rapid.SampledFrom([]int{1, defaultPart}).Draw(rt, "part")
}

func (m *machine) close(rt *rapid.T) {
	if err := errors.Join(m.x.Close(), m.log.Close()); err != nil {
		rt.Fatal(err)
	}
}

// event makes a new event of a small world, so that authors, addresses, times and targets meet often.
func (m *machine) event(rt *rapid.T) verify.Event {
	e := &nostr.Event{
		Kind:      rapid.SampledFrom(randomKinds).Draw(rt, "kind"),
		CreatedAt: rapid.Int64Range(0, 5).Draw(rt, "created_at"),
		Content:   strconv.Itoa(len(m.pool)),
	}
	if nostr.IsAddressable(e.Kind) {
		e.Tags = append(e.Tags, nostr.Tag{"d", rapid.SampledFrom(randomWords).Draw(rt, "d")})
	}
	for range rapid.IntRange(0, 2).Draw(rt, "tags") {
		e.Tags = append(e.Tags, m.tag(rt, e.Kind))
	}
	if rapid.IntRange(0, 5).Draw(rt, "expires") == 0 {
		at := rapid.Int64Range(m.model.swept+1, m.model.swept+10).Draw(rt, "expiration")
		e.Tags = append(e.Tags, nostr.Tag{"expiration", strconv.FormatInt(at, 10)})
	}
	if err := e.Sign(author(rapid.IntRange(0, 2).Draw(rt, "author"))); err != nil {
		rt.Fatal(err)
	}
	v, err := verify.One(e)
	if err != nil {
		rt.Fatal(err)
	}
	m.pool = append(m.pool, v)
	return v
}

func (m *machine) tag(rt *rapid.T, kind uint16) nostr.Tag {
	if kind == nostr.KindDeletion && len(m.pool) > 0 {
		target := rapid.SampledFrom(m.pool).Draw(rt, "target").Event()
		if a, ok := target.Address(); ok && rapid.Bool().Draw(rt, "by address") {
			return nostr.Tag{"a", a.String()}
		}
		return nostr.Tag{"e", target.ID.String()}
	}
	if rapid.Bool().Draw(rt, "p") {
		return nostr.Tag{"p", author(rapid.IntRange(0, 2).Draw(rt, "to")).PubKey().String()}
	}
	return nostr.Tag{"t", rapid.SampledFrom(randomWords).Draw(rt, "t")}
}

// Commit takes a group through Stage, as the entrance does.
func (m *machine) Commit(rt *rapid.T) {
	stage := m.x.Stage()
	var taken []verify.Event
	known := len(m.model.log)
	for range rapid.IntRange(1, 6).Draw(rt, "group") {
		e := m.some(rt)
		if at, ok := e.Event().Expiration(); ok && at <= m.model.swept {
			continue
		}
		want := m.model.check(e.Event())
		if len(taken) == 0 {
			if err := m.x.Check(e.Event()); !sameError(err, want) {
				rt.Fatalf("Check: %v, want %v", err, want)
			}
		}
		// Within a group an event that another of it replaces may still be called a duplicate.
		err := stage.Take(e)
		if !sameError(err, want) && !(len(taken) > 0 && err == ErrDuplicate && want == ErrReplaced) {
			rt.Fatalf("Take: %v, want %v", err, want)
		}
		if err == nil {
			taken = append(taken, e)
			m.model.log = append(m.model.log, logged{event: e.Event()})
		}
	}
	if len(taken) == 0 {
		return
	}
	positions, err := m.log.Append(taken, 1)
	if err != nil {
		rt.Fatal(err)
	}
	for i, pos := range positions {
		m.model.log[known+i].pos = pos
	}
	if rapid.Bool().Draw(rt, "apply") {
		entries := make([]Entry, len(taken))
		for i := range taken {
			entries[i] = Entry{positions[i], taken[i]}
		}
		err = m.x.Apply(entries, m.log.End())
	} else {
		err = stage.Commit(positions, m.log.End())
	}
	if err != nil {
		rt.Fatal(err)
	}
}

// some returns a new event, or one that was made before and may have come before.
func (m *machine) some(rt *rapid.T) verify.Event {
	if len(m.pool) > 0 && rapid.IntRange(0, 3).Draw(rt, "again") == 0 {
		return rapid.SampledFrom(m.pool).Draw(rt, "event")
	}
	e := m.event(rt)
	if rapid.IntRange(0, 4).Draw(rt, "later") == 0 {
		return m.event(rt) // e comes later, if at all: a deletion may come before it
	}
	return e
}

func (m *machine) Sweep(rt *rapid.T) {
	before := m.model.len()
	m.model.swept = rapid.Int64Range(m.model.swept, m.model.swept+3).Draw(rt, "now")
	n, err := m.x.Sweep(m.t.Context(), m.model.swept)
	if err != nil || n != before-m.model.len() {
		rt.Fatalf("Sweep: %d, %v, want %d", n, err, before-m.model.len())
	}
}

func (m *machine) Reopen(rt *rapid.T) {
	m.close(rt)
	m.open(rt)
}

// Flush writes tables, as if memory were full.
func (m *machine) Flush(rt *rapid.T) {
	if err := m.x.db.Flush(); err != nil {
		rt.Fatal(err)
	}
}

// Erase wants all that is not held any more gone from the log, and all else in it.
func (m *machine) Erase(rt *rapid.T) {
	m.Flush(rt)
	if _, err := m.x.Erase(m.t.Context()); err != nil {
		rt.Fatal(err)
	}
	events := map[eventlog.Position]*nostr.Event{}
	for _, l := range m.model.log {
		events[l.pos] = l.event
	}
	if err := m.log.Scan(m.t.Context(), 0, func(r eventlog.Record) error {
		if e := events[r.Pos]; e == nil || r.Erased == m.model.held(e) {
			rt.Fatalf("at %d: %+v, erased: %v", r.Pos, e, r.Erased)
		}
		return nil
	}); err != nil {
		rt.Fatal(err)
	}
}

// Crash cuts the power: of what was not synced chance decides. What was swept may be back until the next sweep.
func (m *machine) Crash(rt *rapid.T) {
	seed := rapid.Uint64().Draw(rt, "chance")
	rng := rand.New(rand.NewPCG(seed, 1))
	fs, disk := m.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: int(seed % 101), RNG: rng}), m.disk.Crash(rng)
	m.close(rt)
	m.fs, m.disk = fs, disk
	m.open(rt)
	m.sweepAgain(rt)
}

// Rebuild throws the index away.
func (m *machine) Rebuild(rt *rapid.T) {
	m.close(rt)
	if err := m.fs.RemoveAll("index"); err != nil {
		rt.Fatal(err)
	}
	m.open(rt)
	m.sweepAgain(rt)
}

func (m *machine) sweepAgain(rt *rapid.T) {
	if _, err := m.x.Sweep(m.t.Context(), m.model.swept); err != nil {
		rt.Fatal(err)
	}
}

func (m *machine) Consistency(rt *rapid.T) {
	differences, err := m.x.CheckConsistency(m.t.Context())
	if err != nil || len(differences) > 0 {
		rt.Fatalf("%q, %v", differences, err)
	}
}

func (m *machine) Query(rt *rapid.T) {
	q := Query{
		Now:      rapid.Int64Range(m.model.swept, m.model.swept+10).Draw(rt, "now"),
		MaxLimit: rapid.SampledFrom([]int{0, 2, 500}).Draw(rt, "max limit"),
	}
	for range rapid.IntRange(1, 3).Draw(rt, "filters") {
		q.Filters = append(q.Filters, m.filter(rt))
	}
	if rapid.Bool().Draw(rt, "restricted") {
		reader := author(0).PubKey().String()
		q.Visible = func(e *nostr.Event) bool { return e.Kind != nostr.KindGiftWrap || e.Tags.Has("p", reader) }
	}
	var got, items, want []string
	answer, err := m.x.Query(m.t.Context(), q, func(it Item) error {
		e, err := it.Event()
		if err != nil {
			rt.Fatal(err)
		}
		if pos := m.position(it.Head.ID); it.Pos != pos || !slices.Equal(it.JSON, e.AppendJSON(nil)) {
			rt.Fatalf("item at %d, want %d: %s", it.Pos, pos, it.JSON)
		}
		got = append(got, line(it.Head.CreatedAt, it.Head.ID))
		return nil
	})
	if err != nil || answer.End != m.log.End() {
		rt.Fatalf("Query: up to %d of %d, %v", answer.End, m.log.End(), err)
	}
	for _, e := range m.model.query(q, true) {
		want = append(want, line(e.CreatedAt, e.ID))
	}
	if !slices.Equal(got, want) {
		rt.Fatalf("filters %+v\ngot  %q\nwant %q", q.Filters, got, want)
	}
	all := m.model.query(q, false)
	if answer.Complete && len(got) < len(all) || answer.More && len(got) == len(all) || answer.Complete && answer.More {
		rt.Fatalf("filters %+v: %+v after %d events of %d", q.Filters, answer, len(got), len(all))
	}
	if n, err := m.x.Count(m.t.Context(), q); err != nil || n != len(all) {
		rt.Fatalf("Count: %d, %v, want %d", n, err, len(all))
	}
	if err := m.x.Items(m.t.Context(), q, func(createdAt int64, id nostr.ID) error {
		items = append(items, line(createdAt, id))
		return nil
	}); err != nil {
		rt.Fatal(err)
	}
	want = nil
	for _, e := range all {
		want = append(want, line(e.CreatedAt, e.ID))
	}
	if !slices.Equal(items, want) {
		rt.Fatalf("Items: %q, want %q", items, want)
	}
}

func line(createdAt int64, id nostr.ID) string { return fmt.Sprintf("%d %s", createdAt, id) }

func (m *machine) position(id nostr.ID) eventlog.Position {
	for _, l := range m.model.log {
		if l.event.ID == id {
			return l.pos
		}
	}
	return 0
}

func (m *machine) filter(rt *rapid.T) nostr.Filter {
	f := nostr.All()
	with := func(what string) bool { return rapid.IntRange(0, 2).Draw(rt, what) == 0 }
	if len(m.pool) > 0 && with("ids") {
		for _, e := range rapid.SliceOfN(rapid.SampledFrom(m.pool), 0, 5).Draw(rt, "id list") {
			f.IDs = append(f.IDs, e.Event().ID)
		}
	}
	if with("authors") {
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 3), 0, 3).Draw(rt, "author list") {
			f.Authors = append(f.Authors, author(n).PubKey())
		}
	}
	if with("kinds") {
		f.Kinds = rapid.SliceOfN(rapid.SampledFrom(randomKinds), 0, 3).Draw(rt, "kind list")
	}
	if with("tags") {
		to := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 3), func(n int) string { return author(n).PubKey().String() }), 1, 3)
		f.Tags = append(f.Tags, nostr.TagFilter{Letter: 'p', Values: to.Draw(rt, "p")})
	}
	if with("t") {
		values := rapid.SliceOfN(rapid.SampledFrom(randomWords), 0, 2).Draw(rt, "words")
		f.Tags = append(f.Tags, nostr.TagFilter{Letter: 't', Values: values})
	}
	if with("since") {
		f.Since = rapid.Int64Range(0, 6).Draw(rt, "since")
	}
	if with("until") {
		f.Until = rapid.SampledFrom([]int64{0, 1, 2, 3, 4, 5, math.MaxInt64}).Draw(rt, "until")
	}
	if with("limit") {
		f.Limit = rapid.IntRange(0, 4).Draw(rt, "limit")
	}
	return f
}

// TestRandom holds the index against the model through random histories of groups, sweeps, restarts, crashes and rebuilds.
func TestRandom(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newMachine(t, rt)
		defer func() { m.close(rt) }()
		rt.Repeat(map[string]func(*rapid.T){
			"commit": m.Commit, "commit more": m.Commit, "commit again": m.Commit, "query": m.Query,
			"query more": m.Query, "query again": m.Query, "sweep": m.Sweep, "flush": m.Flush, "erase": m.Erase,
			"reopen": m.Reopen, "rebuild": m.Rebuild, "crash": m.Crash, "consistency": m.Consistency,
			"": func(rt *rapid.T) {
				if got, want := m.x.Len(), m.model.len(); got != want {
					rt.Fatalf("Len: %d, want %d", got, want)
				}
			},
		})
	})
}
