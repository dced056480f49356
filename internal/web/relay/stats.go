package relay

import (
	"fmt"

	"github.com/VictoriaMetrics/metrics"
)

// stats are about the service, never about people: no key, address, filter or content is in them.
type stats struct {
	set                 *metrics.Set
	accepted, duplicate *metrics.Counter
	deliveries, dropped *metrics.Counter
	queries             *metrics.Histogram
}

func newStats(set *metrics.Set, r *Relay) *stats {
	set.NewGauge("madang_relay_connections", func() float64 { return float64(r.Len()) })
	set.NewGauge("madang_relay_subscriptions", func() float64 { return float64(r.cfg.Hub.Len()) })
	set.NewGauge("madang_relay_queued_bytes", func() float64 { return float64(r.queued.Load()) })
	return &stats{
		set:        set,
		accepted:   set.NewCounter("madang_relay_events_accepted_total"),
		duplicate:  set.NewCounter("madang_relay_events_duplicate_total"),
		deliveries: set.NewCounter("madang_relay_deliveries_total"),
		dropped:    set.NewCounter("madang_relay_slow_readers_dropped_total"),
		queries:    set.NewHistogram("madang_relay_query_seconds"),
	}
}

// event counts the answer to one EVENT. The words before the colon are the node's own, so they are few.
func (s *stats) event(ok bool, message string) {
	switch {
	case !ok:
		s.set.GetOrCreateCounter(fmt.Sprintf("madang_relay_events_refused_total{reason=%q}", prefix(message))).Inc()
	case prefix(message) == "duplicate":
		s.duplicate.Inc()
	default:
		s.accepted.Inc()
	}
}
