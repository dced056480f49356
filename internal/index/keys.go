package index

import (
	"crypto/sha256"
	"encoding/binary"

	"madang/internal/eventlog"
	"madang/internal/nostr"
)

// Every key begins with one byte that tells its family. Numbers are big-endian, so that bytes sort as numbers do.
//
// Point keys, looked up whole:
//
//	i id(32)                             -> position(8) created_at(8) flags(1)   an event that is held
//	r kind(2) pubkey(32) d(16)           -> created_at(8) id(32)        the newest event seen at an address
//	d id(32) pubkey(32)                  -> empty                       pubkey asked to delete the event id
//	x kind(2) pubkey(32) d(16)           -> created_at(8)               the address is deleted up to that second
//	v pubkey(32)                         -> created_at(8)               whose events are deleted up to that second (NIP-62)
//
// d(16) is the first half of the SHA-256 of the d tag's value ("" for a replaceable kind).
//
// Ordered keys, read in order: a prefix, then ^created_at(8) id(8) position(6), which sorts the newest event first and
// ties by lowest id. id(8) is the id's first eight bytes. The value is what a query passes over events by without reading
// them, as far as the prefix does not tell it: kind(2), and the public key's first four bytes.
//
//	t                     -> kind(2) pubkey(4)   all events
//	k kind(2)             -> pubkey(4)           by kind
//	a pubkey(8)           -> kind(2)             by author
//	b pubkey(8) kind(2)   -> empty               by author and kind
//	g letter(1) hash(8)   -> kind(2) pubkey(4)   by tag: the SHA-256 of the value of each tag named by one letter
//
// What stands for a key, an id or a hash by a part of it may be shared by two: every event found is checked against the
// filter itself.
//
//	e expiration(8) position(8)          -> empty   events with a NIP-40 expiration, soonest first
//	z position(8)                        -> a tombstone, or empty: what is to stay of a record that is to be erased
//	m name                               -> what metadata.go says of each
const (
	familyID        = 'i'
	familyHead      = 'r'
	familyDeleted   = 'd'
	familyRetracted = 'x'
	familyVanished  = 'v'
	familyTime      = 't'
	familyKind      = 'k'
	familyAuthor    = 'a'
	familyBoth      = 'b'
	familyTag       = 'g'
	familyExpiry    = 'e'
	familyErase     = 'z'
	familyMetadata  = 'm'
)

// Flags of an event that is held: what must be known of it without reading it.
const (
	flagPrivate = 1 << 0 // a gift wrap (NIP-59): not everyone may know that it is there
	flagExpires = 1 << 1 // it has an expiration (NIP-40)
)

// place is an i key's value: where an event is, and what must be known of it without reading it.
type place struct {
	pos       eventlog.Position
	createdAt int64
	flags     byte
}

const placeSize = 17

func placeOf(e *nostr.Event, pos eventlog.Position) place {
	p := place{pos: pos, createdAt: e.CreatedAt}
	if e.Kind == nostr.KindGiftWrap || e.Kind == nostr.KindEphemeralWrap {
		p.flags |= flagPrivate
	}
	if _, ok := e.Expiration(); ok {
		p.flags |= flagExpires
	}
	return p
}

func (p place) value() []byte {
	v := binary.BigEndian.AppendUint64(make([]byte, 0, placeSize), uint64(p.pos))
	return append(binary.BigEndian.AppendUint64(v, uint64(p.createdAt)), p.flags)
}

// parsePlace reads an i key's value; one of another length gives the zero place, where no record can be.
func parsePlace(v []byte) (p place) {
	if len(v) == placeSize {
		p.pos = eventlog.Position(binary.BigEndian.Uint64(v))
		p.createdAt = int64(binary.BigEndian.Uint64(v[8:]))
		p.flags = v[16]
	}
	return p
}

// suffixSize is the length of an ordered key after its prefix.
const suffixSize = 22

// suffix is where an event stands in the order of every query: bytes sort newest first, ties by lowest id.
type suffix [suffixSize]byte

func makeSuffix(createdAt int64, id nostr.ID, pos eventlog.Position) (s suffix) {
	binary.BigEndian.PutUint64(s[14:], uint64(pos)) // of which two bytes are written over
	binary.BigEndian.PutUint64(s[:], ^uint64(createdAt))
	copy(s[8:16], id[:])
	return s
}

func (s suffix) createdAt() int64 { return int64(^binary.BigEndian.Uint64(s[:])) }

func (s suffix) position() eventlog.Position {
	return eventlog.Position(binary.BigEndian.Uint64(s[14:]) & (1<<48 - 1))
}

// summary is the value of an ordered key that tells neither kind nor author.
type summary [2 + summaryAuthor]byte

// summaryAuthor is how many bytes of a public key a summary has.
const summaryAuthor = 4

func makeSummary(e *nostr.Event) (v summary) {
	binary.BigEndian.PutUint16(v[:], e.Kind)
	copy(v[2:], e.PubKey[:])
	return v
}

// of returns the part of the summary that an ordered key of a family does not tell itself.
func (v *summary) of(family byte) []byte {
	switch family {
	case familyKind:
		return v[2:]
	case familyAuthor:
		return v[:2]
	case familyBoth:
		return nil
	}
	return v[:]
}

func idKey(id nostr.ID) []byte { return append([]byte{familyID}, id[:]...) }

// address is that of a replaceable or addressable event: kind(2) pubkey(32) d(16), with d as above.
type address [2 + 32 + 16]byte

func makeAddress(a nostr.Address) (key address) {
	binary.BigEndian.PutUint16(key[:], a.Kind)
	copy(key[2:], a.PubKey[:])
	d := sha256.Sum256([]byte(a.D))
	copy(key[34:], d[:])
	return key
}

func addressOf(e *nostr.Event) (address, bool) {
	a, ok := e.Address()
	if !ok {
		return address{}, false
	}
	return makeAddress(a), true
}

func addressKey(family byte, a address) []byte { return append([]byte{family}, a[:]...) }

func eraseKey(pos eventlog.Position) []byte {
	return binary.BigEndian.AppendUint64([]byte{familyErase}, uint64(pos))
}

func deletedKey(id nostr.ID, by nostr.PubKey) []byte {
	return append(append([]byte{familyDeleted}, id[:]...), by[:]...)
}

func vanishedKey(pk nostr.PubKey) []byte { return append([]byte{familyVanished}, pk[:]...) }

func expiryKey(at int64, pos eventlog.Position) []byte {
	key := binary.BigEndian.AppendUint64([]byte{familyExpiry}, uint64(max(at, 0)))
	return binary.BigEndian.AppendUint64(key, uint64(pos))
}

func kindPrefix(kind uint16) []byte { return binary.BigEndian.AppendUint16([]byte{familyKind}, kind) }

func authorPrefix(pk nostr.PubKey) []byte { return append([]byte{familyAuthor}, pk[:8]...) }

func bothPrefix(pk nostr.PubKey, kind uint16) []byte {
	return binary.BigEndian.AppendUint16(append([]byte{familyBoth}, pk[:8]...), kind)
}

func tagPrefix(letter byte, value string) []byte {
	hash := sha256.Sum256([]byte(value))
	return append([]byte{familyTag, letter}, hash[:8]...)
}

// eachOrderedKey calls fn with every ordered key of an event, with that of a tag that it has twice as often; fn must not
// keep the key.
func eachOrderedKey(e *nostr.Event, pos eventlog.Position, fn func(key []byte)) {
	s := makeSuffix(e.CreatedAt, e.ID, pos)
	var room [1 + 1 + 8 + suffixSize]byte
	put := func(prefix []byte) { fn(append(prefix, s[:]...)) }
	key := room[:0]
	put(append(key, familyTime))
	put(binary.BigEndian.AppendUint16(append(key, familyKind), e.Kind))
	put(append(append(key, familyAuthor), e.PubKey[:8]...))
	put(binary.BigEndian.AppendUint16(append(append(key, familyBoth), e.PubKey[:8]...), e.Kind))
	for _, t := range e.Tags {
		if len(t) >= 2 && isLetter(t[0]) {
			hash := sha256.Sum256([]byte(t[1]))
			put(append(append(key, familyTag, t[0][0]), hash[:8]...))
		}
	}
}

func isLetter(name string) bool {
	return len(name) == 1 && (name[0] >= 'a' && name[0] <= 'z' || name[0] >= 'A' && name[0] <= 'Z')
}

// end returns the first key after all that begin with prefix. A prefix begins with a letter, so there is one.
func end(prefix []byte) []byte {
	next := append([]byte(nil), prefix...)
	for i := len(next) - 1; i >= 0; i-- {
		next[i]++
		if next[i] != 0 {
			return next[:i+1]
		}
	}
	return nil
}
