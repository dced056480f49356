package wire

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"madang/internal/negentropy"
	"madang/internal/nostr"
)

const (
	negID     = "n"
	negFrame  = 48 << 10 // bytes of our messages: as hex they fit the frames of any relay
	maxAnswer = 10_000   // events of an answer to a REQ, which never asks for as many
	maxRounds = 10_000   // messages of one reconciliation, each of which tells of some thousand events
)

// session is one connection's work. Questions follow one another.
type session struct {
	*peer
	ctx    context.Context
	conn   *conn
	subs   int    // REQs so far
	negErr string // why the relay has ended the reconciliation, or ""
	ended  bool   // it has
}

// errCannotReconcile: the relay does not speak NIP-77, or not about so much.
var errCannotReconcile = errors.New("the relay cannot reconcile")

// refusal is the relay's word that it will not answer.
type refusal struct{ text string }

func (r *refusal) Error() string { return fmt.Sprintf("the relay refuses: %.200q", r.text) }

// asRefusal sorts a relay's reasons (NIP-01, NIP-77): some pass.
func asRefusal(text string) error {
	switch prefix, _, _ := strings.Cut(text, ":"); prefix {
	case "rate-limited", "closed", "error":
		return temporary{&refusal{text}}
	}
	return &refusal{text}
}

// next returns the relay's next message. That the reconciliation has ended it keeps in mind.
func (s *session) next() (nostr.RelayMessage, error) {
	m, err := s.conn.receive()
	if err != nil {
		return m, firstOf(s.ctx.Err(), err)
	}
	if m.Label == "NEG-ERR" && m.SubID == negID {
		s.ended, s.negErr = true, m.Text
	}
	return m, nil
}

// reconcile learns message by message what either side lacks, and moves it before it asks on. So what was done stays
// done, whatever happens to the connection.
func (s *session) reconcile(mine *holding) error {
	set, err := mine.set()
	if err != nil {
		return err
	}
	first := negentropy.New(set, negFrame).Initiate()
	if err := s.conn.write(nostr.AppendNegOpen(nil, negID, s.options.Filter, first)); err != nil {
		return err
	}
	for round := range maxRounds {
		answer, err := s.negAnswer(round == 0)
		if err != nil {
			return err
		}
		if set, err = mine.set(); err != nil {
			return err
		}
		message, have, need, err := negentropy.New(set, negFrame).ReconcileInitiator(answer)
		switch {
		case errors.Is(err, negentropy.ErrVersion) && round == 0:
			return errCannotReconcile
		case err != nil:
			return fmt.Errorf("%w: %w", errMessage, err)
		}
		if err := s.move(have, need); err != nil {
			return err
		}
		if message == nil {
			return s.conn.write(nostr.AppendNegClose(nil, negID))
		}
		if s.ended {
			return asRefusal(s.negErr)
		}
		if err := s.conn.write(nostr.AppendNegMsg(nil, negID, message)); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: it comes to no end", errMessage)
}

// negAnswer waits for the relay's message. A relay that does not know NEG-OPEN may answer with a NOTICE, or not at all.
func (s *session) negAnswer(first bool) ([]byte, error) {
	for {
		m, err := s.next()
		switch {
		case first && isTimeout(err):
			s.pages = true
			return nil, err
		case err != nil:
			return nil, err
		case s.ended && first && errors.As(asRefusal(s.negErr), new(temporary)):
			return nil, asRefusal(s.negErr)
		case s.ended && first, m.Label == "NOTICE" && first:
			return nil, errCannotReconcile
		case s.ended:
			return nil, asRefusal(s.negErr)
		case m.Label == "NEG-MSG" && m.SubID == negID:
			s.conn.heard()
			return m.Message, nil
		}
	}
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout()
}

// move brings events to where they lack, as far as that was asked for.
func (s *session) move(have, need []nostr.ID) error {
	if s.options.Down {
		if err := s.fetch(need); err != nil {
			return err
		}
	}
	if s.options.Up {
		return s.publish(have)
	}
	return nil
}

// req sends a REQ and calls each with every event of its answer. closed is why the relay would not answer to the end.
func (s *session) req(f nostr.Filter, each func(*nostr.Event) error) (closed error, err error) {
	s.subs++
	id := strconv.Itoa(s.subs)
	if err := s.conn.write(nostr.AppendReq(nil, id, f)); err != nil {
		return nil, err
	}
	for events := 0; events < maxAnswer; {
		m, err := s.next()
		if err != nil {
			return nil, err
		}
		if m.SubID != id {
			continue
		}
		s.conn.heard()
		switch m.Label {
		case "EVENT":
			events++
			if err := each(m.Event); err != nil {
				return nil, err
			}
		case "EOSE":
			return nil, s.conn.write(nostr.AppendClose(nil, id))
		case "CLOSED":
			return asRefusal(m.Text), nil
		}
	}
	return nil, fmt.Errorf("%w: an answer has no end", errMessage)
}

// patiently asks again while the relay says that it is too soon.
func (s *session) patiently(ask func() (closed error, err error)) error {
	for n := 1; ; n++ {
		closed, err := ask()
		if closed == nil || err != nil {
			return err
		}
		if again := new(temporary); !errors.As(closed, again) || n > maxFailures {
			return closed
		}
		if err := s.pause(s.ctx, n); err != nil {
			return err
		}
	}
}
