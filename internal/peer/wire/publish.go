package wire

import (
	"slices"
	"strings"

	"madang/internal/nostr"
)

const (
	window = 64 // events that wait for the relay's OK
	// maxUnwelcome is after how many events a relay is believed that it takes nothing of that kind by that author: a
	// village's events by people who are no members of the other are many, and a link may be slow.
	maxUnwelcome = 3
	largeEvents  = 48 << 10 // bytes, beyond which some relays break the connection instead of answering
)

// publish sends the events, and counts what the relay says to each.
func (s *session) publish(ids []nostr.ID) error {
	for some := range slices.Chunk(ids, window) {
		events, err := s.load(s.ctx, some)
		if err != nil {
			return err
		}
		err = s.patiently(func() (closed error, err error) {
			events, closed, err = s.publishSome(events)
			return closed, err
		})
		if err != nil {
			return err
		}
		s.told()
	}
	return nil
}

// publishSome sends events and waits for what the relay says to them. later are those that came too soon, because of
// closed.
func (s *session) publishSome(events []outgoing) (later []outgoing, closed error, err error) {
	waiting := make(map[nostr.ID]outgoing, len(events))
	defer func() {
		if err == nil {
			return
		}
		for id, e := range waiting {
			if len(e.json) > largeEvents {
				s.refused(id)
			}
		}
	}()
	for _, e := range events {
		waiting[e.id] = e
		if err := s.conn.write(nostr.AppendClientEvent(nil, e.json)); err != nil {
			return nil, nil, err
		}
	}
	for len(waiting) > 0 {
		m, err := s.next()
		if err != nil {
			return nil, nil, err
		}
		e, ours := waiting[m.ID]
		if m.Label != "OK" || !ours {
			continue
		}
		s.conn.heard()
		delete(waiting, m.ID)
		switch {
		case m.Accepted && strings.HasPrefix(m.Text, "duplicate:"):
		case m.Accepted:
			s.report.Sent++
		case strings.HasPrefix(m.Text, "rate-limited:"):
			later, closed = append(later, e), asRefusal(m.Text)
		default:
			s.refused(m.ID)
			if strings.HasPrefix(m.Text, "restricted:") || strings.HasPrefix(m.Text, "auth-required:") {
				s.unwelcome[e.from]++
			}
		}
	}
	return later, closed, nil
}
