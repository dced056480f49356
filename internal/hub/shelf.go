package hub

import (
	"encoding/binary"
	"hash/maphash"

	"madang/internal/nostr"
)

// maxValues is how many values of one condition a filter is filed under. Filters with longer lists, of which the relay's
// bounds leave room for few, are asked for each event.
const maxValues = 4096

// FiledBytes is about how much memory each value of a filter takes here, beside the value itself.
const FiledBytes = 64

// shelf files each filter under the values of its most selective condition, so that an event is compared with the
// filters that name something of it, not with all. Two values may share a key: whatever is found is matched in full.
type shelf struct {
	seed  maphash.Seed // unknown to those who choose values
	nodes map[uint64]*node
	rest  *node // filters without a condition to file them under
}

// node is one value of one filter, in the list of all that are filed under the same key.
type node struct {
	of         *filed
	prev, next *node
}

// filed is one filter of a subscription.
type filed struct {
	sub     *Subscription
	filter  *nostr.Filter
	checked uint64 // the last event it was compared with
	nodes   []node // for each value
}

// The conditions that a filter is filed under; any other byte is a tag's letter.
const (
	byID     byte = 0
	byAuthor byte = 1
	byKind   byte = 2
)

// condition is one list of values of a filter.
type condition struct {
	what  byte
	count int
	value func(i int) []byte
}

// selective returns the condition that fewest events meet; what is byID with no values for a filter to ask always.
func selective(f *nostr.Filter) condition {
	if f.IDs != nil && len(f.IDs) <= maxValues {
		return condition{byID, len(f.IDs), func(i int) []byte { return f.IDs[i][:] }}
	}
	var tag *nostr.TagFilter
	for i := range f.Tags {
		t := &f.Tags[i]
		if len(t.Values) <= maxValues && (tag == nil || t.Letter == 'p' ||
			tag.Letter != 'p' && len(t.Values) < len(tag.Values)) {
			tag = t
		}
	}
	switch {
	case tag != nil:
		return condition{tag.Letter, len(tag.Values), func(i int) []byte { return []byte(tag.Values[i]) }}
	case f.Authors != nil && len(f.Authors) <= maxValues:
		return condition{byAuthor, len(f.Authors), func(i int) []byte { return f.Authors[i][:] }}
	case f.Kinds != nil && len(f.Kinds) <= maxValues:
		return condition{byKind, len(f.Kinds), func(i int) []byte { return kindValue(f.Kinds[i]) }}
	}
	return condition{}
}

func kindValue(kind uint16) []byte { return binary.BigEndian.AppendUint16(nil, kind) }

// hopeless reports whether no live event can match.
func hopeless(f *nostr.Filter) bool {
	if f.Search != "" || f.Since > f.Until || f.IDs != nil && len(f.IDs) == 0 ||
		f.Authors != nil && len(f.Authors) == 0 || f.Kinds != nil && len(f.Kinds) == 0 {
		return true
	}
	for i := range f.Tags {
		if len(f.Tags[i].Values) == 0 {
			return true
		}
	}
	return false
}

// file takes in a subscription's filters.
func (sh *shelf) file(s *Subscription) {
	s.filed = make([]filed, len(s.filters))
	for i := range s.filters {
		if hopeless(&s.filters[i]) {
			continue
		}
		f := &s.filed[i]
		f.sub, f.filter = s, &s.filters[i]
		c := selective(f.filter)
		f.nodes = make([]node, max(1, c.count))
		for i := range f.nodes {
			f.nodes[i].of = f
		}
		if c.count == 0 {
			sh.rest = push(sh.rest, &f.nodes[0])
			continue
		}
		for i := range f.nodes {
			key := sh.key(c.what, c.value(i))
			sh.nodes[key] = push(sh.nodes[key], &f.nodes[i])
		}
	}
}

// push puts a node in front of a list and returns it.
func push(list, n *node) *node {
	n.next = list
	if list != nil {
		list.prev = n
	}
	return n
}

// remove takes a subscription's filters out.
func (sh *shelf) remove(s *Subscription) {
	for i := range s.filed {
		f := &s.filed[i]
		if f.nodes == nil {
			continue
		}
		c := selective(f.filter)
		if c.count == 0 {
			sh.rest = unlink(sh.rest, &f.nodes[0])
			continue
		}
		for i := range f.nodes {
			key := sh.key(c.what, c.value(i))
			if list := unlink(sh.nodes[key], &f.nodes[i]); list != nil {
				sh.nodes[key] = list
			} else {
				delete(sh.nodes, key)
			}
		}
	}
	s.filed = nil
}

// unlink takes a node out of a list and returns the list's first.
func unlink(list, n *node) *node {
	if n.next != nil {
		n.next.prev = n.prev
	}
	if n.prev == nil {
		return n.next
	}
	n.prev.next = n.next
	return list
}

// candidates calls found for each filter that the event may match, some more than once.
func (sh *shelf) candidates(e *nostr.Event, found func(*filed)) {
	walk := func(list *node) {
		for ; list != nil; list = list.next {
			found(list.of)
		}
	}
	walk(sh.rest)
	if len(sh.nodes) == 0 {
		return
	}
	walk(sh.nodes[sh.key(byID, e.ID[:])])
	walk(sh.nodes[sh.key(byAuthor, e.PubKey[:])])
	walk(sh.nodes[sh.key(byKind, kindValue(e.Kind))])
	for _, t := range e.Tags {
		if name := t.Name(); len(name) == 1 && len(t) > 1 {
			walk(sh.nodes[sh.key(name[0], []byte(t[1]))])
		}
	}
}

func (sh *shelf) key(what byte, value []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(sh.seed)
	h.WriteByte(what)
	h.Write(value)
	return h.Sum64()
}
