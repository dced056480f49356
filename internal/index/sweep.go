package index

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"madang/internal/eventlog"
)

const sweepGroup = 512

// Sweep drops the keys of what has expired by now (Unix seconds; NIP-40) and returns how many events that were. Queries
// leave expired events out without it; it gives back room. An address whose newest version has expired keeps older
// versions out all the same.
func (x *Index) Sweep(ctx context.Context, now int64) (int, error) {
	swept := 0
	for {
		n, err := x.sweepSome(ctx, now)
		swept += n
		if err != nil || n < sweepGroup {
			return swept, err
		}
	}
}

func (x *Index) sweepSome(ctx context.Context, now int64) (n int, err error) {
	if err := x.enter(); err != nil {
		return 0, err
	}
	defer x.users.Done()
	x.writing.Lock()
	defer x.writing.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	it, err := x.db.NewIter(&pebble.IterOptions{LowerBound: []byte{familyExpiry}, UpperBound: expiryKey(now+1, 0)})
	if err != nil {
		return 0, err
	}
	c := x.newCommit()
	defer c.batch.Close()
	for valid := it.First(); valid && n < sweepGroup; valid = it.Next() {
		n++
		pos := eventlog.Position(binary.BigEndian.Uint64(it.Key()[9:]))
		e, err := c.read(pos)
		switch {
		case err != nil:
			return 0, errors.Join(err, it.Close())
		case e == nil:
			c.delete(it.Key())
		default:
			c.drop(e, pos, tombstoneOf(e))
		}
	}
	if err := it.Close(); err != nil {
		return 0, err
	}
	horizon, err := getUint64(x.db, keySwept)
	if err != nil || n == 0 && uint64(now) <= horizon {
		return 0, err
	}
	c.set(keySwept, uint64Value(max(horizon, uint64(now))))
	return n, c.finish()
}
