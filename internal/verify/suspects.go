package verify

import (
	"sync"
	"time"
)

const (
	suspectTime = 10 * time.Minute
	maxSuspects = 4096
)

// suspects are the sources that brought bad signatures lately.
type suspects struct {
	mu    sync.Mutex // guards until; held for one pass over it at most
	until map[any]time.Time
}

// filter says which claims come from suspects; nil if none does.
func (s *suspects) filter(claims []Claim, now time.Time) (suspected []bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
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

// add makes a source a suspect from now on. Where there are too many, those whose time is over go first, and then any.
func (s *suspects) add(source any, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.until[source]; !known && len(s.until) >= maxSuspects {
		s.forget(now)
	}
	s.until[source] = now.Add(suspectTime)
}

func (s *suspects) forget(now time.Time) {
	for source, until := range s.until {
		if !now.Before(until) {
			delete(s.until, source)
		}
	}
	for source := range s.until {
		if len(s.until) < maxSuspects {
			return
		}
		delete(s.until, source)
	}
}

func (s *suspects) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.until)
}
