package verify

import "github.com/VictoriaMetrics/metrics"

// stats count signatures, and nothing of whose they are.
type stats struct {
	sizes  *metrics.Histogram // signatures of one batch; its count is that of batches
	alone  *metrics.Counter   // signatures checked one by one: few at a time, of a failed batch, or of a suspect
	failed *metrics.Counter   // batches
}

func newStats(set *metrics.Set, v *Verifier) stats {
	set.NewGauge("madang_verify_suspects", func() float64 { return float64(v.suspects.len()) })
	return stats{
		sizes:  set.NewHistogram("madang_verify_batch_signatures"),
		alone:  set.NewCounter("madang_verify_single_signatures_total"),
		failed: set.NewCounter("madang_verify_failed_batches_total"),
	}
}

func (s *stats) batch(signatures int) { s.sizes.Update(float64(signatures)) }
