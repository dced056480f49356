package app

import (
	"context"
	"time"
)

const (
	sweepTime = 10 * time.Minute
	// sweepAfter is for how many sweeps the clock must have been known and gone forward until what has expired is dropped,
	// which cannot be undone: three hours in which somebody may notice that it runs ahead.
	sweepAfter = 18
)

// sweep drops expired events (NIP-40), which no query shows any more, erases from the log what is gone, and forgets
// addresses.
func (a *App) sweep(ctx context.Context) error {
	tick := time.NewTicker(sweepTime)
	defer tick.Stop()
	var past past
	for {
		a.Accounts.Sweep()
		if !a.Clock.Known() {
			past = nil
		} else if until, ok := past.note(a.Clock.Now().Unix()); ok {
			if _, err := a.Index.Sweep(ctx, until); err != nil && ctx.Err() == nil {
				a.cfg.Logger.Error("expired events could not be dropped", "error", err)
			}
		}
		if _, err := a.Index.Erase(ctx); err != nil && ctx.Err() == nil {
			a.cfg.Logger.Error("what is gone could not be erased from the log", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// past is what the clock has shown at the last sweeps, in Unix seconds.
type past []int64

// note adds what it shows now, and returns what it showed sweepAfter sweeps ago, if it has gone forward since.
func (p *past) note(now int64) (then int64, ok bool) {
	if n := len(*p); n > 0 && now < (*p)[n-1] {
		*p = nil
	}
	*p = append(*p, now)
	if len(*p) <= sweepAfter {
		return 0, false
	}
	then = (*p)[0]
	*p = (*p)[1:]
	return then, true
}
