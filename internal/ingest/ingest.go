// Package ingest is the one entrance: verify, policy, commit, fan out. Whatever road an event comes by, it passes
// through Submit or SubmitMany, and nobody hears of it before log and index have it (NIP-01, NIP-09, NIP-40).
package ingest

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

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
	Log    eventlog.Log
	Index  *index.Index
	Hub    *hub.Hub
	Policy *policy.Policy
	// Verifier knows the node's key; default: a new one that knows none.
	Verifier *verify.Verifier
	Now    func() time.Time // default time.Now
	Known  func() bool      // whether Now is to be believed; default: always
	Logger *slog.Logger     // default slog.Default()
}

// Limits of the queue and of one group, which is one write and one sync of the log.
const (
	groupEvents = 512
	groupBytes  = 4 << 20
	queueEvents = 2 * groupEvents
	queueBytes  = 32 << 20
)

// future is how far ahead of the node's clock an event of the Live road may be.
const future = 15 * time.Minute

// Ingest is the entrance; it is safe for concurrent use. It must be the only writer of its log and index.
type Ingest struct {
	cfg   Config
	queue chan *candidate
	room  *semaphore.Weighted // bytes of JSON that wait in the queue
	done  chan struct{}

	// closing is held for reading while something is put into the queue, and for writing to close it.
	closing sync.RWMutex
	closed  bool

	commit committer
}

// candidate is a verified, permitted event that waits for its commit.
type candidate struct {
	event verify.Event
	reply chan<- Result // has room for the one Result it gets
}

var errClosed = errors.New("the node is stopping")

// New starts the commit loop; Close ends it.
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
	if cfg.Verifier == nil {
		cfg.Verifier = verify.New(verify.Config{})
	}
	in := &Ingest{
		cfg:    cfg,
		queue:  make(chan *candidate, queueEvents),
		room:   semaphore.NewWeighted(queueBytes),
		done:   make(chan struct{}),
		commit: committer{cfg: cfg},
	}
	go in.loop()
	return in
}

// Submit takes one event through the entrance and returns when it is durable (or refused). Where ctx ends first the
// Result is a refusal, though the event may still be committed.
func (in *Ingest) Submit(ctx context.Context, e *nostr.Event, w policy.Writer) Result {
	verified, errs := in.verify([]*nostr.Event{e}, w)
	if errs[0] != nil {
		return refused(errs[0])
	}
	reply, err := in.admit(ctx, verified[0], w)
	if err != nil {
		return refused(err)
	}
	return await(ctx, reply)
}

// SubmitMany is Submit for many: verified in batches, committed in groups. results[i] belongs to events[i].
func (in *Ingest) SubmitMany(ctx context.Context, events []*nostr.Event, w policy.Writer) []Result {
	results := make([]Result, 0, len(events))
	for window := range slices.Chunk(events, groupEvents) {
		results = append(results, in.submitWindow(ctx, window, w)...)
	}
	return results
}

// submitWindow queues all of a group before it waits for the first, so that the loop commits them together.
func (in *Ingest) submitWindow(ctx context.Context, events []*nostr.Event, w policy.Writer) []Result {
	verified, errs := in.verify(events, w)
	replies := make([]<-chan Result, len(events))
	for i := range events {
		if errs[i] == nil {
			replies[i], errs[i] = in.admit(ctx, verified[i], w)
		}
	}
	results := make([]Result, len(events))
	for i := range events {
		if errs[i] != nil {
			results[i] = refused(errs[i])
		} else {
			results[i] = await(ctx, replies[i])
		}
	}
	return results
}

func (in *Ingest) verify(events []*nostr.Event, w policy.Writer) ([]verify.Event, []error) {
	claims := make([]verify.Claim, len(events))
	for i, e := range events {
		claims[i] = verify.Claim{Event: e, Source: w.Source}
	}
	return in.cfg.Verifier.Batch(claims)
}

// admit asks policy and clock, and queues the event for its commit. An ephemeral event skips the log and is handed
// straight to the hub.
func (in *Ingest) admit(ctx context.Context, v verify.Event, w policy.Writer) (<-chan Result, error) {
	if err := in.cfg.Policy.MayWrite(v.Event(), w); err != nil {
		return nil, err
	}
	if err := checkTimes(v.Event(), w.Road, in.cfg.Now()); err != nil && in.cfg.Known() {
		return nil, err
	}
	reply := make(chan Result, 1)
	if nostr.IsEphemeral(v.Event().Kind) {
		in.cfg.Hub.Publish([]hub.Delivery{{Pos: hub.Ephemeral, Event: v}})
		reply <- Result{OK: true}
		return reply, nil
	}
	return reply, in.enqueue(ctx, &candidate{v, reply})
}

// checkTimes refuses what has expired (NIP-40) and, on the Live road, what claims to come from the future. A node that
// does not know the time passes over its word: better kept too long than lost.
func checkTimes(e *nostr.Event, road policy.Road, now time.Time) error {
	if at, ok := e.Expiration(); ok && at <= now.Unix() {
		return &policy.Error{Prefix: "invalid", Text: "this event has expired"}
	}
	if road == policy.Live && e.CreatedAt > now.Add(future).Unix() {
		return &policy.Error{Prefix: "invalid", Text: "created_at is too far in the future"}
	}
	return nil
}

func (in *Ingest) enqueue(ctx context.Context, c *candidate) error {
	size := int64(len(c.event.JSON()))
	if err := in.room.Acquire(ctx, size); err != nil {
		return err
	}
	in.closing.RLock()
	defer in.closing.RUnlock()
	if in.closed {
		in.room.Release(size)
		return errClosed
	}
	select {
	case in.queue <- c:
		return nil
	case <-ctx.Done():
		in.room.Release(size)
		return ctx.Err()
	}
}

func await(ctx context.Context, reply <-chan Result) Result {
	select {
	case r := <-reply:
		return r
	case <-ctx.Done():
		return refused(ctx.Err())
	}
}

// loop commits what is queued in groups. It never waits for a group to fill: while one is being synced the next gathers.
func (in *Ingest) loop() {
	defer close(in.done)
	for first := range in.queue {
		group, size := []*candidate{first}, len(first.event.JSON())
	gather:
		for len(group) < groupEvents && size < groupBytes {
			select {
			case c, ok := <-in.queue:
				if !ok {
					break gather
				}
				group, size = append(group, c), size+len(c.event.JSON())
			default:
				break gather
			}
		}
		in.commit.group(group)
		in.room.Release(int64(size))
	}
}

// Close commits what is queued, refuses what comes later, and returns when the loop has ended. It leaves log, index and
// hub open.
func (in *Ingest) Close() error {
	in.closing.Lock()
	if !in.closed {
		in.closed = true
		close(in.queue)
	}
	in.closing.Unlock()
	<-in.done
	return nil
}
