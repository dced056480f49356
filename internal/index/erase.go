package index

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"madang/internal/eventlog"
	"madang/internal/nostr"
)

// What one Erase of the log is asked for at most.
const (
	eraseGroup = 256
	eraseBytes = 1 << 20 // of what stays
)

// flushEvery is how long what was replaced or has expired waits at most until it is noted on the disk. Small tables that
// are written early are merged often, which wears an SD card; so only what people delete is worth one at once.
const flushEvery = 24 * time.Hour

// Erase overwrites in the log what was deleted (NIP-09), has vanished (NIP-62), has expired and was swept (NIP-40), or
// has been replaced, and returns how many events that were. What has been dropped so lately that the index has it only in
// memory is left to a later call: were it erased and the power cut, the keys that lead to it would be back. What was
// deleted the next call finds on the disk, all else within a day.
func (x *Index) Erase(ctx context.Context) (erased int, err error) {
	if err := x.enter(); err != nil {
		return 0, err
	}
	defer x.users.Done()
	x.erasing.Lock()
	defer x.erasing.Unlock()
	for from := eventlog.Position(0); ; {
		group, err := x.erasable(from)
		if err != nil {
			return erased, err
		}
		if len(group) == 0 {
			return erased, x.flushErasable()
		}
		if err := ctx.Err(); err != nil {
			return erased, err
		}
		n, err := x.erase(group)
		erased += n
		if err != nil {
			return erased, err
		}
		from = group[len(group)-1].Pos + 1
	}
}

// erasable returns the first records at or after a position that are to be erased, and whose keys are gone for certain.
func (x *Index) erasable(from eventlog.Position) (group []eventlog.Erasure, err error) {
	it, err := x.db.NewIter(&pebble.IterOptions{
		LowerBound: eraseKey(from), UpperBound: []byte{familyErase + 1}, OnlyReadGuaranteedDurable: true,
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = firstOf(err, it.Close()) }()
	size := 0
	for valid := it.First(); valid && len(group) < eraseGroup && size < eraseBytes; valid = it.Next() {
		pending, err := get(x.db, it.Key(), nil) // it may be done, which only memory knows
		if err != nil {
			return nil, err
		}
		if !pending {
			continue
		}
		size += len(it.Value())
		pos := eventlog.Position(binary.BigEndian.Uint64(it.Key()[1:]))
		group = append(group, eventlog.Erasure{Pos: pos, Left: append([]byte(nil), it.Value()...)})
	}
	return group, it.Error()
}

// erase erases a group of records and forgets that they were to be.
func (x *Index) erase(group []eventlog.Erasure) (erased int, err error) {
	var todo []eventlog.Erasure
	for _, e := range group {
		gone, err := x.mayErase(e.Pos)
		if err != nil {
			return 0, err
		}
		if gone {
			todo = append(todo, e)
		}
	}
	if err := x.cfg.Log.Erase(todo); err != nil {
		return 0, err
	}
	x.writing.Lock()
	defer x.writing.Unlock()
	c := x.newCommit()
	defer func() { _ = c.batch.Close() }()
	for _, e := range group {
		c.delete(eraseKey(e.Pos))
	}
	return len(todo), c.finish()
}

// mayErase reports whether there is an event at a position, and none that is held: nothing could bring that back.
func (x *Index) mayErase(pos eventlog.Position) (bool, error) {
	item, err := x.read(pos)
	switch {
	case errors.Is(err, ErrGone):
		return false, nil
	case errors.Is(err, eventlog.ErrCorrupt), errors.Is(err, eventlog.ErrNotFound):
		x.cfg.Logger.Error("index: what is to be erased cannot be read", "position", pos, "error", err)
		return false, nil
	case err != nil:
		return false, err
	}
	held, err := x.isAt(item.Head.ID, pos)
	if held {
		x.cfg.Logger.Error("index: what is to be erased is held", "position", pos)
	}
	return !held, err
}

// isAt reports whether an event is held, and at a position.
func (x *Index) isAt(id nostr.ID, pos eventlog.Position) (held bool, err error) {
	_, err = x.lookup(idKey(id), func(v []byte) { held = parsePlace(v).pos == pos })
	return held, err
}

// flushErasable has what is to be erased written to the disk, for a later Erase, if it is time for that. It does not wait
// for it.
func (x *Index) flushErasable() error {
	if !x.urgent.Load() && time.Since(x.flushed) < flushEvery {
		return nil
	}
	it, err := x.db.NewIter(&pebble.IterOptions{LowerBound: eraseKey(0), UpperBound: []byte{familyErase + 1}})
	if err != nil {
		return err
	}
	some := it.First()
	if err := it.Close(); err != nil {
		return err
	}
	if err := x.health.err(); err != nil {
		return err
	}
	x.urgent.Store(false)
	x.flushed = time.Now()
	if !some {
		return nil
	}
	if _, err := x.db.AsyncFlush(); err != nil {
		return fmt.Errorf("writing the index: %w", err)
	}
	return nil
}
