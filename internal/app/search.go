package app

import (
	"path/filepath"

	"madang/internal/hub"
	"madang/internal/nostr"
	"madang/internal/search"
)

// openSearch opens the index of words, which only a node that serves needs: it catches up with what others brought.
func (a *App) openSearch() *search.Search {
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
	return s
}
