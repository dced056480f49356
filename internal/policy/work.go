package policy

import (
	"fmt"
	"strconv"

	"madang/internal/nostr"
)

// checkWork refuses an event that has not the work which the node asks of strangers (NIP-13): Config.MinWork
// zero bits in front of its id, and as many committed to in its nonce tag, so that nobody passes by luck.
func (p *Policy) checkWork(e *nostr.Event, w Writer) error {
	if p.cfg.MinWork <= 0 || p.isKnown(e, w) {
		return nil
	}
	if got := e.ID.LeadingZeros(); got < p.cfg.MinWork {
		return &Error{prefixWork, fmt.Sprintf("difficulty %d is less than %d", got, p.cfg.MinWork)}
	}
	for _, t := range e.Tags {
		if t.Name() != "nonce" || len(t) < 3 {
			continue
		}
		if target, err := strconv.Atoi(t[2]); err == nil && target >= p.cfg.MinWork {
			return nil
		}
	}
	return &Error{prefixWork, fmt.Sprintf("the nonce tag does not commit to a difficulty of %d", p.cfg.MinWork)}
}

// isKnown reports whether a member or a feed wrote the event, or brings it: gift wraps have one-time authors (NIP-59),
// and only the connection can tell that a member sends one.
func (p *Policy) isKnown(e *nostr.Event, w Writer) bool {
	if p.Role(e.PubKey) >= Member || p.isFeed(e.PubKey) {
		return true
	}
	for _, pk := range w.Keys {
		if p.Role(pk) >= Member {
			return true
		}
	}
	return false
}
