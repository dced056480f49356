package index

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"madang/internal/eventlog"
	"madang/internal/negentropy"
	"madang/internal/nostr"
)

// timeline is the set of all events that are held, have not expired and are nobody's mail, by time and id: what one node
// reconciles with another (NIP-77). It is in memory alone, some 41 bytes an event. A node that serves builds it in the
// background; from then on commits feed it.
type timeline struct {
	stop atomic.Bool // the index is being closed: what is being built is of no use

	mu        sync.Mutex      // guards what follows
	building  *building       // nil: nobody has asked for it
	following bool            // changes are noted
	set       *negentropy.Set // nil until it is built
	pending   []change        // not yet in the set
	expiring  expiries        // events of the set with an expiration
	expired   int64           // Unix second up to which those are out of it
	held      []*version      // oldest first
	spent     int             // items that were copied to follow the changes, ever
	spare     int             // see room; default spareItems
}

const (
	muchAhead  = 3600 // seconds, after which it is worth to build it anew
	maxPending = 8192 // changes, beyond which they go into the set though nobody asks for it

	// What is held of earlier sets may take as many items, or as many as the timeline has. Beyond that whoever asks
	// shares a set of the last minute, and beyond twice that the oldest is taken back.
	spareItems = 1 << 18
	shareTime  = time.Minute
)

// change is one event that came or is gone.
type change struct {
	item    negentropy.Item
	gone    bool
	expires bool
	at      int64 // when it expires
}

// note tells the timeline of an event, once the batch is written. Mail is no concern of its.
func (c *commit) note(e *nostr.Event, gone bool) {
	if placeOf(e, 0).flags&flagPrivate != 0 {
		return
	}
	noted := change{item: negentropy.Item{Timestamp: e.CreatedAt, ID: e.ID}, gone: gone}
	if !gone {
		noted.at, noted.expires = e.Expiration()
	}
	c.changes = append(c.changes, noted)
}

// building is one attempt to build the timeline.
type building struct {
	done chan struct{}
	err  error // set before done is closed
}

// version is a set that somebody holds.
type version struct {
	set     *negentropy.Set
	made    time.Time
	spent   int // the timeline's, when it was made
	holders map[*Snapshot]struct{}
}

// Snapshot is the timeline as it was, or what Narrow made of it. Release ends it. Snapshots share what did not change
// between them; where they hold on to more than twice of what the timeline itself has, the oldest is taken back.
type Snapshot struct {
	timeline *timeline
	version  *version
	set      *negentropy.Set
}

// ErrNoTimeline: the clock was set back a little, and the timeline has already let go of what had not expired by then.
var ErrNoTimeline = errors.New("the timeline is ahead of this time")

// Timeline returns all events that everyone may read and that have not expired by now (Unix seconds). The first call
// builds it, which takes half a second for a million events, as does one after the clock was set back by much.
func (x *Index) Timeline(ctx context.Context, now int64) (*Snapshot, error) {
	if err := x.enter(); err != nil {
		return nil, err
	}
	defer x.users.Done()
	for {
		b := x.buildTimeline()
		select {
		case <-b.done:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if b.err != nil {
			return nil, b.err
		}
		s, ahead := x.timeline.snapshot(now)
		switch {
		case s != nil:
			return s, nil
		case ahead < muchAhead:
			return nil, ErrNoTimeline
		}
		x.timeline.giveUp(b)
	}
}

// AsksForAll reports whether a filter, but for its limit, leaves nothing out but by time: the timeline answers it.
func AsksForAll(f nostr.Filter) bool {
	return f.IDs == nil && f.Authors == nil && f.Kinds == nil && len(f.Tags) == 0 && f.Search == ""
}

// PrepareTimeline builds the timeline in the background, so that the first to ask need not wait for it.
func (x *Index) PrepareTimeline() {
	if x.enter() != nil {
		return
	}
	defer x.users.Done()
	x.buildTimeline()
}

// buildTimeline begins to build it, unless that was done before. The caller has entered.
func (x *Index) buildTimeline() *building {
	t := &x.timeline
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.building == nil {
		b := &building{done: make(chan struct{})}
		t.building = b
		x.users.Add(1)
		go func() {
			defer x.users.Done()
			defer close(b.done)
			if b.err = x.readTimeline(); b.err != nil {
				t.giveUp(b)
			}
		}()
	}
	return t.building
}

// reset forgets what was built, so that the next who asks begins anew. Snapshots stay.
func (t *timeline) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forget()
}

// giveUp is reset, unless somebody has begun anew already.
func (t *timeline) giveUp(b *building) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.building == b {
		t.forget()
	}
}

// forget is reset's, and giveUp's. t.mu is held.
func (t *timeline) forget() {
	t.building, t.following, t.set, t.pending, t.expiring, t.expired = nil, false, nil, nil, nil, 0
}

// readTimeline reads the keys as they are, and notes what changes from that moment on.
func (x *Index) readTimeline() error {
	t := &x.timeline
	x.writing.Lock()
	snap := x.db.NewSnapshot()
	t.mu.Lock()
	t.following = true
	t.mu.Unlock()
	x.writing.Unlock()

	items, expiring, err := x.publicItems(snap)
	if err := errors.Join(err, snap.Close()); err != nil {
		return err
	}
	set := negentropy.NewSet(items)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set = set
	t.spent += set.Len() // of those who hold what was built before
	t.takeBack()
	t.expiring = append(t.expiring, expiring...)
	heap.Init(&t.expiring)
	return nil
}

// publicItems reads all events that are nobody's mail, and when those expire that do.
func (x *Index) publicItems(snap *pebble.Snapshot) (items []negentropy.Item, expiring []expiry, err error) {
	items = make([]negentropy.Item, 0, x.Len())
	places := map[eventlog.Position]negentropy.Item{} // of those that expire
	err = x.eachKey(snap, familyID, func(key, value []byte) {
		p := parsePlace(value)
		if p.flags&flagPrivate != 0 || len(key) != 1+len(nostr.ID{}) {
			return
		}
		it := negentropy.Item{Timestamp: p.createdAt, ID: nostr.ID(key[1:])}
		items = append(items, it)
		if p.flags&flagExpires != 0 {
			places[p.pos] = it
		}
	})
	if err != nil || len(places) == 0 {
		return items, nil, err
	}
	err = x.eachKey(snap, familyExpiry, func(key, _ []byte) {
		if len(key) != 17 {
			return
		}
		if it, ok := places[eventlog.Position(binary.BigEndian.Uint64(key[9:]))]; ok {
			expiring = append(expiring, expiry{int64(binary.BigEndian.Uint64(key[1:])), it})
		}
	})
	return items, expiring, err
}

// eachKey calls use with each key of a family, until the index is being closed.
func (x *Index) eachKey(snap *pebble.Snapshot, family byte, use func(key, value []byte)) error {
	it, err := snap.NewIter(&pebble.IterOptions{LowerBound: []byte{family}, UpperBound: end([]byte{family})})
	if err != nil {
		return err
	}
	n := 0
	for valid := it.First(); valid; valid = it.Next() {
		if n++; n%4096 == 0 && x.timeline.stop.Load() {
			return errors.Join(ErrClosed, it.Close())
		}
		use(it.Key(), it.Value())
	}
	return it.Close()
}

// follow takes note of what a commit has changed. x.writing is held.
func (t *timeline) follow(changes []change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.following {
		return
	}
	t.pending = append(t.pending, changes...)
	for _, c := range changes {
		if c.expires {
			heap.Push(&t.expiring, expiry{max(c.at, 0), c.item})
		}
	}
	if t.set != nil && len(t.pending) >= maxPending {
		t.merge()
		t.takeBack()
	}
}

// merge brings the set up to date. Of several changes to one event the last one counts. t.mu is held.
func (t *timeline) merge() {
	slices.SortStableFunc(t.pending, func(a, b change) int { return a.item.Compare(b.item) })
	var add, drop []negentropy.Item
	for i, c := range t.pending {
		switch {
		case i+1 < len(t.pending) && t.pending[i+1].item == c.item:
		case c.gone:
			drop = append(drop, c.item)
		default:
			add = append(add, c.item)
		}
	}
	set, copied := t.set.With(add, drop)
	t.set, t.pending = set, t.pending[:0]
	t.spent += copied + set.Len()/64 // for its list of blocks
}

// surplus is how many items are in memory at most because somebody holds earlier sets. t.mu is held.
func (t *timeline) surplus() int {
	if len(t.held) == 0 {
		return 0
	}
	return t.spent - t.held[0].spent
}

// room is how large the surplus should be at most. t.mu is held.
func (t *timeline) room() int { return max(t.set.Len(), cmp.Or(t.spare, spareItems)) }

// takeBack keeps what is held within bounds. t.mu is held.
func (t *timeline) takeBack() {
	for t.surplus() > 2*t.room() {
		for s := range t.held[0].holders {
			s.set = nil
		}
		t.held = slices.Delete(t.held, 0, 1)
	}
}

// snapshot returns none where the timeline is ahead of now by some seconds, or was reset.
func (t *timeline) snapshot(now int64) (s *Snapshot, ahead int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.set == nil {
		return nil, muchAhead
	}
	if now < t.expired {
		return nil, t.expired - now
	}
	for len(t.expiring) > 0 && t.expiring[0].at <= now {
		e := heap.Pop(&t.expiring).(expiry)
		t.expired = max(t.expired, e.at)
		t.pending = append(t.pending, change{item: e.item, gone: true})
	}
	s = &Snapshot{timeline: t, version: t.version()}
	s.set = s.version.set
	s.version.holders[s] = struct{}{}
	return s, 0
}

// version returns what is to be held next. t.mu is held.
func (t *timeline) version() *version {
	if n := len(t.held); n > 0 {
		newest := t.held[n-1]
		if newest.set == t.set && len(t.pending) == 0 ||
			t.surplus() > t.room() && time.Since(newest.made) < shareTime {
			return newest
		}
	}
	if len(t.pending) > 0 {
		t.merge()
	}
	v := &version{set: t.set, made: time.Now(), spent: t.spent, holders: map[*Snapshot]struct{}{}}
	t.held = append(t.held, v)
	t.takeBack()
	return v
}

// Set returns the snapshot's set, or nil once it was taken back or released. Who keeps it for longer than a moment holds
// on to memory that the index thinks free.
func (s *Snapshot) Set() *negentropy.Set {
	s.timeline.mu.Lock()
	defer s.timeline.mu.Unlock()
	return s.set
}

// Narrow leaves of the snapshot only what is from the second since to the second until, both of it, and puts items in
// and takes items out. It tells how many items this snapshot then does not share with others.
func (s *Snapshot) Narrow(since, until int64, in, out []negentropy.Item) (copied int) {
	set := s.Set()
	if set == nil {
		return 0
	}
	if len(in)+len(out) > 0 {
		set, copied = set.With(in, out)
	}
	set = set.Between(since, until)
	s.timeline.mu.Lock()
	defer s.timeline.mu.Unlock()
	if s.set != nil {
		s.set = set
	}
	return copied
}

// Release lets go of the snapshot. A second call does nothing.
func (s *Snapshot) Release() {
	t := s.timeline
	t.mu.Lock()
	defer t.mu.Unlock()
	s.set = nil
	delete(s.version.holders, s)
	if len(s.version.holders) == 0 {
		t.held = slices.DeleteFunc(t.held, func(v *version) bool { return v == s.version })
	}
}

// expiry is an event that expires at a second.
type expiry struct {
	at   int64
	item negentropy.Item
}

// expiries are a heap, the soonest on top.
type expiries []expiry

func (h expiries) Len() int           { return len(h) }
func (h expiries) Less(i, j int) bool { return h[i].at < h[j].at }
func (h expiries) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *expiries) Push(e any)        { *h = append(*h, e.(expiry)) }
func (h *expiries) Pop() any {
	old := *h
	e := old[len(old)-1]
	*h = old[:len(old)-1]
	return e
}
