package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"madang/internal/clock"
	"madang/internal/eventlog"
)

// openClock starts a data directory's clock, no earlier than the newest record of its log.
func openClock(ctx context.Context, cfg Config, log *eventlog.Files) (*clock.Clock, error) {
	pos, received, ok, err := log.Newest(ctx)
	if err != nil {
		return nil, err
	}
	newest := clock.Stored{Position: uint64(pos)}
	if ok {
		newest.Received = time.UnixMilli(received)
	}
	return clock.Open(clock.Config{
		File: filepath.Join(cfg.DataDir, "clock.json"), Newest: newest, System: cfg.Now, Logger: cfg.Logger,
	}), nil
}

func (a *App) setClock(t time.Time) error { return a.Clock.Set(t, uint64(a.Log.End())) }

// openTime lets commands ask the node for its time, in Unix milliseconds.
func (a *App) openTime() {
	a.Control.HandleFunc("GET /time", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(a.Clock.Now().UnixMilli()) // who hung up needs no answer
	})
}

// NodeTime is the time by the clock of the node of a data directory, whether it serves or not: the machine's own may be
// another, and what is made for the node must be dated by its clock.
func NodeTime(ctx context.Context, cfg Config) (time.Time, error) {
	now, err := servingTime(ctx, cfg.DataDir)
	if !errors.Is(err, ErrNotRunning) {
		return now, err
	}
	lock, err := lockDir(cfg.DataDir)
	if errors.Is(err, ErrLocked) { // by a command that serves nobody: the machine's word must do
		return time.Now(), nil
	}
	if err != nil {
		return time.Time{}, err
	}
	defer lock.Unlock()
	log, err := eventlog.Open(eventlog.Config{Dir: filepath.Join(cfg.DataDir, "log"), Logger: cfg.Logger})
	if err != nil {
		return time.Time{}, err
	}
	defer log.Close()
	c, err := openClock(ctx, cfg, log)
	if err != nil {
		return time.Time{}, err
	}
	return c.Now(), nil
}

func servingTime(ctx context.Context, dataDir string) (time.Time, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://node/time", nil)
	if err != nil {
		return time.Time{}, err
	}
	r, err := ControlClient(dataDir).Do(req)
	if err != nil {
		return time.Time{}, err
	}
	defer r.Body.Close()
	var ms int64
	if err := json.NewDecoder(io.LimitReader(r.Body, maxControl)).Decode(&ms); err != nil {
		return time.Time{}, fmt.Errorf("the node did not tell its time: %w", err)
	}
	return time.UnixMilli(ms), nil
}
