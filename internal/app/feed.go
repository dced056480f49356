package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"madang/internal/feed"
)

// openFeeds makes the importer, and lets commands reach it while the node serves.
func (a *App) openFeeds() {
	a.Feeds = feed.New(feed.Config{
		NodeKey: a.NodeKey, Ingest: a.Ingest, Index: a.Index, Policy: a.Policy, Blobs: a.Blobs,
		BaseURL: a.URL, Now: a.Clock.Now, Logger: a.cfg.Logger,
	})
	a.onClose(a.Feeds.Close)
	a.Control.HandleFunc("POST /feed/import", a.importFeed)
}

// feedLine is one line of what the control socket answers to an import: how far it is, or, in the last one, how it
// ended. The report is there after an error too: what was published stays.
type feedLine struct {
	Done   int          `json:"done,omitempty"`
	Total  int          `json:"total,omitempty"`
	Report *feed.Report `json:"report,omitempty"`
	Error  string       `json:"error,omitempty"`
}

// importFeed takes a feed.Source and answers JSON lines.
func (a *App) importFeed(w http.ResponseWriter, r *http.Request) {
	var source feed.Source
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControl)).Decode(&source); err != nil {
		http.Error(w, "no source: "+err.Error(), http.StatusBadRequest)
		return
	}
	write := lineWriter(w)
	report, err := a.Feeds.Import(r.Context(), source, func(done, total int) {
		write(feedLine{Done: done, Total: total})
	})
	last := feedLine{Report: &report}
	if err != nil {
		last.Error = err.Error()
	}
	write(last)
}

// ImportFeed imports a feed into the node of a data directory: through the node that serves it, or, where none does,
// by opening it with cfg.
func ImportFeed(ctx context.Context, cfg Config, source feed.Source, progress func(done, total int)) (
	report feed.Report, err error) {
	report, err = importThroughNode(ctx, cfg.DataDir, source, progress)
	if !errors.Is(err, ErrNotRunning) {
		return report, err
	}
	a, err := Open(ctx, cfg)
	if err != nil {
		return feed.Report{}, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return a.Feeds.Import(ctx, source, progress)
}

func importThroughNode(ctx context.Context, dataDir string, source feed.Source, progress func(done, total int)) (
	report feed.Report, err error) {
	err = askNode(ctx, dataDir, "/feed/import", source, func(text []byte) (last bool, err error) {
		var line feedLine
		if err := json.Unmarshal(text, &line); err != nil {
			return false, err
		}
		if line.Report == nil {
			if progress != nil {
				progress(line.Done, line.Total)
			}
			return false, nil
		}
		report = *line.Report
		return true, asError(line.Error)
	})
	return report, err
}
