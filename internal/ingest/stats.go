package ingest

import "github.com/VictoriaMetrics/metrics"

// stats are of groups or of all events, never of one or of its author.
type stats struct {
	held    *metrics.Counter   // events whose signature was not checked, because the index had them
	events  *metrics.Histogram // of one group; its count is that of groups
	seconds *metrics.Histogram // from a group's first look at the index to its fan-out
}

func newStats(set *metrics.Set, in *Ingest) stats {
	set.NewGauge("madang_ingest_waiting_calls", func() float64 { return float64(in.checking.len()) })
	set.NewGauge("madang_ingest_waiting_events", func() float64 { return float64(in.committing.len()) })
	return stats{
		held:    set.NewCounter("madang_ingest_held_events_total"),
		events:  set.NewHistogram("madang_ingest_group_events"),
		seconds: set.NewHistogram("madang_ingest_group_seconds"),
	}
}
