package api

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"

	"madang/internal/policy"
)

// Clock is the node's.
type Clock interface {
	Now() time.Time
	Known() bool // whether there is no reason to doubt Now
}

var errStale = &problem{http.StatusConflict, "stale", "The clock has been set meanwhile. Look again."}

// challenge is a word that is good for setting the clock once. A request to set a clock cannot be dated by that clock:
// what keeps a listener from sending it again later is that it was signed together with such a word.
type challenge struct {
	mu   sync.Mutex // guards what follows, and is held while the clock is set
	word string
	made time.Time
}

// challengeLife bounds for how long somebody in between may hold a request back.
const challengeLife = 2 * time.Minute

// current returns the word, a new one where the last is old. c.mu is held.
func (c *challenge) current() string {
	if c.word == "" || time.Since(c.made) > challengeLife {
		c.word, c.made = rand.Text(), time.Now()
	}
	return c.word
}

// clock is /api/clock. GET tells the time, whether the node is sure of it, and the word to sign for setting it; POST,
// signed by an operator whatever the date, sets it.
func (s *server) clock(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodPost {
		if err := s.setClock(w, r); err != nil {
			return err
		}
	}
	s.challenge.mu.Lock()
	word := s.challenge.current()
	s.challenge.mu.Unlock()
	return reply(w, http.StatusOK, map[string]any{
		"time": s.cfg.Clock.Now().UnixMilli(), "known": s.cfg.Clock.Known(), "challenge": word,
	})
}

func (s *server) setClock(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Time      int64 // Unix milliseconds
		Challenge string
	}
	body, err := decode(w, r, &in)
	if err != nil {
		return err
	}
	pk, err := s.cfg.Auth.NIP98AtAnyTime(r, body)
	switch {
	case err != nil:
		return unauthorized(err)
	case s.cfg.Policy.Role(pk) < policy.Operator:
		return errNotAllowed
	}
	s.challenge.mu.Lock()
	defer s.challenge.mu.Unlock()
	if in.Challenge != s.challenge.current() { // no secret: GET tells it
		return errStale
	}
	if err := s.cfg.SetClock(time.UnixMilli(in.Time)); err != nil {
		return err
	}
	s.challenge.word = ""
	return nil
}
