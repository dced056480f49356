package policy

import (
	"slices"

	"madang/internal/nostr"
)

// checkVanish decides which requests to vanish (NIP-62) are let in; every one that is, counts, on whatever road and
// whoever its author is. It must be for all relays, or for this one: by the name that this relay is known by, or by the
// one that its author, authenticated (NIP-42), reached it under. What names another relay is refused: anybody could carry
// it here, and call this relay by any name. The node's own key never vanishes: roster, roles and feeds are signed by it.
func (p *Policy) checkVanish(e *nostr.Event, w Writer) error {
	if p.Role(e.PubKey) == Node {
		return &Error{prefixBlocked, "the node's own key does not vanish"}
	}
	byAuthor := slices.Contains(w.Keys, e.PubKey)
	if w.Road == Live && isProtected(e) && !byAuthor {
		return errProtected
	}
	named := false
	for _, t := range e.Tags {
		if t.Name() != "relay" {
			continue
		}
		named = true
		relay := t.Value()
		if relay == allRelays || p.cfg.PublicHost != "" && SameHost(relay, p.cfg.PublicHost) ||
			byAuthor && w.Here != nil && w.Here(relay) {
			return nil
		}
	}
	if !named {
		return &Error{prefixInvalid, "a request to vanish names its relay"}
	}
	return &Error{prefixInvalid, "this request to vanish names another relay"}
}

const allRelays = "ALL_RELAYS"
