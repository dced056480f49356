package verify

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"madang/internal/nostr"
)

// Config of a Verifier.
type Config struct {
	Own     nostr.PubKey     // whose events may have MaxOwnSize bytes: the node's; zero for nobody's
	Now     func() time.Time // for how long a source is remembered; default time.Now
	Metrics *metrics.Set     // the node's; default: a new one. A set takes one Verifier.
}

// Verifier checks events together. It is safe for concurrent use, and its memory is bounded.
type Verifier struct {
	cfg      Config
	curve    *curve
	suspects suspects
	stats    stats
}

// Claim is an event that is yet to be checked.
type Claim struct {
	Event *nostr.Event
	// Source is who brought the event, as any comparable value. Signatures of a source that brought a bad one within
	// suspectTime are checked one by one, so that it cannot spoil the batches of others. Nil is nobody: bad ones are
	// found and not held against anyone.
	Source any
}

const (
	// maxBatch is how many signatures make one equation. Beyond it a signature gets hardly cheaper, while more are to be
	// checked one by one when it fails.
	maxBatch = 4096
	// grain is how many of a batch's events are worth a goroutine of their own, before the equation; a signature that is
	// checked alone always is.
	grain = 16
)

// New returns a Verifier.
func New(cfg Config) *Verifier {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Metrics == nil {
		cfg.Metrics = metrics.NewSet()
	}
	v := &Verifier{cfg: cfg, curve: newCurve(), suspects: suspects{until: make(map[any]time.Time)}}
	v.stats = newStats(cfg.Metrics, v)
	return v
}

// Batch checks each claim as One does, on all cores; verified[i] and errs[i] belong to claims[i].
func (v *Verifier) Batch(claims []Claim) (verified []Event, errs []error) {
	return v.BatchBut(claims, func([]error) {})
}

// BatchBut is Batch, but for signatures that need no check. settle is called once sizes and ids are checked, which
// costs little, with the errors so far, errs[i] for claims[i], and may set more of them: these claims go no further.
func (v *Verifier) BatchBut(claims []Claim, settle func(errs []error)) (verified []Event, errs []error) {
	verified, errs = make([]Event, len(claims)), make([]error, len(claims))
	parallel(len(claims), grain, func(i int) {
		verified[i], errs[i] = checkID(claims[i].Event, v.maxSize(claims[i].Event))
	})
	settle(errs)
	together, alone := v.part(claims, errs)
	for len(together) > 0 {
		batch := together[:min(len(together), maxBatch)]
		together = together[len(batch):]
		if len(batch) < minBatch || !v.checkTogether(claims, batch, errs) {
			alone = append(alone, batch...)
		}
	}
	v.checkAlone(claims, alone, errs)
	for i, err := range errs {
		if err != nil {
			verified[i] = Event{}
		}
	}
	return verified, errs
}

func (v *Verifier) maxSize(e *nostr.Event) int {
	if e.PubKey == v.cfg.Own {
		return MaxOwnSize
	}
	return MaxSize
}

// part says which of the claims without an error to check together and which alone, by index.
func (v *Verifier) part(claims []Claim, errs []error) (together, alone []int) {
	suspected := v.suspects.filter(claims, v.cfg.Now())
	together = make([]int, 0, len(claims))
	for i := range claims {
		switch {
		case errs[i] != nil:
		case suspected != nil && suspected[i]:
			alone = append(alone, i)
		default:
			together = append(together, i)
		}
	}
	return together, alone
}

// checkTogether reports whether all of a batch, given by index, is settled: those whose form is wrong have their error,
// and all others are good.
func (v *Verifier) checkTogether(claims []Claim, batch []int, errs []error) bool {
	terms := make([]term, len(batch))
	parallel(len(batch), grain, func(i int) {
		e := claims[batch[i]].Event
		terms[i], errs[batch[i]] = v.curve.term(&e.PubKey, &e.ID, &e.Sig)
	})
	wellFormed := terms[:0]
	for i := range terms {
		if errs[batch[i]] == nil {
			wellFormed = append(wellFormed, terms[i])
		}
	}
	v.stats.batch(len(wellFormed))
	if v.curve.sumIsZero(wellFormed) {
		return true
	}
	v.stats.failed.Inc()
	return false
}

// checkAlone checks the claims of these indexes one by one, and remembers who brought what is bad.
func (v *Verifier) checkAlone(claims []Claim, indexes []int, errs []error) {
	v.stats.alone.Add(len(indexes))
	parallel(len(indexes), 1, func(i int) {
		e := claims[indexes[i]].Event
		errs[indexes[i]] = v.curve.check(&e.PubKey, &e.ID, &e.Sig)
	})
	for _, i := range indexes {
		if errs[i] != nil && claims[i].Source != nil {
			v.suspects.add(claims[i].Source, v.cfg.Now())
		}
	}
}

// parallel calls f for 0 to n-1 on as many cores as there are, each taking grain calls at a time.
func parallel(n, grain int, f func(i int)) {
	var next atomic.Int64
	work := func() {
		for {
			end := int(next.Add(int64(grain)))
			start := end - grain
			if start >= n {
				return
			}
			for i := start; i < min(end, n); i++ {
				f(i)
			}
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+grain-1)/grain) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
}
