package policy

import "madang/internal/nostr"

// Hidden returns filters that among others match every event which MayRead keeps from everybody. Whoever has a list of
// all public events takes off it what they find and MayRead refuses.
func (p *Policy) Hidden() (filters []nostr.Filter) {
	b := p.bans.Load()
	if len(b.authors) > 0 {
		f := nostr.All()
		for pk := range b.authors {
			f.Authors = append(f.Authors, pk)
		}
		filters = append(filters, f)
	}
	if len(b.events) > 0 {
		f := nostr.All()
		for id := range b.events {
			f.IDs = append(f.IDs, id)
		}
		filters = append(filters, f)
	}
	return filters
}
