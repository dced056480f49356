package index

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"madang/internal/eventlog"
)

// Metadata keys. All but the first two are written in the same batch as what they tell of.
var (
	keyFormat    = []byte{familyMetadata, 'f'} // format version(8): formatVersion
	keyLogID     = []byte{familyMetadata, 'l'} // id(16) of the log that the index belongs to
	keyWatermark = []byte{familyMetadata, 'w'} // position(8) up to which the log is taken in
	keyCount     = []byte{familyMetadata, 'n'} // events held(8)
	keySwept     = []byte{familyMetadata, 's'} // Unix second(8) up to which expired events' keys are gone
)

// formatVersion grows when keys or rules change; an index of another version is rebuilt.
const formatVersion = 5

// errForeign: the index is not one of this log, or not one that this version reads.
var errForeign = errors.New("index does not belong to this log")

func uint64Value(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// get calls use with a key's value, if it is there. use must not keep it.
func get(r pebble.Reader, key []byte, use func(value []byte)) (found bool, err error) {
	value, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading the index: %w", err)
	}
	if use != nil {
		use(value)
	}
	return true, closer.Close()
}

// lookup is get for a point key, and for who writes: it does not look where nothing can be.
func (x *Index) lookup(key []byte, use func(value []byte)) (found bool, err error) {
	if !x.has[key[0]].Load() || x.sieve != nil && !x.sieve.mayHave(key) {
		return false, nil
	}
	return get(x.db, key, use)
}

// notePoints tells lookup which families have any key.
func (x *Index) notePoints(db *pebble.DB) error {
	for _, family := range []byte(pointFamilies) {
		it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{family}, UpperBound: []byte{family + 1}})
		if err != nil {
			return err
		}
		x.has[family].Store(it.First())
		if err := it.Close(); err != nil {
			return err
		}
	}
	return nil
}

func getUint64(r pebble.Reader, key []byte) (n uint64, err error) {
	_, err = get(r, key, func(v []byte) {
		if len(v) == 8 {
			n = binary.BigEndian.Uint64(v)
		}
	})
	return n, err
}

// identify writes a fresh index's metadata, or checks that of an old one against the log.
func identify(db *pebble.DB, log eventlog.Log) error {
	var id eventlog.ID
	found, err := get(db, keyLogID, func(v []byte) { copy(id[:], v) })
	if err != nil {
		return err
	}
	if !found {
		it, err := db.NewIter(nil)
		if err != nil {
			return err
		}
		empty := !it.First()
		if err := it.Close(); err != nil {
			return err
		}
		if !empty {
			return errForeign
		}
		return writeIdentity(db, log.ID())
	}
	format, err := getUint64(db, keyFormat)
	if err != nil {
		return err
	}
	watermark, err := getUint64(db, keyWatermark)
	if err != nil {
		return err
	}
	if format != formatVersion || id != log.ID() || eventlog.Position(watermark) > log.End() {
		return errForeign
	}
	return nil
}

func writeIdentity(db *pebble.DB, id eventlog.ID) error {
	b := db.NewBatch()
	defer b.Close()
	return errors.Join(
		b.Set(keyFormat, uint64Value(formatVersion), nil),
		b.Set(keyLogID, id[:], nil),
		b.Commit(pebble.NoSync))
}
