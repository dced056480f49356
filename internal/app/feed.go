package app

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

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

// maxControl bounds a request and a line of an answer on the control socket, in bytes.
const maxControl = 64 << 10

// importFeed takes a feed.Source and answers JSON lines.
func (a *App) importFeed(w http.ResponseWriter, r *http.Request) {
	var source feed.Source
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxControl)).Decode(&source); err != nil {
		http.Error(w, "no source: "+err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/jsonl")
	lines, control := json.NewEncoder(w), http.NewResponseController(w)
	write := func(line feedLine) {
		// Who does not listen any more has ended the request's context, and with it the import.
		_ = lines.Encode(line)
		_ = control.Flush()
	}
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
	feed.Report, error) {
	body, err := json.Marshal(source)
	if err != nil {
		return feed.Report{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://node/feed/import", bytes.NewReader(body))
	if err != nil {
		return feed.Report{}, err
	}
	client := ControlClient(dataDir)
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	var asked *url.Error
	if errors.As(err, &asked) {
		err = asked.Err // the address is none that a person knows
	}
	if err != nil {
		return feed.Report{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return feed.Report{}, fmt.Errorf("the node answers %s", resp.Status)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, maxControl)
	for lines.Scan() {
		var line feedLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return feed.Report{}, fmt.Errorf("the node's answer: %w", err)
		}
		switch {
		case line.Report == nil:
			if progress != nil {
				progress(line.Done, line.Total)
			}
		case line.Error != "":
			return *line.Report, errors.New(line.Error)
		default:
			return *line.Report, nil
		}
	}
	if err := cmp.Or(ctx.Err(), lines.Err()); err != nil {
		return feed.Report{}, err
	}
	return feed.Report{}, errors.New("the node stopped before the import was done; what was published stays")
}
