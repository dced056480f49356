package negentropy

import (
	"fmt"
	"math/bits"
	"slices"

	"madang/internal/nostr"
)

// A message is the version and then ranges: bound, mode (varint) and what the mode says.
//
//	bound: timestamp (varint: 0 for infinity, else 1 + what it is above the last one), length (varint), id's first bytes
//	skip: nothing · fingerprint: 16 bytes · ids: count (varint), ids of 32 bytes each
const protocolVersion = 0x61

const (
	modeSkip        = 0
	modeFingerprint = 1
	modeIDs         = 2
)

// writer builds a message.
type writer struct {
	b    []byte
	last uint64 // the timestamp written last
}

func newWriter() *writer { return &writer{b: []byte{protocolVersion}} }

func (w *writer) bound(b bound) {
	if b.timestamp == infinity {
		w.last = infinity
		w.b = append(w.b, 0, 0)
		return
	}
	w.b = appendVarint(w.b, 1+b.timestamp-w.last)
	w.last = b.timestamp
	w.b = appendVarint(w.b, uint64(b.idLength))
	w.b = append(w.b, b.id[:b.idLength]...)
}

func (w *writer) skip(to bound) {
	w.bound(to)
	w.b = append(w.b, modeSkip)
}

func (w *writer) fingerprint(to bound, f [fingerprintSize]byte) {
	w.bound(to)
	w.b = append(w.b, modeFingerprint)
	w.b = append(w.b, f[:]...)
}

func (w *writer) ids(to bound, set *Set, lower, upper int) {
	w.bound(to)
	w.b = append(w.b, modeIDs)
	w.b = appendVarint(w.b, uint64(upper-lower))
	w.b = slices.Grow(w.b, (upper-lower)*len(nostr.ID{})+frameTail)
	for run := range set.runs(lower, upper) {
		for i := range run {
			w.b = append(w.b, run[i].ID[:]...)
		}
	}
}

// appendVarint appends base-128 digits, the most significant first, with the high bit on all but the last.
func appendVarint(dst []byte, v uint64) []byte {
	for shift := max(0, bits.Len64(v)-1) / 7 * 7; shift > 0; shift -= 7 {
		dst = append(dst, byte(v>>shift)|0x80)
	}
	return append(dst, byte(v)&0x7f)
}

// reader takes a message apart.
type reader struct {
	b    []byte
	last uint64 // the timestamp read last
}

func malformed(what string) error { return fmt.Errorf("%w: %s", ErrMessage, what) }

func newReader(message []byte) (*reader, error) {
	const versions = 0xf0 // the bits that all versions' bytes have alike
	if len(message) == 0 || message[0]&versions != protocolVersion&versions {
		return nil, malformed("no version")
	}
	if message[0] != protocolVersion {
		return nil, ErrVersion
	}
	return &reader{b: message[1:]}, nil
}

// rangeHead reads the bound and the mode of the range that begins at from.
func (r *reader) rangeHead(from bound) (to bound, mode uint64, err error) {
	if to, err = r.bound(); err != nil {
		return to, 0, err
	}
	if to.compare(from) < 0 {
		return to, 0, malformed("ranges go backwards")
	}
	mode, err = r.varint()
	return to, mode, err
}

func (r *reader) take(n int) ([]byte, error) {
	if n > len(r.b) {
		return nil, malformed("it is cut off")
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken, nil
}

func (r *reader) varint() (v uint64, err error) {
	for i := 0; ; i++ {
		digit, err := r.take(1)
		if err != nil {
			return 0, err
		}
		if i == 0 && digit[0] == 0x80 || v > infinity>>7 {
			return 0, malformed("a number is too long")
		}
		v = v<<7 | uint64(digit[0]&0x7f)
		if digit[0] < 0x80 {
			return v, nil
		}
	}
}

func (r *reader) bound() (b bound, err error) {
	offset, err := r.varint()
	if err != nil {
		return b, err
	}
	switch {
	case offset == 0 || r.last == infinity:
		b.timestamp = infinity
	case offset-1 >= infinity-r.last:
		return b, malformed("a timestamp is too high")
	default:
		b.timestamp = r.last + offset - 1
	}
	r.last = b.timestamp
	length, err := r.varint()
	if err != nil {
		return b, err
	}
	if length > uint64(len(b.id)) {
		return b, malformed("an id is too long")
	}
	b.idLength = int(length)
	prefix, err := r.take(b.idLength)
	copy(b.id[:], prefix)
	return b, err
}

// idList is the ids of one range as they stand in a message.
type idList []byte

func (l idList) len() int          { return len(l) / len(nostr.ID{}) }
func (l idList) at(i int) nostr.ID { return nostr.ID(l[i*len(nostr.ID{}):]) }

// ids reads the ids of one range. Their number is bounded by the message's size.
func (r *reader) ids() (idList, error) {
	n, err := r.varint()
	if err != nil {
		return nil, err
	}
	if n > uint64(len(r.b)/len(nostr.ID{})) {
		return nil, malformed("it is cut off")
	}
	return r.take(int(n) * len(nostr.ID{}))
}
