package index

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"madang/internal/nostr"
)

// defaultLegs bounds how many iterators one query opens, whatever its filters list. A filter that would need more reads a
// broader range and passes over what does not match.
const defaultLegs = 500

// What runs at once. An iterator takes some 40 KB, and whoever asks is not to be trusted with the node's memory.
const (
	legsAtOnce  = 4 * defaultLegs // iterators of all queries together; who needs more waits
	scansAtOnce = 2               // queries without limits, which may read all there is
)

// leg walks one ordered range of keys, or a list of them, for one filter.
type leg struct {
	filter int
	cur    suffix

	it        *pebble.Iterator             // nil: list
	prefix    int                          // length of the prefix
	kinds     []uint16                     // nil: all, or all in the range are right
	authors   map[[summaryAuthor]byte]bool // likewise, by what a summary has of them
	list      []suffix
	listIndex int
}

// prefixes returns the ranges to read for a filter, of which none is by id, at most budget of them.
func prefixes(f *nostr.Filter, budget int) (ranges [][]byte) {
	if f.Authors != nil && f.Kinds != nil && len(f.Authors)*len(f.Kinds) <= budget {
		for _, pk := range f.Authors {
			for _, kind := range f.Kinds {
				ranges = append(ranges, bothPrefix(pk, kind))
			}
		}
		return ranges
	}
	var tag *nostr.TagFilter
	for i := range f.Tags {
		if t := &f.Tags[i]; len(t.Values) <= budget && (tag == nil || len(t.Values) < len(tag.Values)) {
			tag = t
		}
	}
	switch {
	case tag != nil:
		for _, value := range tag.Values {
			ranges = append(ranges, tagPrefix(tag.Letter, value))
		}
	case f.Authors != nil && len(f.Authors) <= budget:
		for _, pk := range f.Authors {
			ranges = append(ranges, authorPrefix(pk))
		}
	case f.Kinds != nil && len(f.Kinds) <= budget:
		for _, kind := range f.Kinds {
			ranges = append(ranges, kindPrefix(kind))
		}
	default:
		ranges = [][]byte{{familyTime}}
	}
	return ranges
}

// legCount is how many iterators legs opens at most.
func legCount(f *nostr.Filter, budget int) int {
	switch {
	case empty(f):
		return 0
	case f.IDs != nil:
		return 1
	}
	return len(prefixes(f, budget))
}

// empty reports whether no event can match.
func empty(f *nostr.Filter) bool {
	if f.IDs != nil && len(f.IDs) == 0 || f.Authors != nil && len(f.Authors) == 0 || f.Kinds != nil && len(f.Kinds) == 0 {
		return true
	}
	for i := range f.Tags {
		if len(f.Tags[i].Values) == 0 {
			return true
		}
	}
	return f.Until < 0 || f.Since > f.Until
}

// legs opens what a filter reads, each leg standing on its first key.
func legs(snap *pebble.Snapshot, f *nostr.Filter, filter, budget int, add func(*leg)) error {
	if empty(f) {
		return nil
	}
	if f.IDs != nil {
		return idLeg(snap, f, filter, add)
	}
	ranges := prefixes(f, budget)
	slices.SortFunc(ranges, bytes.Compare)
	ranges = slices.CompactFunc(ranges, bytes.Equal)
	var authors map[[summaryAuthor]byte]bool
	if f.Authors != nil {
		authors = make(map[[summaryAuthor]byte]bool, len(f.Authors))
		for _, pk := range f.Authors {
			authors[[summaryAuthor]byte(pk[:])] = true
		}
	}
	for _, prefix := range ranges {
		it, err := snap.NewIter(&pebble.IterOptions{LowerBound: lower(prefix, f.Until), UpperBound: upper(prefix, f.Since)})
		if err != nil {
			return err
		}
		l := &leg{filter: filter, it: it, prefix: len(prefix), kinds: f.Kinds, authors: authors}
		switch prefix[0] {
		case familyBoth:
			l.kinds, l.authors = nil, nil
		case familyAuthor:
			l.authors = nil
		case familyKind:
			l.kinds = nil
		}
		add(l)
	}
	return nil
}

func lower(prefix []byte, until int64) []byte {
	return binary.BigEndian.AppendUint64(slices.Clip(prefix), ^uint64(until))
}

func upper(prefix []byte, since int64) []byte {
	if since <= 0 {
		return end(prefix)
	}
	return binary.BigEndian.AppendUint64(slices.Clip(prefix), ^uint64(since)+1)
}

// idLeg lists the events that a filter names, in order. One iterator serves all: opening what a lookup needs costs more
// than the lookup.
func idLeg(snap *pebble.Snapshot, f *nostr.Filter, filter int, add func(*leg)) (err error) {
	it, err := snap.NewIter(&pebble.IterOptions{LowerBound: []byte{familyID}, UpperBound: []byte{familyID + 1}})
	if err != nil {
		return err
	}
	defer func() { err = firstOf(err, it.Close()) }()
	l := &leg{filter: filter}
	ids := slices.SortedFunc(slices.Values(f.IDs), func(a, b nostr.ID) int { return bytes.Compare(a[:], b[:]) })
	for _, id := range slices.Compact(ids) {
		if !it.SeekPrefixGE(idKey(id)) {
			if err := it.Error(); err != nil {
				return err
			}
			continue
		}
		at := parsePlace(it.Value())
		if at.createdAt >= f.Since && at.createdAt <= f.Until {
			l.list = append(l.list, makeSuffix(at.createdAt, id, at.pos))
		}
	}
	slices.SortFunc(l.list, func(a, b suffix) int { return bytes.Compare(a[:], b[:]) })
	add(l)
	return nil
}

// first and next move to the first and the next key that may match, calling tick for each key passed.
func (l *leg) first(tick func() error) (bool, error) {
	if l.it == nil {
		return l.listed(), nil
	}
	return l.settle(l.it.First(), tick)
}

func (l *leg) next(tick func() error) (bool, error) {
	if l.it == nil {
		l.listIndex++
		return l.listed(), nil
	}
	return l.settle(l.it.Next(), tick)
}

func (l *leg) listed() bool {
	if l.listIndex >= len(l.list) {
		return false
	}
	l.cur = l.list[l.listIndex]
	return true
}

func (l *leg) settle(valid bool, tick func() error) (bool, error) {
	for ; valid; valid = l.it.Next() {
		if err := tick(); err != nil {
			return false, err
		}
		if l.exact() || l.mayMatch(l.it.Value()) {
			copy(l.cur[:], l.it.Key()[l.prefix:])
			return true, nil
		}
	}
	return false, l.it.Error()
}

// exact reports whether every key of the leg's range may match.
func (l *leg) exact() bool { return l.kinds == nil && l.authors == nil }

// mayMatch looks at a key's value, which begins with the kind and ends with the author where the prefix tells neither.
func (l *leg) mayMatch(sum []byte) bool {
	return (l.kinds == nil || slices.Contains(l.kinds, binary.BigEndian.Uint16(sum))) &&
		(l.authors == nil || l.authors[[summaryAuthor]byte(sum[len(sum)-summaryAuthor:])])
}

func (l *leg) close() error {
	if l.it == nil {
		return nil
	}
	return l.it.Close()
}
