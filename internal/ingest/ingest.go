// Package ingest is the one entrance: verify, policy, commit, fan out. Whatever road an event comes by, it passes
// through Start, and nobody hears of it before log and index have it (NIP-01, NIP-09, NIP-40). What comes by many roads
// at once is verified and committed together.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"golang.org/x/sync/semaphore"

	"madang/internal/eventlog"
	"madang/internal/hub"
	"madang/internal/index"
	"madang/internal/nostr"
	"madang/internal/policy"
	"madang/internal/verify"
)

// Result of one event. OK with Message "duplicate: ..." for what was there already.
type Result struct {
	OK      bool
	Message string // NIP-01's OK message: empty or "prefix: text"
}

// Config of the entrance.
type Config struct {
	Log      eventlog.Log
	Index    *index.Index
	Hub      *hub.Hub
	Policy   *policy.Policy
	Verifier *verify.Verifier // default: a new one, which knows no node's key
	Now      func() time.Time // default time.Now
	Known    func() bool      // whether Now is to be believed; default: always
	Logger   *slog.Logger     // default slog.Default()
	Metrics  *metrics.Set     // the node's; default: a new one. A set takes one entrance.
}

// roomBytes bounds what is on its way through the entrance (see weigh); who brings more waits.
const roomBytes = 64 << 20

// Ingest is the entrance; it is safe for concurrent use. It must be the only writer of its log and index.
type Ingest struct {
	cfg   Config
	room  *semaphore.Weighted // of roomBytes
	stats stats

	checking   line[*work]     // yet to be verified
	committing line[candidate] // yet to be stored
	commit     committer       // the leader's of committing

	// closing is held for reading while something joins the line, and for writing to close it.
	closing sync.RWMutex
	closed  bool
	running sync.WaitGroup // calls of Start whose results are due, and the goroutines that work for them
}

// work is what one call of Start brought.
type work struct {
	events  []*nostr.Event
	writer  policy.Writer
	weight  int64 // of room
	results []Result
	left    int // candidates without a result
	done    func([]Result)
}

// candidate is a permitted event that waits for its commit.
type candidate struct {
	event verify.Event // none where the index had it: it is in of.events, with its signature unchecked
	of    *work
	at    int // in of.events
}

var errClosed = errors.New("the node is stopping")

// New returns an entrance; Close ends it.
func New(cfg Config) *Ingest {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Known == nil {
		cfg.Known = func() bool { return true }
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Metrics == nil {
		cfg.Metrics = metrics.NewSet()
	}
	if cfg.Verifier == nil {
		cfg.Verifier = verify.New(verify.Config{Metrics: cfg.Metrics})
	}
	in := &Ingest{cfg: cfg, room: semaphore.NewWeighted(roomBytes)}
	in.stats = newStats(cfg.Metrics, in)
	in.commit = committer{cfg: cfg, stats: &in.stats}
	return in
}

// Submit takes one event through the entrance and returns when it is durable (or refused). Where ctx ends first the
// Result is a refusal, though the event may still be committed.
func (in *Ingest) Submit(ctx context.Context, e *nostr.Event, w policy.Writer) Result {
	return in.SubmitMany(ctx, []*nostr.Event{e}, w)[0]
}

// window is how many of SubmitMany's events go together.
const window = 1024

// SubmitMany is Submit for many, which are verified and committed in order. results[i] belongs to events[i].
func (in *Ingest) SubmitMany(ctx context.Context, events []*nostr.Event, w policy.Writer) []Result {
	var replies []chan []Result
	for some := range slices.Chunk(events, window) {
		reply := make(chan []Result, 1)
		replies = append(replies, reply)
		in.Start(ctx, some, w, func(results []Result) { reply <- results })
	}
	results := make([]Result, 0, len(events))
	for _, reply := range replies {
		select {
		case some := <-reply:
			results = append(results, some...)
		case <-ctx.Done():
			missing := refused(ctx.Err())
			return append(results, slices.Repeat([]Result{missing}, len(events)-len(results))...)
		}
	}
	return results
}

// Start brings events in and returns when there was room for them, without waiting for their end: done is then called
// once, with results[i] for events[i]. Events are stored in the order in which they were started. Where ctx ends before
// there was room they are refused; later it has no say. done may be called from any goroutine, also before Start
// returns, and must neither block nor start anything itself: others wait for it.
func (in *Ingest) Start(ctx context.Context, events []*nostr.Event, w policy.Writer, done func(results []Result)) {
	if in.enter(ctx, events, w, done) {
		in.running.Go(in.lead)
	}
}

// Run is Start for who has nothing else to do: where nobody is at work at the entrance, the caller's goroutine does the
// work, so that a single event wakes no other. It may take the time of a commit.
func (in *Ingest) Run(ctx context.Context, events []*nostr.Event, w policy.Writer, done func(results []Result)) {
	if in.enter(ctx, events, w, done) {
		defer endOnPanic()
		in.lead()
	}
}

// endOnPanic ends the process though a caller of Run would recover: after a panic halfway nobody would lead any more,
// and the node would serve on without ever taking an event in. The next start finds log and index in order.
func endOnPanic() {
	if v := recover(); v != nil {
		stack := debug.Stack()
		go func() { panic(fmt.Sprintf("%v, brought in by\n%s", v, stack)) }()
		select {}
	}
}

// enter puts events into line, or refuses them, and reports whether the caller has to lead.
func (in *Ingest) enter(ctx context.Context, events []*nostr.Event, w policy.Writer, done func([]Result)) bool {
	k := &work{
		events: events, writer: w, weight: min(weigh(events), roomBytes), results: make([]Result, len(events)), done: done,
	}
	if err := in.room.Acquire(ctx, k.weight); err != nil {
		done(slices.Repeat([]Result{refused(err)}, len(events)))
		return false
	}
	in.closing.RLock()
	defer in.closing.RUnlock()
	if in.closed {
		in.room.Release(k.weight)
		done(slices.Repeat([]Result{refused(errClosed)}, len(events)))
		return false
	}
	in.running.Add(1)
	return in.checking.join(k)
}

// weigh returns about how many bytes events take in memory on their way: each decoded, and again as JSON.
func weigh(events []*nostr.Event) (bytes int64) {
	for _, e := range events {
		n := 256 + len(e.Content)
		for _, t := range e.Tags {
			for _, element := range t {
				n += 16 + len(element)
			}
		}
		bytes += int64(2 * n)
	}
	return bytes
}

// lead takes what waits through verifier and policy. While it goes on to commit that, another goroutine leads what has
// come meanwhile.
func (in *Ingest) lead() {
	candidates := in.check(in.checking.take(checkedTogether()))
	commits := in.committing.join(candidates...)
	if in.checking.more() {
		in.running.Go(in.lead)
	}
	if commits {
		in.commitGroup()
	}
}

// commitGroup commits what waits as one group.
func (in *Ingest) commitGroup() {
	in.commit.group(in.committing.take(committedTogether()), in.finish)
	if in.committing.more() {
		in.running.Go(in.commitGroup)
	}
}

// finish hands out the results of work that has them all.
func (in *Ingest) finish(k *work) {
	k.done(k.results)
	in.room.Release(k.weight)
	in.running.Done()
}

// Close takes what is in line to its end, refuses what comes later, and returns when all results were given. It leaves
// log, index and hub open.
func (in *Ingest) Close() error {
	in.closing.Lock()
	in.closed = true
	in.closing.Unlock()
	in.running.Wait()
	return nil
}
