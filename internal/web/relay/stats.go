package relay

import (
	"fmt"

	"github.com/VictoriaMetrics/metrics"
)

// stats are about the service, never about people: no key, address, filter or content is in them. All are there from the
// start, at zero.
type stats struct {
	set                 *metrics.Set
	accepted, duplicate *metrics.Counter
	deliveries, dropped *metrics.Counter
	deflated, saved     *metrics.Counter // events, and bytes by which they got smaller
	received, sent      *metrics.Counter // bytes, as they went over the wire
	queries             [queryKinds]*metrics.Histogram
	limited             [limits]*metrics.Counter
	authOK, authRefused *metrics.Counter
}

// queryKind is a kind of message that asks.
type queryKind int

const (
	queryREQ queryKind = iota // until all that is stored has been found
	queryCOUNT
	queryNegOpen // until the set is gathered
	queryNegMsg  // answering one message of a reconciliation, the first included
	queryKinds
)

var queryNames = [queryKinds]string{"REQ", "COUNT", "NEG-OPEN", "NEG-MSG"}

// limit is one that a client met.
type limit int

const (
	limitConnections limit = iota
	limitMessages
	limitBytes
	limitEvents
	limitLetters
	limitAuthor
	limitQueries
	limitQueriesAtOnce
	limitSubscriptions
	limitFilters
	limitReconciliations
	limitUnfinished
	limits
)

var limitNames = [limits]string{
	"connections", "messages", "bytes", "events", "letters", "author", "queries", "queries-at-once", "subscriptions",
	"filters", "reconciliations", "unfinished",
}

// refusals are the words before the colon of an OK message that refuses (NIP-01, NIP-13, NIP-42).
var refusals = []string{"auth-required", "blocked", "error", "invalid", "pow", "rate-limited", "restricted"}

func newStats(set *metrics.Set, r *Relay) *stats {
	set.NewGauge("madang_relay_connections", func() float64 { return float64(r.Len()) })
	set.NewGauge("madang_relay_subscriptions", func() float64 { return float64(r.cfg.Hub.Len()) })
	set.NewGauge("madang_relay_queued_bytes", func() float64 { return float64(r.queued.Load()) })
	set.NewGauge("madang_relay_filter_bytes", func() float64 { return float64(r.filters.Load()) })
	set.NewGauge("madang_relay_reconciled_events", func() float64 { return float64(r.negItems.Load()) })
	s := &stats{
		set:         set,
		accepted:    set.NewCounter("madang_relay_events_accepted_total"),
		duplicate:   set.NewCounter("madang_relay_events_duplicate_total"),
		deliveries:  set.NewCounter("madang_relay_deliveries_total"),
		dropped:     set.NewCounter("madang_relay_slow_readers_dropped_total"),
		received:    set.NewCounter("madang_relay_received_bytes_total"),
		sent:        set.NewCounter("madang_relay_sent_bytes_total"),
		deflated:    set.NewCounter("madang_relay_deflated_events_total"),
		saved:       set.NewCounter("madang_relay_deflate_saved_bytes_total"),
		authOK:      set.NewCounter(`madang_relay_auth_total{result="ok"}`),
		authRefused: set.NewCounter(`madang_relay_auth_total{result="refused"}`),
	}
	for i, name := range queryNames {
		s.queries[i] = set.NewHistogram(fmt.Sprintf("madang_relay_query_seconds{type=%q}", name))
	}
	for _, word := range refusals {
		s.refused(word)
	}
	for i, name := range limitNames {
		s.limited[i] = set.NewCounter(fmt.Sprintf("madang_relay_limited_total{limit=%q}", name))
	}
	return s
}

func (s *stats) refused(word string) *metrics.Counter {
	return s.set.GetOrCreateCounter(fmt.Sprintf("madang_relay_events_refused_total{reason=%q}", word))
}

// event counts the answer to one EVENT. The words before the colon are the node's own, so they are few.
func (s *stats) event(ok bool, message string) {
	switch {
	case !ok:
		s.refused(prefix(message)).Inc()
	case prefix(message) == "duplicate":
		s.duplicate.Inc()
	default:
		s.accepted.Inc()
	}
}

// within counts a client that met the limit, unless ok, which it returns.
func (s *stats) within(l limit, ok bool) bool {
	if !ok {
		s.limited[l].Inc()
	}
	return ok
}

// auth counts the answer to one AUTH (NIP-42).
func (s *stats) auth(ok bool) {
	if ok {
		s.authOK.Inc()
	} else {
		s.authRefused.Inc()
	}
}
