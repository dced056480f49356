package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"madang/internal/account"
	"madang/internal/blob"
	"madang/internal/durable"
	"madang/internal/eventlog"
	"madang/internal/index"
	"madang/internal/nostr"
	"madang/internal/verify"
)

// Checked counts what Check found.
type Checked struct{ Events, Erased, Blobs, Accounts, Problems int }

// Watch is told how a check goes.
type Watch struct {
	Problem  func(text string)              // something is wrong
	Step     func(name string, total int64) // a step begins; total is what Progress will come to, -1 if not known
	Progress func(done int64)
}

// Check reads all that a stopped node's data directory holds: the log's checksums, every event's id and signature, the
// index against the log, every blob against its hash and record, accounts and invites. Nothing is repaired but what
// opening repairs anyway: a torn end of the log, which was never acknowledged.
func Check(ctx context.Context, dataDir string, logger *slog.Logger, watch Watch) (Checked, error) {
	if _, err := os.Stat(filepath.Join(dataDir, "log")); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return Checked{}, fmt.Errorf("there is no node in %s", dataDir)
		}
		return Checked{}, err
	}
	c := checker{ctx: ctx, dir: dataDir, logger: logger, watch: watch}
	lock, err := lockDir(dataDir)
	if err != nil {
		return c.found, err
	}
	for _, step := range []struct {
		name string
		run  func() error
	}{
		{"node key", c.key}, {"log", c.events}, {"blobs", c.blobs}, {"accounts", c.accounts},
	} {
		watch.Step(step.name, -1)
		if err = step.run(); err != nil {
			err = fmt.Errorf("checking %s: %w", step.name, err)
			break
		}
	}
	return c.found, errors.Join(err, lock.Unlock())
}

type checker struct {
	ctx    context.Context
	dir    string
	logger *slog.Logger
	watch  Watch
	found  Checked
	own    nostr.PubKey // zero where the node's key cannot be read
}

func (c *checker) problem(format string, args ...any) {
	c.found.Problems++
	c.watch.Problem(fmt.Sprintf(format, args...))
}

func (c *checker) path(name string) string { return filepath.Join(c.dir, name) }

func (c *checker) key() error {
	var key nostr.SecretKey
	text, err := os.ReadFile(c.path("node.key"))
	if err == nil {
		key, err = nostr.ParseSecretKey(strings.TrimSpace(string(text)))
	}
	if err != nil {
		c.problem("node.key: %v", err)
		return nil
	}
	c.own = key.PubKey()
	return nil
}

func (c *checker) events() (err error) {
	log, err := eventlog.Open(eventlog.Config{Dir: c.path("log"), Logger: c.logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	_, err = log.Check(c.ctx, func(pos eventlog.Position, err error) { c.problem("log at %d: %v", pos, err) })
	if err != nil {
		return err
	}
	c.watch.Step("events", int64(log.End()))
	if err := c.signatures(log); err != nil {
		return err
	}
	c.watch.Step("index", -1)
	return c.index(log)
}

// signatures checks every event in the log, in batches on all cores.
func (c *checker) signatures(log *eventlog.Files) error {
	verifier := verify.New(verify.Config{Own: c.own})
	var batch []verify.Claim
	var at []eventlog.Position
	size := 0
	flush := func() {
		_, errs := verifier.Batch(batch)
		for i, err := range errs {
			if err != nil {
				c.problem("event at %d: %v", at[i], err)
			}
		}
		c.found.Events += len(batch)
		batch, at, size = batch[:0], at[:0], 0
	}
	err := log.Scan(c.ctx, 0, func(r eventlog.Record) error {
		if r.Erased {
			c.found.Erased++
			return nil
		}
		e, err := nostr.DecodeEvent(r.JSON)
		if err != nil {
			c.problem("event at %d: %v", r.Pos, err)
			return nil
		}
		batch, at = append(batch, verify.Claim{Event: e}), append(at, r.Pos)
		if size += len(r.JSON); len(batch) == chunkLines || size >= chunkBytes {
			flush()
			c.watch.Progress(int64(r.Pos))
		}
		return nil
	})
	flush()
	return err
}

func (c *checker) index(log *eventlog.Files) (err error) {
	// An index that must be built anew, though it is there, is damaged itself or has seen a log that held more.
	logger := slog.New(warnings{c.logger.Handler(), func(text string) { c.problem("index: %s", text) }})
	x, err := index.Open(c.ctx, index.Config{Dir: c.path("index"), Log: log, Logger: logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	differences, err := x.CheckConsistency(c.ctx)
	for _, d := range differences {
		c.problem("index: %s", d)
	}
	return err
}

func (c *checker) blobs() (err error) {
	store, err := blob.OpenDir(c.path("blobs"), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	c.found.Blobs, err = store.Check(c.ctx, func(h blob.Hash, err error) { c.problem("blob %s: %v", h, err) })
	return err
}

func (c *checker) accounts() (err error) {
	c.found.Accounts, err = account.Check(c.dir, func(file string, err error) { c.problem("%s: %v", file, err) })
	return err
}

// lockDir takes the lock of a data directory, or says who has it.
func lockDir(dir string) (*durable.LockFile, error) {
	lock, err := durable.Lock(filepath.Join(dir, "lock"))
	if errors.Is(err, durable.ErrLocked) {
		return nil, fmt.Errorf("%w: %s\nStop that one first, or name another directory with --data", ErrLocked, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("locking the data directory: %w", err)
	}
	return lock, nil
}

// warnings makes problems of what a part warns of while it opens.
type warnings struct {
	slog.Handler
	problem func(text string)
}

func (w warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn || w.Handler.Enabled(ctx, l)
}

func (w warnings) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelWarn {
		return w.Handler.Handle(ctx, r)
	}
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += ", " + a.String()
		return true
	})
	w.problem(text)
	return nil
}
