package index

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"madang/internal/nostr"
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
	err = x.compare(ctx, fresh, func(text string) bool {
		differences = append(differences, text)
		return len(differences) < maxDifferences
	})
	return differences, err
}

// compare calls differ for each key that only one has or whose values differ, until it returns false.
func (x *Index) compare(ctx context.Context, fresh *Index, differ func(string) bool) error {
	have, err := x.db.NewIter(nil)
	if err != nil {
		return err
	}
	defer have.Close()
	want, err := fresh.db.NewIter(nil)
	if err != nil {
		return err
	}
	defer want.Close()
	have.First()
	want.First()
	for more := true; more && (have.Valid() || want.Valid()); {
		if err := ctx.Err(); err != nil {
			return err
		}
		order := 0
		switch {
		case !want.Valid():
			order = -1
		case !have.Valid():
			order = 1
		default:
			order = bytes.Compare(have.Key(), want.Key())
		}
		var text string
		switch {
		case order < 0:
			text = fmt.Sprintf("key %x should not be there", have.Key())
		case order > 0:
			text = fmt.Sprintf("key %x is missing", want.Key())
		case !bytes.Equal(have.Value(), want.Value()):
			text = fmt.Sprintf("key %x has value %x, not %x", have.Key(), have.Value(), want.Value())
		}
		if text != "" {
			it := have
			if order > 0 {
				it = want
			}
			matters, err := x.matters(it.Key(), it.Value(), order)
			if err != nil {
				return err
			}
			more = !matters || differ(text)
		}
		if order <= 0 {
			have.Next()
		}
		if order >= 0 {
			want.Next()
		}
	}
	return errors.Join(have.Error(), want.Error())
}

// matters reports whether a difference is one. Erasing makes some that are none: an erased event of somebody who has
// vanished leaves no head, which nothing needs that the request keeps out anyway. And of what is to be erased this index
// may know more than one that is made anew: what was erased a moment ago, and what was to stay of it for a reason that is
// gone since.
func (x *Index) matters(key, value []byte, order int) (bool, error) {
	switch key[0] {
	case familyErase:
		return order > 0, nil
	case familyHead:
		upTo, vanished, err := x.vanishedUpTo(nostr.PubKey(key[3:35]))
		return !vanished || int64(binary.BigEndian.Uint64(value)) > upTo, err
	}
	return true, nil
}
