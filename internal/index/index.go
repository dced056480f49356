// Package index derives from the log the keys by which events are found, in Pebble. It holds no event bodies and no
// WAL: its watermark says how far of the log it has taken in, and the rest is read again from the log at start. Its
// rules are those of NIP-01 (replaceable and addressable kinds), NIP-09 (deletion), NIP-40 (expiry), NIP-59 (a gift
// wrap may be deleted by its recipient) and NIP-62 (requests to vanish). docs/formats.md, 'Index', lists every key, as
// keys.go does.
package index

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sync/semaphore"

	"madang/internal/eventlog"
	"madang/internal/nostr"
)

// Why Check and Stage.Take would not store an event.
var (
	ErrDuplicate = errors.New("already have this event")
	ErrReplaced  = errors.New("have a newer version")
	ErrDeleted   = errors.New("deleted by its author")
)

// ErrGone: an event that a query has found was deleted since, or has expired, and is erased.
var ErrGone = errors.New("the event is gone")

// Config of an index.
type Config struct {
	Dir       string
	Log       eventlog.Log
	CacheSize int64        // bytes of blocks kept in memory; default 64 MiB
	Logger    *slog.Logger // default: slog.Default()

	// Bulk: very many events are about to come. They cost less to take in, and Close puts in order what was written.
	Bulk bool

	memTableSize uint64            // bytes of keys in memory before they are written; default 8 MiB
	bulkLag      eventlog.Position // bytes of the log that are taken in in bulk at Open; default 64 MiB
	fs           vfs.FS            // default: vfs.Default
	retryAfter   time.Duration     // after a write of the store has failed; default 1 s
}

func (cfg Config) withDefaults() Config {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.CacheSize == 0 {
		cfg.CacheSize = 64 << 20
	}
	if cfg.memTableSize == 0 {
		cfg.memTableSize = 8 << 20
	}
	if cfg.bulkLag == 0 {
		cfg.bulkLag = 64 << 20
	}
	if cfg.fs == nil {
		cfg.fs = vfs.Default
	}
	if cfg.retryAfter == 0 {
		cfg.retryAfter = time.Second
	}
	return cfg
}

// Index is safe for concurrent use. Commits, sweeps and catching up follow one another; queries see a snapshot and wait
// for none of them.
type Index struct {
	cfg     Config
	db      *pebble.DB
	health  *health
	maxLegs int // see defaultLegs
	maxPart int // see defaultPart

	has [256]atomic.Bool // of each family of pointFamilies, whether there is any key

	// Only in bulk: what point lookups need not ask for, and where the log was taken in up to when it began.
	sieve    *sieve
	bulkFrom eventlog.Position

	recent   recent
	timeline timeline
	walking  *semaphore.Weighted // iterators that are open
	scanning *semaphore.Weighted // queries without limits

	mark    mark
	erasing sync.Mutex  // held throughout an Erase
	flushed time.Time   // when Erase last had memory written. Guarded by erasing.
	urgent  atomic.Bool // something was deleted since

	// writing is held throughout whatever changes keys.
	writing   sync.Mutex
	sinceRoom int // see awaitRoom
	count     atomic.Int64

	// closing guards closed and the growth of users, what Close waits for.
	closing sync.Mutex
	closed  bool
	users   sync.WaitGroup
}

// ErrClosed: the index was closed.
var ErrClosed = errors.New("index is closed")

// enter keeps the store open until the caller calls x.users.Done.
func (x *Index) enter() error {
	x.closing.Lock()
	defer x.closing.Unlock()
	if x.closed {
		return ErrClosed
	}
	x.users.Add(1)
	return nil
}

// Item is one event that a query found.
type Item struct {
	Pos  eventlog.Position
	Head *nostr.Event // without Content and Sig, which most answers have no need to read
	JSON []byte       // wire form
}

// Event returns the whole event.
func (it Item) Event() (*nostr.Event, error) { return nostr.DecodeEvent(it.JSON) }

// Open opens or makes the index and takes in what the log has beyond its watermark; a missing, foreign or damaged index
// is rebuilt.
func Open(ctx context.Context, cfg Config) (*Index, error) {
	cfg = cfg.withDefaults()
	x, err := open(ctx, cfg)
	if err == nil || !rebuildable(err) {
		return x, err
	}
	cfg.Logger.Warn("index is rebuilt from the log", "reason", err)
	if err := removeStore(cfg); err != nil {
		return nil, fmt.Errorf("removing the old index: %w", err)
	}
	return open(ctx, cfg)
}

func open(ctx context.Context, cfg Config) (*Index, error) {
	if condemned(cfg) {
		return nil, errCondemned
	}
	x := &Index{cfg: cfg, maxLegs: defaultLegs, maxPart: defaultPart, flushed: time.Now(),
		walking: semaphore.NewWeighted(legsAtOnce), scanning: semaphore.NewWeighted(scansAtOnce)}
	if err := x.openStore(cfg.Bulk); err != nil {
		return nil, err
	}
	if err := x.start(ctx); err != nil {
		return nil, errors.Join(err, x.closeStore())
	}
	return x, nil
}

func (x *Index) start(ctx context.Context) error {
	n, err := getUint64(x.db, keyCount)
	if err != nil {
		return err
	}
	x.count.Store(int64(n))
	if x.cfg.Bulk || x.mark.load()+x.cfg.bulkLag > x.cfg.Log.End() {
		return x.CatchUp(ctx)
	}
	for _, step := range []func() error{
		x.closeStore,
		func() error { return x.openStore(true) },
		func() error { return x.CatchUp(ctx) },
		x.closeStore,
		func() error { return x.openStore(false) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// openStore opens the store, which must be this log's. On an error no store is open.
func (x *Index) openStore(bulk bool) error {
	h := newHealth(x.cfg)
	db, err := openStore(x.cfg, h, bulk)
	if err != nil {
		return err
	}
	if err = identify(db, x.cfg.Log); err == nil && bulk {
		x.sieve, err = newSieve(db)
	}
	if err == nil {
		x.bulkFrom, err = watermark(db)
		x.mark.init(x.bulkFrom)
	}
	if err == nil {
		err = x.notePoints(db)
	}
	if err != nil {
		return errors.Join(err, db.Close())
	}
	x.db, x.health = db, h
	return nil
}

// closeStore writes what is only in memory, if it can. What was taken in in bulk is merged where it is most of all there
// is; where it is less, that would be to write everything anew for little.
func (x *Index) closeStore() error {
	if x.db == nil {
		return nil
	}
	err := x.flush()
	if err == nil && x.sieve != nil && x.cfg.Log.End() > 2*x.bulkFrom {
		err = x.db.Compact(context.Background(), []byte{0}, []byte{0xff}, false)
	}
	err = errors.Join(err, x.db.Close())
	x.db, x.sieve = nil, nil
	return err
}

// flush writes what is only in memory. It does not wait for what fails.
func (x *Index) flush() error {
	if err := x.health.err(); err != nil {
		return err
	}
	done, err := x.db.AsyncFlush()
	for err == nil {
		select {
		case <-done:
			return nil
		case <-x.health.news:
			err = x.health.err()
		}
	}
	return err
}

// catchUpGroup is how many events of the log are taken in with one batch.
const catchUpGroup = 512

// CatchUp takes in what the log has beyond the watermark. Open does so; after it, only a failed Commit makes it needed.
func (x *Index) CatchUp(ctx context.Context) error {
	if err := x.enter(); err != nil {
		return err
	}
	defer x.users.Done()
	x.writing.Lock()
	defer x.writing.Unlock()
	from, logEnd := x.mark.load(), x.cfg.Log.End()
	if from >= logEnd {
		return nil
	}
	began, said, total := time.Now(), time.Now(), 0
	s := x.Stage()
	var positions []eventlog.Position
	err := x.cfg.Log.Scan(ctx, from, func(r eventlog.Record) error {
		if len(positions) >= catchUpGroup {
			if err := x.commit(s, positions, r.Pos); err != nil {
				return err
			}
			s, positions = x.Stage(), positions[:0]
		}
		if time.Since(said) > 10*time.Second {
			said = time.Now()
			x.cfg.Logger.Info("index takes in the log", "position", r.Pos, "of", logEnd)
		}
		if r.Erased {
			if len(r.JSON) == 0 {
				return nil
			}
			if err := x.commit(s, positions, r.Pos); err != nil {
				return err
			}
			s, positions = x.Stage(), positions[:0]
			return x.remember(r)
		}
		e, err := nostr.DecodeHead(r.JSON)
		if err != nil {
			x.cfg.Logger.Error("index passes over a record that is no event", "position", r.Pos, "error", err)
			return nil
		}
		total++
		switch err := s.take(e); {
		case err == nil:
			positions = append(positions, r.Pos)
		case !refusal(err):
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := x.commit(s, positions, logEnd); err != nil {
		return err
	}
	x.cfg.Logger.Info("index took in the log", "events", total, "took", time.Since(began).Round(time.Millisecond))
	return nil
}

func refusal(err error) bool {
	return errors.Is(err, ErrDuplicate) || errors.Is(err, ErrReplaced) || errors.Is(err, ErrDeleted)
}

// End returns up to where the log is taken in.
func (x *Index) End() eventlog.Position { return x.mark.load() }

// Len returns how many events are held.
func (x *Index) Len() int { return int(x.count.Load()) }

// Close waits for what is going on, writes what is only in memory, and closes the index. A second Close does nothing.
func (x *Index) Close() error {
	x.closing.Lock()
	if x.closed {
		x.closing.Unlock()
		return nil
	}
	x.closed = true
	x.timeline.stop.Store(true)
	x.closing.Unlock()
	x.users.Wait()
	return x.closeStore()
}
