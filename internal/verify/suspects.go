package verify

import (
	"maps"
	"sync"
	"time"
)

const (
	suspectTime = 10 * time.Minute
	maxSuspects = 4096
)

// suspects are the sources that brought bad signatures lately.
type suspects struct {
	mu    sync.Mutex // guards what follows; held for one pass over until at most
	until map[any]time.Time
	sweep time.Time // when those whose time is over are to be forgotten next
}

// filter says which claims come from suspects; nil if none does.
func (s *suspects) filter(claims []Claim, now time.Time) (suspected []bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !now.Before(s.sweep) {
		maps.DeleteFunc(s.until, func(_ any, until time.Time) bool { return !now.Before(until) })
		s.sweep = now.Add(suspectTime / 10)
	}
	if len(s.until) == 0 {
		return nil
	}
	for i := range claims {
		if claims[i].Source == nil || !now.Before(s.until[claims[i].Source]) {
			continue
		}
		if suspected == nil {
			suspected = make([]bool, len(claims))
		}
		suspected[i] = true
	}
	return suspected
}

// add makes a source a suspect from now on, in the place of any other where there are too many.
func (s *suspects) add(source any, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.until[source]; !known && len(s.until) >= maxSuspects {
		for other := range s.until {
			delete(s.until, other)
			break
		}
	}
	s.until[source] = now.Add(suspectTime)
}

func (s *suspects) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.until)
}
