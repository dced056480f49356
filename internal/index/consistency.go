package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// maxDifferences bounds what CheckConsistency tells.
const maxDifferences = 100

// CheckConsistency builds a second index from the log, in a directory beside this one that it removes again, and compares
// the two key by key. It returns what differs, in words, at most 100 lines. Nothing may be written meanwhile.
func (x *Index) CheckConsistency(ctx context.Context) (differences []string, err error) {
	if err := x.enter(); err != nil {
		return nil, err
	}
	defer x.users.Done()
	cfg := x.cfg
	cfg.Dir += ".check"
	if err := removeStore(cfg); err != nil {
		return nil, err
	}
	fresh, err := open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, fresh.db.Close(), removeStore(cfg)) }()
	swept, err := getUint64(x.db, keySwept)
	if err != nil {
		return nil, err
	}
	if swept > 0 {
		if _, err := fresh.Sweep(ctx, int64(swept)); err != nil {
			return nil, err
		}
	}
	err = compare(ctx, x.db, fresh.db, func(text string) bool {
		differences = append(differences, text)
		return len(differences) < maxDifferences
	})
	return differences, err
}

// compare calls differ for each key that only one has or whose values differ, until it returns false.
func compare(ctx context.Context, have, want *pebble.DB, differ func(string) bool) error {
	a, err := have.NewIter(nil)
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := want.NewIter(nil)
	if err != nil {
		return err
	}
	defer b.Close()
	a.First()
	b.First()
	for more := true; more && (a.Valid() || b.Valid()); {
		if err := ctx.Err(); err != nil {
			return err
		}
		order := 0
		switch {
		case !b.Valid():
			order = -1
		case !a.Valid():
			order = 1
		default:
			order = bytes.Compare(a.Key(), b.Key())
		}
		switch {
		case order < 0:
			more = differ(fmt.Sprintf("key %x should not be there", a.Key()))
			a.Next()
		case order > 0:
			more = differ(fmt.Sprintf("key %x is missing", b.Key()))
			b.Next()
		default:
			if !bytes.Equal(a.Value(), b.Value()) {
				more = differ(fmt.Sprintf("key %x has value %x, not %x", a.Key(), a.Value(), b.Value()))
			}
			a.Next()
			b.Next()
		}
	}
	return errors.Join(a.Error(), b.Error())
}
