package wire

import (
	"errors"
	"slices"
	"strings"

	"madang/internal/nostr"
	"madang/internal/policy"
)

const (
	fetchIDs    = 250     // of one REQ
	batchEvents = 1024    // that go to the entrance together
	batchBytes  = 8 << 20 // likewise
)

// batch gathers events for the entrance.
type batch struct {
	s      *session
	events []*nostr.Event
	size   int
}

// add takes an event, which must be one that was asked for.
func (b *batch) add(e *nostr.Event) error {
	b.events = append(b.events, e)
	b.size += len(e.Content) + 64*len(e.Tags)
	if len(b.events) >= batchEvents || b.size >= batchBytes {
		return b.submit()
	}
	return nil
}

// submit lets the entrance check and keep what has gathered. Gift wraps have to be for a member, as those of strangers.
func (b *batch) submit() error {
	mail := slices.DeleteFunc(slices.Clone(b.events), func(e *nostr.Event) bool { return !isMail(e) })
	others := slices.DeleteFunc(b.events, isMail)
	b.events, b.size = nil, 0
	return errors.Join(b.s.submit(others, policy.Import), b.s.submit(mail, policy.Live))
}

// errStore: this node cannot keep anything now.
var errStore = errors.New("events cannot be kept here")

func (s *session) submit(events []*nostr.Event, road policy.Road) error {
	results := s.cfg.Ingest.SubmitMany(s.ctx, events, policy.Writer{Road: road, Source: s.peer})
	if err := s.ctx.Err(); err != nil {
		return err
	}
	defer s.told()
	for i, r := range results {
		switch {
		case r.OK && strings.HasPrefix(r.Message, "duplicate:"):
		case r.OK:
			s.report.Received++
		case strings.HasPrefix(r.Message, "error:"):
			return errors.Join(errStore, errors.New(r.Message))
		default:
			s.refused(events[i].ID)
		}
	}
	return nil
}

// fetch takes in the events that the relay says to have, unless they came meanwhile.
func (s *session) fetch(ids []nostr.ID) error {
	in := batch{s: s}
	for some := range slices.Chunk(ids, fetchIDs) {
		lacking, err := s.cfg.Index.Missing(some)
		if err != nil {
			return err
		}
		lacking = slices.DeleteFunc(lacking, func(id nostr.ID) bool { return s.settled[id] })
		if err := s.fetchSome(lacking, &in); err != nil {
			return errors.Join(err, in.submit()) // what has come is not to be asked for again
		}
	}
	return in.submit()
}

// fetchSome asks until the relay gives no more of them: its limits may be lower than ours.
func (s *session) fetchSome(ids []nostr.ID, in *batch) error {
	wanted := make(map[nostr.ID]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	for len(wanted) > 0 {
		before := len(wanted)
		err := s.patiently(func() (closed error, err error) {
			f := nostr.All()
			f.IDs = slices.DeleteFunc(slices.Clone(ids), func(id nostr.ID) bool { return !wanted[id] })
			return s.req(f, func(e *nostr.Event) error {
				if !wanted[e.ID] {
					return nil
				}
				delete(wanted, e.ID)
				return in.add(e)
			})
		})
		if err != nil {
			return err
		}
		if len(wanted) == before {
			s.report.Withheld += before
			return nil
		}
	}
	return nil
}
