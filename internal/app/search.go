package app

import (
	"context"
	"path/filepath"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"madang/internal/eventlog"
	"madang/internal/hub"
	"madang/internal/nostr"
	"madang/internal/search"
	"madang/internal/web/relay"
)

// openSearch opens the index of words, which only a node that serves needs: it catches up with what others brought.
func (a *App) openSearch() relay.Searcher {
	s := search.Open(search.Config{
		Dir: filepath.Join(a.cfg.DataDir, "search"), Log: a.Log, Index: a.Index, Logger: a.cfg.Logger,
	})
	indexed := nostr.All()
	indexed.Kinds = search.Kinds()
	commits := a.Hub.Subscribe([]nostr.Filter{indexed}, nil, func([]*hub.Live) { s.Wake() })
	s.Wake() // for what was committed before
	a.onClose(func() error {
		commits.Cancel()
		return s.Close()
	})
	a.Metrics.NewGauge("madang_search_behind_bytes", func() float64 {
		return float64(a.Log.End() - min(a.Log.End(), s.Position()))
	})
	a.Metrics.NewGauge("madang_search_documents", func() float64 { return float64(s.Documents()) })
	return measuredSearch{s, a.Metrics.NewHistogram("madang_search_seconds")}
}

// measuredSearch takes note of how long searches take, and of nothing else.
type measuredSearch struct {
	searcher relay.Searcher
	seconds  *metrics.Histogram
}

func (m measuredSearch) Search(ctx context.Context, q search.Query) ([]eventlog.Position, error) {
	defer m.seconds.UpdateDuration(time.Now())
	return m.searcher.Search(ctx, q)
}

func (m measuredSearch) Count(ctx context.Context, q search.Query) (n int, exact bool, err error) {
	defer m.seconds.UpdateDuration(time.Now())
	return m.searcher.Count(ctx, q)
}
