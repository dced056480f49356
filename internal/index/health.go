package index

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// health is what one opened store's work in the background says of itself. While tables cannot be written, the index
// answers queries and takes nothing in (it would soon wait for memory that never gets free), and Pebble tries again and
// again. A store whose manifest could not be written is spoiled: it answers queries, and is opened again by CatchUp.
type health struct {
	flush, compaction work
	spoiled           atomic.Pointer[error]
	abandoned         atomic.Bool // nobody waits for it to be opened any more
	retryAfter        time.Duration
	tableSize         uint64 // bytes of a table in memory, of a store that has grown to its size

	// news has something after each flush, and after whatever failed, for who waits for it. There is only one.
	news chan struct{}
}

func newHealth(cfg Config) *health {
	h := &health{retryAfter: cfg.retryAfter, news: make(chan struct{}, 1)}
	h.flush = work{"writing tables of the index", cfg.Logger, h, atomic.Pointer[error]{}}
	h.compaction = work{"merging tables of the index", cfg.Logger, h, atomic.Pointer[error]{}}
	return h
}

// err says why the index takes nothing in, or nil.
func (h *health) err() error {
	if err := h.spoiled.Load(); err != nil {
		return *err
	}
	return h.flush.err()
}

func (h *health) spoil(err error) {
	if h.spoiled.CompareAndSwap(nil, &err) {
		h.flush.logger.Error("index takes nothing in until it is opened again", "error", err)
	}
	h.tell()
}

func (h *health) tell() {
	select {
	case h.news <- struct{}{}:
	default:
	}
}

// work is one kind of what Pebble does in the background.
type work struct {
	name    string
	logger  *slog.Logger
	health  *health
	failure atomic.Pointer[error]
}

func (w *work) err() error {
	if err := w.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// ended notes how it went, with a line in the node's log when that changes.
func (w *work) ended(err error) {
	if err == nil {
		if w.failure.Swap(nil) != nil {
			w.logger.Info(w.name + " works again")
		}
		return
	}
	if errors.Is(err, pebble.ErrCancelledCompaction) || err.Error() == "pebble: empty table" {
		return // nothing had to be written
	}
	err = fmt.Errorf("%s: %w", w.name, err)
	if w.failure.Swap(&err) == nil {
		w.logger.Error("index: work in the background failed and is tried again", "error", err)
	}
	w.health.tell()
}

const (
	roomEvery = 1 << 20 // bytes of keys committed after which memory is looked at
	maxTables = 3       // tables' worth of memory: two that are being written, one that is being filled
)

// awaitRoom waits until no more is in memory than should be. x.writing is held. Tables are not counted: the first ones
// are small, and Pebble writes none before they have half of a whole one together.
func (x *Index) awaitRoom() error {
	if x.sinceRoom < roomEvery {
		return x.health.err()
	}
	x.sinceRoom = 0
	for {
		if err := x.health.err(); err != nil || x.db.Metrics().MemTable.Size <= maxTables*x.health.tableSize {
			return err
		}
		<-x.health.news
	}
}

// storeFS makes Pebble wait before it tries again what has failed: it would do so at once, and on a full disk wear that
// out for nothing. A spoiled store writes no more tables.
type storeFS struct {
	vfs.FS
	health *health
}

func (f storeFS) Unwrap() vfs.FS { return f.FS }

func (f storeFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	h := f.health
	if h.err() != nil || h.compaction.err() != nil {
		time.Sleep(h.retryAfter)
	}
	if err := h.spoiled.Load(); err != nil {
		if h.abandoned.Load() {
			select {} // or else it would be tried again for ever
		}
		return nil, *err
	}
	return f.FS.Create(name, category)
}

// OpenDir returns a directory whose Sync does not fail: there Pebble would end the process. The store is spoiled instead.
// Should a power cut undo what was not synced, the next start finds it, at worst by making the index anew.
func (f storeFS) OpenDir(name string) (vfs.File, error) {
	dir, err := f.FS.OpenDir(name)
	return storeDir{dir, f.health}, err
}

type storeDir struct {
	vfs.File
	health *health
}

func (d storeDir) Sync() error {
	if err := d.File.Sync(); err != nil {
		d.health.spoil(err)
	}
	return nil
}

// writable tells whether a file can be written beside the index.
func writable(cfg Config) (err error) {
	name := cfg.Dir + ".probe"
	f, err := cfg.fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, 4096))
	return errors.Join(err, f.Sync(), f.Close(), cfg.fs.Remove(name))
}

// reopen opens a spoiled store again, once the disk takes anything: queries under way end first, and others wait.
func (x *Index) reopen() error {
	x.closing.Lock()
	defer x.closing.Unlock()
	if x.closed {
		return ErrClosed
	}
	if x.db != nil && x.health.spoiled.Load() == nil {
		return nil
	}
	if err := writable(x.cfg); err != nil {
		return fmt.Errorf("index cannot be opened again: %w", err)
	}
	x.users.Wait()
	if err := x.closeStore(); err != nil {
		x.cfg.Logger.Warn("index: closing it to open it again", "error", err)
	}
	if err := x.openStore(x.cfg.Bulk); err != nil {
		return err
	}
	n, err := getUint64(x.db, keyCount)
	if err != nil {
		return err
	}
	x.count.Store(int64(n))
	x.timeline.reset()
	x.cfg.Logger.Info("index is open again")
	return nil
}
