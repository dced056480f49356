package wire

import (
	"fmt"
	"math"

	"madang/internal/nostr"
)

const (
	pageLimit = 500     // events of a page; the relay may give fewer
	maxPages  = 200_000 // of one connection
)

// page goes through all that the relay has, from the newest on, and through what is here beside it: the way of those
// who do not reconcile.
func (s *session) page(mine *holding) error {
	f := s.options.Filter
	f.Limit = pageLimit
	for range maxPages {
		there, oldest, err := s.onePage(f)
		if err != nil {
			return err
		}
		since := f.Since // from which on the page is whole
		if len(there) > 0 {
			if since = oldest + 1; oldest == f.Until {
				since = oldest // one second has more than a page: the rest of it cannot be had
			}
		}
		if s.options.Up {
			lacking, err := mine.between(since, f.Until, there)
			if err != nil {
				return err
			}
			if err := s.publish(lacking); err != nil {
				return err
			}
		}
		if f.Until = since - 1; f.Until < f.Since || len(there) == 0 {
			return nil
		}
	}
	return fmt.Errorf("%w: its pages come to no end", errMessage)
}

// onePage returns the ids of a page and the time of the oldest event, and takes in what is missing here.
func (s *session) onePage(f nostr.Filter) (there map[nostr.ID]bool, oldest int64, err error) {
	in := batch{s: s}
	err = s.patiently(func() (closed error, err error) {
		there, oldest = map[nostr.ID]bool{}, math.MaxInt64
		return s.req(f, func(e *nostr.Event) error {
			if !f.Matches(e) || there[e.ID] {
				return nil
			}
			there[e.ID], oldest = true, min(oldest, e.CreatedAt)
			return s.takePaged(e, &in)
		})
	})
	if err != nil {
		return nil, 0, err
	}
	return there, oldest, in.submit()
}

// takePaged takes in an event that came without having been asked for by its id.
func (s *session) takePaged(e *nostr.Event, in *batch) error {
	if !s.options.Down || s.settled[e.ID] {
		return nil
	}
	missing, err := s.cfg.Index.Missing([]nostr.ID{e.ID})
	if err != nil || len(missing) == 0 {
		return err
	}
	return in.add(e)
}
