package index

import (
	"encoding/binary"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"madang/internal/eventlog"
	"madang/internal/nostr"
)

// mayBeDeleted: neither another deletion nor a request to vanish is deleted by a kind 5 (NIP-09, NIP-62).
func mayBeDeleted(kind uint16) bool { return kind != nostr.KindDeletion && kind != nostr.KindVanish }

// defaultPart is how many bytes of changes one batch has at most while somebody vanishes.
const defaultPart = 4 << 20

// vanish drops all that the author of a request to vanish (NIP-62) has published up to its created_at, deletions too, and
// the gift wraps sent to them until then. Requests to vanish stay. Every request that is stored counts: who lets events in
// asks whether it names this relay.
//
// So that no batch gets too large, what was dropped so far may be written before the request itself is: after a crash
// between the two the log is read again from before the request.
func (c *commit) vanish(by nostr.PubKey, at int64) error {
	upTo, _, err := c.x.vanishedUpTo(by)
	if err != nil {
		return err
	}
	upTo = max(upTo, c.vanished[by], at)
	c.urgent = true
	drop := func(e *nostr.Event, pos eventlog.Position) error {
		if e.Kind == nostr.KindVanish || e.CreatedAt > upTo || !slices.Contains(deleters(e), by) {
			return nil
		}
		if h, known := c.held[e.ID]; known && (!h.ok || h.pos != pos) {
			return nil
		}
		stays := nothing(e) // the request keeps it out
		if e.Kind == nostr.KindDeletion {
			stays = tombstoneOf(e)
		}
		c.drop(e, pos, stays)
		if c.batch.Len() < c.x.maxPart {
			return nil
		}
		return c.part()
	}
	for pos, e := range c.group {
		if err := drop(e, pos); err != nil {
			return err
		}
	}
	for _, prefix := range [][]byte{authorPrefix(by), tagPrefix('p', by.String())} {
		if err := c.eachIn(prefix, upTo, drop); err != nil {
			return err
		}
	}
	c.vanished[by] = upTo
	c.set(vanishedKey(by), uint64Value(uint64(upTo)))
	return nil
}

// eachIn calls fn with the stored events of a range of ordered keys up to a time, by a tag with gift wraps only. It
// passes over damaged records, of which nobody can be served anything.
func (c *commit) eachIn(prefix []byte, upTo int64, fn func(*nostr.Event, eventlog.Position) error) (err error) {
	it, err := c.x.db.NewIter(&pebble.IterOptions{LowerBound: lower(prefix, upTo), UpperBound: end(prefix)})
	if err != nil {
		return err
	}
	defer func() { err = firstOf(err, it.Close()) }()
	for valid := it.First(); valid; valid = it.Next() {
		if prefix[0] == familyTag && binary.BigEndian.Uint16(it.Value()) != nostr.KindGiftWrap {
			continue
		}
		pos := suffix(it.Key()[len(prefix):]).position()
		e, err := c.read(pos)
		if err != nil {
			return err
		}
		if e == nil {
			continue
		}
		if err := fn(e, pos); err != nil {
			return err
		}
	}
	return it.Error()
}
