// Package app puts a node together: it opens what lies in the data directory in the right order, publishes the node's
// own events (NIP-01, NIP-43, NIP-51), serves, and closes everything in the opposite order.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"madang/internal/account"
	"madang/internal/blob"
	"madang/internal/clock"
	"madang/internal/eventlog"
	"madang/internal/feed"
	"madang/internal/hub"
	"madang/internal/index"
	"madang/internal/ingest"
	"madang/internal/media"
	"madang/internal/nostr"
	"madang/internal/policy"
	"madang/internal/verify"
	"madang/internal/web/relay"
)

// ErrLocked is wrapped by Open's error when another process has the data directory.
var ErrLocked = errors.New("another madang uses this data directory")

// Config of a node.
type Config struct {
	DataDir   string           // made if absent
	Listen    string           // HOST:PORT; port 0 takes a free one
	Name      string           // what people call the node; default: as last time, else "Madang"
	Open      bool             // any key may write and upload
	MinWork   int              // bits of work asked of events that no member writes or brings (NIP-13); default: as below
	PublicURL string           // where people reach the node, without a slash at the end; default: from Listen
	Version   string           // default: "dev"
	Bulk      bool             // very many events are about to come: an import's way of filling the index
	CacheSize int64            // of the index, bytes; default: as below
	Limits    relay.Limits     // default: what config.toml or else package config says, without rates when Open
	Logger    *slog.Logger     // default: slog.Default()
	Now       func() time.Time // the machine's clock; default: time.Now
}

// App is a node. Its parts may be used directly while it is open.
type App struct {
	Clock    *clock.Clock
	Log      *eventlog.Files
	Index    *index.Index
	Blobs    *blob.Dir
	Policy   *policy.Policy
	Hub      *hub.Hub
	Ingest   *ingest.Ingest
	Accounts *account.Accounts
	Feeds    *feed.Importer
	Media    *media.Jobs // nil until OpenMedia or Serve
	NodeKey  nostr.SecretKey
	Metrics  *metrics.Set
	// Control takes requests from this machine's own commands while the node serves, over a socket in the data
	// directory that only the node's own user can open. Add to it before Serve.
	Control *http.ServeMux

	cfg      Config
	file     nodeFile // guarded by naming once the node serves
	naming   sync.RWMutex
	renaming sync.Mutex // one change of what the node says of itself at a time
	peers    peers
	closers  []func() error // in the order of opening
	ready    chan struct{}
	catchUp  time.Duration // what opening the index took
	addr     net.Addr      // set before ready is closed
}

// Open takes the lock and opens everything but the listener. The caller must Close what it gets.
func Open(ctx context.Context, cfg Config) (*App, error) {
	cfg.setDefaults()
	a := &App{cfg: cfg, Metrics: metrics.NewSet(), Control: http.NewServeMux(), ready: make(chan struct{})}
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (cfg *Config) setDefaults() {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Version == "" {
		cfg.Version = "dev"
	}
}

func (a *App) open(ctx context.Context) error {
	if err := a.cfg.readSettings(); err != nil {
		return err
	}
	dir := a.cfg.DataDir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the data directory: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return err
	}
	a.onClose(lock.Unlock)
	if a.NodeKey, err = nodeKey(filepath.Join(dir, "node.key")); err != nil {
		return err
	}
	if a.file, err = readNodeFile(dir); err != nil {
		return err
	}
	a.Log, err = eventlog.Open(eventlog.Config{Dir: filepath.Join(dir, "log"), Logger: a.cfg.Logger, Metrics: a.Metrics})
	if err != nil {
		return fmt.Errorf("opening the event log: %w", err)
	}
	a.onClose(a.Log.Close)
	if a.Clock, err = openClock(ctx, a.cfg, a.Log); err != nil {
		return fmt.Errorf("reading when this node last stored anything: %w", err)
	}
	began := time.Now()
	a.Index, err = index.Open(ctx, index.Config{
		Dir: filepath.Join(dir, "index"), Log: a.Log, CacheSize: a.cfg.CacheSize, Bulk: a.cfg.Bulk, Logger: a.cfg.Logger,
	})
	if err != nil {
		return fmt.Errorf("opening the index: %w", err)
	}
	a.onClose(a.Index.Close)
	a.catchUp = time.Since(began)
	if a.Blobs, err = blob.OpenDir(filepath.Join(dir, "blobs"), a.Clock.Now); err != nil {
		return fmt.Errorf("opening the blobs: %w", err)
	}
	a.onClose(a.Blobs.Close)
	a.Policy = policy.New(policy.Config{
		NodeKey: a.NodeKey.PubKey(), Open: a.cfg.Open, MinWork: a.cfg.MinWork, PublicHost: hostOf(a.cfg.PublicURL),
	})
	if err := a.observeOwn(ctx); err != nil {
		return fmt.Errorf("reading the roster: %w", err)
	}
	a.Hub = hub.New()
	a.Ingest = ingest.New(ingest.Config{
		Log: a.Log, Index: a.Index, Hub: a.Hub, Policy: a.Policy,
		Verifier: verify.New(verify.Config{Own: a.NodeKey.PubKey(), Metrics: a.Metrics}),
		Now:      a.Clock.Now, Known: a.Clock.Known, Logger: a.cfg.Logger, Metrics: a.Metrics,
	})
	a.onClose(a.Ingest.Close)
	if err := a.chooseName(); err != nil {
		return fmt.Errorf("keeping the node's name: %w", err)
	}
	if err := a.publishOwn(ctx); err != nil {
		return fmt.Errorf("publishing the node's own events: %w", err)
	}
	a.Accounts, err = account.Open(account.Config{
		Dir: dir, NodeKey: a.NodeKey, Ingest: a.Ingest, Index: a.Index, Policy: a.Policy,
		Now: a.Clock.Now, Logger: a.cfg.Logger,
	})
	if err != nil {
		return err
	}
	a.onClose(a.Accounts.Close)
	a.openFeeds()
	a.openPeers()
	a.openTime()
	a.measure()
	return nil
}

// OpenMedia starts the queue of video work, which only some commands need. A second call does nothing.
func (a *App) OpenMedia() error {
	if a.Media != nil {
		return nil
	}
	jobs, err := media.Open(media.Config{
		Dir: filepath.Join(a.cfg.DataDir, "jobs"), Blobs: a.Blobs, Now: a.Clock.Now, Logger: a.cfg.Logger,
	})
	if err != nil {
		return err
	}
	a.Media = jobs
	a.Metrics.NewGauge("madang_media_waiting_videos", func() float64 { return float64(jobs.Waiting()) })
	a.onClose(jobs.Close)
	return nil
}

func (a *App) onClose(f func() error) { a.closers = append(a.closers, f) }

// Close closes everything, last opened first.
func (a *App) Close() error {
	var errs []error
	for _, f := range slices.Backward(a.closers) {
		errs = append(errs, f())
	}
	a.closers = nil
	return errors.Join(errs...)
}
