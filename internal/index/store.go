package index

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// bulkMemTable is memTableSize while much is taken in at once: few large tables are written, and merged once.
const bulkMemTable = 16 << 20

// openStore opens the store; bulk leaves its tables as they are written, for compact to merge.
func openStore(cfg Config, bulk bool) (*pebble.DB, error) {
	cache := pebble.NewCache(cfg.CacheSize)
	defer cache.Unref()
	opts := &pebble.Options{
		Cache:        cache,
		DisableWAL:   true,
		MemTableSize: cfg.memTableSize,
		MaxOpenFiles: 256,
		// A node's processor is small and its members come first.
		CompactionConcurrencyRange: func() (lower, upper int) { return 1, 1 },
		// Writing waits for nothing: what stands in level 0 is bounded by what has been taken in.
		L0StopWritesThreshold: 1 << 20,
		TargetFileSizes:       [7]int64{4 << 20},
		FormatMajorVersion:    pebble.FormatNewest,
		Logger:                storeLogger{cfg.Logger},
		EventListener:         listener(cfg),
	}
	if bulk {
		opts.MemTableSize = bulkMemTable
		opts.DisableAutomaticCompactions = true
	}
	for i := range opts.Levels {
		opts.Levels[i].BlockSize = 8 << 10
		opts.Levels[i].FilterPolicy = pointFilter{bloom.FilterPolicy(10)}
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	db, err := pebble.Open(cfg.Dir, opts)
	if err != nil {
		return nil, fmt.Errorf("index in %s %w: %w", cfg.Dir, errOpen, err)
	}
	return db, nil
}

// storeLogger passes Pebble's errors on; what it tells of its daily work is of no use to an operator.
type storeLogger struct{ *slog.Logger }

func (l storeLogger) Infof(format string, args ...any) {}
func (l storeLogger) Errorf(format string, args ...any) {
	l.Error("index: " + fmt.Sprintf(format, args...))
}

// Fatalf must not return: Pebble calls it where going on would spoil the index. Nothing is lost by ending here, since
// the log has every event and the next start reads on from the watermark.
func (l storeLogger) Fatalf(format string, args ...any) {
	panic("index: " + fmt.Sprintf(format, args...))
}

var errCondemned = errors.New("it was found damaged")

// listener hears of damage wherever Pebble reads, and of failed flushes and compactions, which Pebble tries again.
func listener(cfg Config) *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: func(err error) { cfg.Logger.Error("index: work in the background failed", "error", err) },
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			if !condemned(cfg.Dir) {
				cfg.Logger.Error("index is damaged and will be rebuilt at the next start", "file", info.Path)
				condemn(cfg.Dir)
			}
		},
	}
}

// condemn notes that the index is damaged, so that the next start rebuilds it. Where even that fails, the next start may
// find the damage anew.
func condemn(dir string) { _ = os.WriteFile(condemnation(dir), nil, 0o600) }

func condemnation(dir string) string { return dir + ".damaged" }

func condemned(dir string) bool {
	_, err := os.Stat(condemnation(dir))
	return err == nil
}

func removeStore(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Remove(condemnation(dir)); !errors.Is(err, os.ErrNotExist) {
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
	return errors.Is(err, errForeign) || errors.Is(err, errCondemned) || pebble.IsCorruptionError(err) ||
		errors.Is(err, errOpen)
}

// errOpen is wrapped by every error of opening the store.
var errOpen = errors.New("cannot be opened")
