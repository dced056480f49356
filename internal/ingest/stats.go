package ingest

import "github.com/VictoriaMetrics/metrics"

// stats are of groups, never of events or authors.
type stats struct {
	events  *metrics.Histogram // of one group; its count is that of groups
	seconds *metrics.Histogram // from a group's first look at the index to its fan-out
}

func newStats(set *metrics.Set, in *Ingest) stats {
	set.NewGauge("madang_ingest_waiting_calls", func() float64 { return float64(in.checking.len()) })
	set.NewGauge("madang_ingest_waiting_events", func() float64 { return float64(in.committing.len()) })
	return stats{
		events:  set.NewHistogram("madang_ingest_group_events"),
		seconds: set.NewHistogram("madang_ingest_group_seconds"),
	}
}
