package index

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// bulkMemTable is memTableSize while much is taken in at once: few large tables are written, and merged once.
const bulkMemTable = 16 << 20

// openStore opens the store; bulk leaves its tables as they are written, for compact to merge.
func openStore(cfg Config, h *health, bulk bool) (*pebble.DB, error) {
	cache := pebble.NewCache(cfg.CacheSize)
	defer cache.Unref()
	opts := &pebble.Options{
		Cache:        cache,
		DisableWAL:   true,
		MemTableSize: cfg.memTableSize,
		MaxOpenFiles: 256,
		// A node's processor is small and its members come first.
		CompactionConcurrencyRange: func() (lower, upper int) { return 1, 1 },
		// Pebble never stalls a write, which would wait for ever for a disk that fails: see awaitRoom.
		MemTableStopWritesThreshold: 1 << 20,
		L0StopWritesThreshold:       1 << 20,
		TargetFileSizes:             [7]int64{4 << 20},
		FormatMajorVersion:          pebble.FormatNewest,
		FS:                          storeFS{cfg.fs, h},
		Logger:                      storeLogger{cfg.Logger},
		EventListener:               listener(cfg, h),
	}
	if bulk {
		opts.MemTableSize = bulkMemTable
		opts.DisableAutomaticCompactions = true
	}
	h.tableSize = opts.MemTableSize
	for i := range opts.Levels {
		opts.Levels[i].BlockSize = 8 << 10
		opts.Levels[i].FilterPolicy = pointFilter{bloom.FilterPolicy(10)}
	}
	if err := cfg.fs.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	db, err := openPebble(cfg.Dir, opts, h)
	if err != nil {
		return nil, fmt.Errorf("index in %s %w: %w", cfg.Dir, errOpen, err)
	}
	return db, nil
}

// openPebble is pebble.Open for a disk that fails: Pebble would wait until a table can be written. Once one can, the store
// that nobody waits for any more is closed; until then it is locked.
func openPebble(dir string, opts *pebble.Options, h *health) (*pebble.DB, error) {
	type opened struct {
		db  *pebble.DB
		err error
	}
	done := make(chan opened, 1)
	go func() {
		db, err := pebble.Open(dir, opts)
		done <- opened{db, err}
	}()
	for {
		select {
		case o := <-done:
			if err := h.err(); err != nil && o.err == nil {
				return nil, fmt.Errorf("%w: %w", errUnwritable, errors.Join(err, o.db.Close()))
			}
			return o.db, o.err
		case <-h.news:
			if err := h.err(); err != nil {
				go func() {
					if o := <-done; o.err == nil {
						_ = o.db.Close()
					}
				}()
				return nil, fmt.Errorf("%w: %w", errUnwritable, err)
			}
		}
	}
}

// storeLogger passes Pebble's errors on; what it tells of its daily work is of no use to an operator.
type storeLogger struct{ *slog.Logger }

func (l storeLogger) Infof(format string, args ...any) {}
func (l storeLogger) Errorf(format string, args ...any) {
	l.Error("index: " + fmt.Sprintf(format, args...))
}

// Fatalf must not return: Pebble calls it where going on would spoil the index, as when its manifest, the list of tables,
// could not be written (and itself panics where a directory could not be synced). Nothing is lost by ending the process,
// since the log has every event: the next start reads on from the watermark, or makes the index anew.
func (l storeLogger) Fatalf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	l.Error("index: the process ends, and the next start catches up", "error", text)
	panic("index: " + text)
}

var errCondemned = errors.New("it was found damaged")

// listener hears of damage wherever Pebble reads, and of flushes and compactions.
func listener(cfg Config, h *health) *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: func(error) {}, // of which FlushEnd and CompactionEnd tell
		FlushEnd:        func(info pebble.FlushInfo) { h.flush.ended(info.Err); h.tell() },
		CompactionEnd:   func(info pebble.CompactionInfo) { h.compaction.ended(info.Err) },
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			if !condemned(cfg) {
				cfg.Logger.Error("index is damaged and will be rebuilt at the next start", "file", info.Path)
				condemn(cfg)
			}
		},
	}
}

// condemn notes that the index is damaged, so that the next start rebuilds it. Where even that fails, the next start may
// find the damage anew.
func condemn(cfg Config) {
	if f, err := cfg.fs.Create(condemnation(cfg.Dir), vfs.WriteCategoryUnspecified); err == nil {
		_ = f.Close()
	}
}

func condemnation(dir string) string { return dir + ".damaged" }

func condemned(cfg Config) bool {
	_, err := cfg.fs.Stat(condemnation(cfg.Dir))
	return err == nil
}

func removeStore(cfg Config) error {
	if err := cfg.fs.RemoveAll(cfg.Dir); err != nil {
		return err
	}
	if err := cfg.fs.Remove(condemnation(cfg.Dir)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// rebuildable reports whether an index that cannot be opened for this reason may be thrown away: not where another
// process uses it, or where the disk or the system is what fails.
func rebuildable(err error) bool {
	for _, keep := range []error{
		syscall.EAGAIN, syscall.EACCES, syscall.EPERM, syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EMFILE,
		syscall.ENFILE, syscall.ENOMEM,
	} {
		if errors.Is(err, keep) {
			return false
		}
	}
	if errors.Is(err, errUnwritable) {
		return false
	}
	return errors.Is(err, errForeign) || errors.Is(err, errCondemned) || pebble.IsCorruptionError(err) ||
		errors.Is(err, errOpen)
}

// errUnwritable: the store is there, but the disk took nothing.
var errUnwritable = errors.New("nothing can be written")

// errOpen is wrapped by every error of opening the store.
var errOpen = errors.New("cannot be opened")
