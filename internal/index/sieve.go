package index

import (
	"hash/maphash"
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// pointFamilies are those whose keys are looked up whole, often without being there.
const pointFamilies = "irdxv"

func isPoint(key []byte) bool { return strings.IndexByte(pointFamilies, key[0]) >= 0 }

// pointFilter puts only point keys into the tables' Bloom filters: nine of ten keys are read in order, and a filter is no
// use to them.
type pointFilter struct{ pebble.FilterPolicy }

func (f pointFilter) Name() string { return "madang.points." + f.FilterPolicy.Name() }

func (f pointFilter) MayContain(t pebble.FilterType, filter, key []byte) bool {
	return !isPoint(key) || f.FilterPolicy.MayContain(t, filter, key)
}

func (f pointFilter) NewWriter(t pebble.FilterType) pebble.FilterWriter {
	return pointWriter{f.FilterPolicy.NewWriter(t)}
}

type pointWriter struct{ pebble.FilterWriter }

func (w pointWriter) AddKey(key []byte) {
	if isPoint(key) {
		w.FilterWriter.AddKey(key)
	}
}

// sieve is a Bloom filter in memory over all point keys, while much is taken in at once: nearly all that is looked up
// then is new, and each look into the store would cost as much as writing the event. It may be asked
// while keys are added.
type sieve struct {
	seed  maphash.Seed
	lines [][8]atomic.Uint64
}

// sieveLines makes it 16 MiB, which serves ten million events. A power of two.
const (
	sieveLineBits = 18
	sieveProbes   = 5
)

// newSieve reads the point keys of a store.
func newSieve(db *pebble.DB) (*sieve, error) {
	s := &sieve{seed: maphash.MakeSeed(), lines: make([][8]atomic.Uint64, 1<<sieveLineBits)}
	for _, family := range []byte(pointFamilies) {
		it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{family}, UpperBound: []byte{family + 1}})
		if err != nil {
			return nil, err
		}
		for valid := it.First(); valid; valid = it.Next() {
			s.add(it.Key())
		}
		if err := it.Close(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *sieve) add(key []byte) {
	h := maphash.Bytes(s.seed, key)
	line := &s.lines[h>>(64-sieveLineBits)]
	for range sieveProbes {
		line[h>>6&7].Or(1 << (h & 63))
		h >>= 9
	}
}

// mayHave reports whether a key may be in the store; of those that are not, one in a hundred or fewer.
func (s *sieve) mayHave(key []byte) bool {
	h := maphash.Bytes(s.seed, key)
	line := &s.lines[h>>(64-sieveLineBits)]
	for range sieveProbes {
		if line[h>>6&7].Load()>>(h&63)&1 == 0 {
			return false
		}
		h >>= 9
	}
	return true
}
