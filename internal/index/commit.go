package index

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"madang/internal/eventlog"
	"madang/internal/nostr"
)

// commit is one batch of changes. What it has itself written it looks up in held and heads, the rest in the database.
type commit struct {
	x         *Index
	batch     *pebble.Batch
	count     int64             // change in the number of events held
	end       eventlog.Position // the new watermark; 0: it stays
	group     map[eventlog.Position]*nostr.Event
	held      map[nostr.ID]held
	heads     map[address]head
	retracted map[address]int64
	// vanished is up to when who asked to vanish has.
	vanished map[nostr.PubKey]int64

	changes []change // for the timeline
	urgent  bool     // somebody wants what is dropped to be gone
}

// held says where an event is; one that is not held (any more) has ok false.
type held struct {
	pos eventlog.Position
	ok  bool
}

func (x *Index) newCommit() *commit {
	return &commit{
		x:         x,
		batch:     x.db.NewBatch(),
		group:     map[eventlog.Position]*nostr.Event{},
		held:      map[nostr.ID]held{},
		heads:     map[address]head{},
		retracted: map[address]int64{},
		vanished:  map[nostr.PubKey]int64{},
	}
}

// commit writes a stage's keys. x.writing is held.
func (x *Index) commit(s *Stage, positions []eventlog.Position, end eventlog.Position) error {
	if len(positions) != len(s.events) {
		return fmt.Errorf("index: %d positions for %d events", len(positions), len(s.events))
	}
	c := x.newCommit()
	defer func() { _ = c.batch.Close() }()
	for i, e := range s.events {
		if err := c.add(e, positions[i]); err != nil {
			return err
		}
	}
	c.end = end
	return c.finish()
}

// finish writes the batch. Errors of single operations on a batch in memory are programming errors that Commit repeats.
func (c *commit) finish() error {
	if err := c.x.awaitRoom(); err != nil {
		return fmt.Errorf("writing the index: %w", err)
	}
	count := c.x.count.Load() + c.count
	c.set(keyCount, uint64Value(uint64(count)))
	if c.end > 0 {
		c.set(keyWatermark, uint64Value(uint64(c.end)))
	}
	c.x.mark.begin()
	err := c.batch.Commit(pebble.NoSync)
	c.x.mark.end(c.end, err)
	if err != nil {
		return fmt.Errorf("writing the index: %w", err)
	}
	if c.urgent {
		c.x.urgent.Store(true)
	}
	c.x.sinceRoom += c.batch.Len()
	c.x.count.Store(count)
	c.x.timeline.follow(c.changes)
	return nil
}

// part writes what there is so far, and goes on with an empty batch.
func (c *commit) part() error {
	if err := c.finish(); err != nil {
		return err
	}
	_ = c.batch.Close()
	c.batch, c.count, c.changes = c.x.db.NewBatch(), 0, nil
	return nil
}

// A batch that is not committed takes any key: its methods' errors are always nil.
func (c *commit) set(key, value []byte) {
	if isPoint(key) {
		c.x.has[key[0]].Store(true)
		if c.x.sieve != nil {
			c.x.sieve.add(key)
		}
	}
	_ = c.batch.Set(key, value, nil)
}

func (c *commit) delete(key []byte) { _ = c.batch.Delete(key, nil) }

func (c *commit) add(e *nostr.Event, pos eventlog.Position) error {
	if e.Kind == nostr.KindVanish {
		if err := c.vanish(e.PubKey, e.CreatedAt); err != nil {
			return err
		}
	}
	c.group[pos] = e
	c.held[e.ID] = held{pos, true}
	c.count++
	c.note(e, false)
	c.set(idKey(e.ID), placeOf(e, pos).value())
	sum := makeSummary(e)
	eachOrderedKey(e, pos, func(key []byte) { c.set(key, sum.of(key[0])) })
	if at, ok := e.Expiration(); ok {
		c.set(expiryKey(at, pos), nil)
	}
	if err := c.replace(e); err != nil {
		return err
	}
	if e.Kind == nostr.KindDeletion {
		ids, addresses := deletionTargets(e)
		return c.deleteTargets(e.PubKey, e.CreatedAt, ids, addresses)
	}
	return nil
}

// replace makes the event its address's head in the place of an older version.
func (c *commit) replace(e *nostr.Event) error {
	a, ok := addressOf(e)
	if !ok {
		return nil
	}
	return c.setHead(a, head{e.CreatedAt, e.ID})
}

func (c *commit) setHead(a address, h head) error {
	old, found, err := c.head(a)
	if err != nil {
		return err
	}
	if found {
		if err := c.remove(old.id, nil, nothing); err != nil {
			return err
		}
	}
	c.heads[a] = h
	c.set(addressKey(familyHead, a), append(uint64Value(uint64(h.createdAt)), h.id[:]...))
	return nil
}

// deleteTargets drops what a key asked at a second to delete (NIP-09), and keeps it out.
func (c *commit) deleteTargets(by nostr.PubKey, at int64, ids []nostr.ID, addresses []address) error {
	c.urgent = true
	mayDelete := func(target *nostr.Event) bool {
		return mayBeDeleted(target.Kind) && slices.Contains(deleters(target), by)
	}
	for _, id := range ids {
		c.set(deletedKey(id, by), nil)
		if err := c.remove(id, mayDelete, tombstoneOf); err != nil {
			return err
		}
	}
	for _, a := range addresses {
		upTo, known := c.retracted[a]
		if !known {
			var err error
			if upTo, _, err = c.x.retractedUpTo(a); err != nil {
				return err
			}
		}
		c.retracted[a] = max(upTo, at)
		c.set(addressKey(familyRetracted, a), uint64Value(uint64(c.retracted[a])))
		newest, found, err := c.head(a)
		if err != nil {
			return err
		}
		if found && newest.createdAt <= at {
			if err := c.remove(newest.id, nil, tombstoneOf); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *commit) head(a address) (head, bool, error) {
	if h, ok := c.heads[a]; ok {
		return h, true, nil
	}
	return c.x.head(a)
}

// remove drops an event, if it is held and may (nil: always) agrees; stays says what stays of it.
func (c *commit) remove(id nostr.ID, may func(*nostr.Event) bool, stays func(*nostr.Event) []byte) error {
	h, known := c.held[id]
	if !known {
		var err error
		h.ok, err = c.x.lookup(idKey(id), func(v []byte) { h.pos = parsePlace(v).pos })
		if err != nil {
			return err
		}
	}
	if !h.ok {
		return nil
	}
	e := c.group[h.pos]
	if e == nil {
		var err error
		if e, err = c.read(h.pos); e == nil {
			return err
		}
	}
	if may == nil || may(e) {
		c.drop(e, h.pos, stays(e))
	}
	return nil
}

// drop removes an event's keys, and has all of its record erased but for what stays.
func (c *commit) drop(e *nostr.Event, pos eventlog.Position, stays []byte) {
	c.held[e.ID] = held{}
	c.count--
	c.note(e, true)
	c.delete(idKey(e.ID))
	eachOrderedKey(e, pos, c.delete)
	if at, ok := e.Expiration(); ok {
		c.delete(expiryKey(at, pos))
	}
	c.set(eraseKey(pos), stays)
}

// read returns an event that is held, or nil where its record is damaged: nobody can be served it, and its ordered keys
// lead to nothing.
func (c *commit) read(pos eventlog.Position) (*nostr.Event, error) {
	item, err := c.x.read(pos)
	switch {
	case errors.Is(err, ErrGone):
		c.x.cfg.Logger.Error("index: older than the log, it will be rebuilt at the next start", "position", pos)
		condemn(c.x.cfg)
		return nil, nil
	case errors.Is(err, eventlog.ErrCorrupt):
		c.x.cfg.Logger.Error("index: an event that is to go is damaged in the log", "position", pos)
		return nil, nil
	}
	return item.Head, err
}

// read returns the event at a position of the log.
func (x *Index) read(pos eventlog.Position) (Item, error) {
	r, err := x.cfg.Log.Read(pos)
	if err != nil {
		return Item{}, err
	}
	if r.Erased {
		return Item{}, ErrGone
	}
	head, err := nostr.DecodeHead(r.JSON)
	if err != nil {
		return Item{}, fmt.Errorf("%w: no event at %d: %w", eventlog.ErrCorrupt, pos, err)
	}
	return Item{Pos: pos, Head: head, JSON: r.JSON}, nil
}
