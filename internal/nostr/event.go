// Package nostr holds Nostr's data: keys, events, filters and the messages between client and relay, as NIP-01 and
// NIP-19 define them. It is pure: it reads no clock, file or socket, and it checks form, never signatures (package
// verify does).
package nostr

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"strings"
)

// ErrInvalid is wrapped by every error that refuses malformed input; its text is fit for NIP-01's "invalid: " prefix.
var ErrInvalid = errors.New("invalid")

// ID is an event's id: the SHA-256 of its canonical form (NIP-01).
type ID [32]byte

// PubKey is the x coordinate of a secp256k1 public key (BIP-340).
type PubKey [32]byte

// Sig is a BIP-340 signature of an event's id.
type Sig [64]byte

// LeadingZeros counts the zero bits that the id begins with: its difficulty (NIP-13).
func (id ID) LeadingZeros() (n int) {
	for _, b := range id {
		n += bits.LeadingZeros8(b)
		if b != 0 {
			break
		}
	}
	return n
}

// String returns 64 lowercase hex digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// String returns 64 lowercase hex digits.
func (pk PubKey) String() string { return hex.EncodeToString(pk[:]) }

// String returns 128 lowercase hex digits.
func (s Sig) String() string { return hex.EncodeToString(s[:]) }

// ParseID reads exactly 64 lowercase hex digits.
func ParseID(s string) (id ID, err error) { return id, parseHex(id[:], s) }

// ParsePubKey reads exactly 64 lowercase hex digits. Whether they are a point on the curve is package verify's to say.
func ParsePubKey(s string) (pk PubKey, err error) { return pk, parseHex(pk[:], s) }

func parseHex(dst []byte, s string) error {
	if len(s) != 2*len(dst) {
		return invalid("want %d hex digits, got %d", 2*len(dst), len(s))
	}
	for i := range dst {
		high, low := hexDigits[s[2*i]], hexDigits[s[2*i+1]]
		if high|low > 15 {
			return invalid("not lowercase hex")
		}
		dst[i] = high<<4 | low
	}
	return nil
}

// hexDigits has a lowercase hex digit's value, and 255 for every other byte.
var hexDigits = func() (values [256]byte) {
	for i := range values {
		values[i] = 255
	}
	for i, c := range "0123456789abcdef" {
		values[c] = byte(i)
	}
	return values
}()

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

// within says where an error of this package is, keeping its "invalid: " in front.
func within(where string, err error) error {
	return invalid("%s: %s", where, strings.TrimPrefix(err.Error(), ErrInvalid.Error()+": "))
}

// Tag is one tag: its name, its value, and whatever follows. A Tag is never empty.
type Tag []string

// Name returns the tag's first element.
func (t Tag) Name() string { return t[0] }

// Value returns the tag's second element, or "" where there is none.
func (t Tag) Value() string {
	if len(t) < 2 {
		return ""
	}
	return t[1]
}

// Tags are an event's tags in order.
type Tags []Tag

// First returns the value of the first tag called name, and whether there is such a tag.
func (ts Tags) First(name string) (string, bool) {
	for _, t := range ts {
		if t.Name() == name {
			return t.Value(), true
		}
	}
	return "", false
}

// Has reports whether there is a tag called name with this value.
func (ts Tags) Has(name, value string) bool {
	for _, t := range ts {
		if t.Name() == name && t.Value() == value {
			return true
		}
	}
	return false
}

// Event is a Nostr event (NIP-01). A decoded event is shared between goroutines and must not be altered.
type Event struct {
	ID        ID
	PubKey    PubKey
	CreatedAt int64 // Unix seconds, 0 or later
	Kind      uint16
	Tags      Tags
	Content   string
	Sig       Sig
}
