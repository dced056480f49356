package nostr

import (
	"math"
	"slices"
)

// Filter is a NIP-01 filter: an event passes if it meets every condition. A nil slice is an absent condition; an empty
// one matches nothing. The zero Filter ends in 1970: begin with All.
type Filter struct {
	IDs     []ID
	Authors []PubKey
	Kinds   []uint16
	Tags    []TagFilter // at most one for each letter
	Since   int64       // first second; 0: none
	Until   int64       // last second; math.MaxInt64: none
	Limit   int         // -1: none
	Search  string      // NIP-50; "": none
}

// TagFilter is one "#x" condition: the event must have a tag called Letter with one of Values as its value.
type TagFilter struct {
	Letter byte // a to z or A to Z
	Values []string
}

// All is the filter {}: it matches every event.
func All() Filter { return Filter{Until: math.MaxInt64, Limit: -1} }

// Matches reports whether the event meets every condition but Limit and Search, which only a query has an answer to.
func (f *Filter) Matches(e *Event) bool {
	if e.CreatedAt < f.Since || e.CreatedAt > f.Until ||
		f.Kinds != nil && !slices.Contains(f.Kinds, e.Kind) ||
		f.Authors != nil && !slices.Contains(f.Authors, e.PubKey) ||
		f.IDs != nil && !slices.Contains(f.IDs, e.ID) {
		return false
	}
	for i := range f.Tags {
		if !f.Tags[i].matches(e.Tags) {
			return false
		}
	}
	return true
}

func (tf *TagFilter) matches(tags Tags) bool {
	for _, t := range tags {
		if name := t.Name(); len(t) > 1 && len(name) == 1 && name[0] == tf.Letter && slices.Contains(tf.Values, t[1]) {
			return true
		}
	}
	return false
}
