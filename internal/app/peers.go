package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"

	"madang/internal/nostr"
	"madang/internal/peer/wire"
)

// peers are the reconciliations with other nodes that are under way.
type peers struct {
	underWay sync.RWMutex // held for reading by each
	ctx      context.Context
	end      context.CancelFunc // ends all, and lets none begin
}

// openPeers lets commands have the node reconcile while it serves.
func (a *App) openPeers() {
	a.peers.ctx, a.peers.end = context.WithCancel(context.Background())
	a.onClose(func() error {
		a.peers.end()
		a.peers.underWay.Lock()
		defer a.peers.underWay.Unlock()
		return nil
	})
	a.Control.HandleFunc("POST /sync", a.syncByControl)
}

// Sync reconciles all public events with another relay.
func (a *App) Sync(ctx context.Context, d Direction, tell func(wire.Report)) (wire.Report, error) {
	a.peers.underWay.RLock()
	defer a.peers.underWay.RUnlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(a.peers.ctx, cancel)()
	cfg := wire.Config{
		Index: a.Index, Ingest: a.Ingest, Policy: a.Policy, Now: a.Clock.Now, Logger: a.cfg.Logger,
	}
	return wire.Sync(ctx, cfg, wire.Options{URL: d.URL, Filter: nostr.All(), Up: d.Up, Down: d.Down}, tell)
}

// Direction says with which relay to reconcile, and which way events go.
type Direction struct {
	URL  string `json:"url"`
	Up   bool   `json:"up"`   // publish there what is missing there
	Down bool   `json:"down"` // take in what is missing here
}

// syncLine is one line of what the control socket answers: how far it is, or, in the last one, how it ended.
type syncLine struct {
	Report wire.Report `json:"report"`
	Ended  bool        `json:"ended,omitempty"`
	Error  string      `json:"error,omitempty"`
}

// syncByControl takes a Direction and answers JSON lines.
func (a *App) syncByControl(w http.ResponseWriter, r *http.Request) {
	var d Direction
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControl)).Decode(&d); err != nil {
		http.Error(w, "no direction: "+err.Error(), http.StatusBadRequest)
		return
	}
	write := lineWriter(w)
	report, err := a.Sync(r.Context(), d, func(report wire.Report) { write(syncLine{Report: report}) })
	last := syncLine{Report: report, Ended: true}
	if err != nil {
		last.Error = err.Error()
	}
	write(last)
}

// SyncPeer has the node of a data directory reconcile with another: the process that serves it, or, where none does,
// this one, which opens it with cfg.
func SyncPeer(ctx context.Context, cfg Config, d Direction, tell func(wire.Report)) (report wire.Report, err error) {
	err = askNode(ctx, cfg.DataDir, "/sync", d, func(text []byte) (last bool, err error) {
		var line syncLine
		if err := json.Unmarshal(text, &line); err != nil {
			return false, err
		}
		if report = line.Report; line.Ended {
			return true, asError(line.Error)
		}
		if tell != nil {
			tell(report)
		}
		return false, nil
	})
	if !errors.Is(err, ErrNotRunning) {
		return report, err
	}
	a, err := Open(ctx, cfg)
	if err != nil {
		return wire.Report{}, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return a.Sync(ctx, d, tell)
}
