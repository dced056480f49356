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
// again.
type health struct {
	flush, compaction work
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
func (h *health) err() error { return h.flush.err() }

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
// out for nothing.
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
	return f.FS.Create(name, category)
}
