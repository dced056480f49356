package nostr

import (
	"encoding/binary"
	"math"

	"github.com/btcsuite/btcd/btcutil/bech32"
)

// maxNIP19 is the longest string that NIP-19 lets a reader expect.
const maxNIP19 = 5000

// The types of NIP-19's type-length-value items.
const (
	tlvSpecial = 0 // the key, the id, or the d tag
	tlvAuthor  = 2
	tlvKind    = 3
)

// Npub returns the key as npub1... (NIP-19).
func (pk PubKey) Npub() string { return encodeNIP19("npub", pk[:]) }

// Nsec returns the key itself as nsec1... (NIP-19).
func (sk SecretKey) Nsec() string { return encodeNIP19("nsec", sk[:]) }

// Note returns the id as note1... (NIP-19).
func (id ID) Note() string { return encodeNIP19("note", id[:]) }

// Naddr returns the address as naddr1... (NIP-19), or "" for a d tag that does not fit, above 255 bytes.
func (a Address) Naddr() string {
	if len(a.D) > math.MaxUint8 {
		return ""
	}
	b := append([]byte{tlvSpecial, byte(len(a.D))}, a.D...)
	b = append(append(b, tlvAuthor, byte(len(a.PubKey))), a.PubKey[:]...)
	b = binary.BigEndian.AppendUint32(append(b, tlvKind, 4), uint32(a.Kind))
	return encodeNIP19("naddr", b)
}

func encodeNIP19(prefix string, b []byte) string {
	s, err := bech32.EncodeFromBase256(prefix, b)
	if err != nil {
		panic(err) // not for whole bytes and a prefix of letters
	}
	return s
}

// ParseNIP19 reads npub, nsec, note, nprofile, nevent and naddr; the result is a PubKey, SecretKey, ID or Address.
// Relays and unknown items are left out. Its errors never hold what was read, which may be a secret.
func ParseNIP19(s string) (any, error) {
	if len(s) > maxNIP19 {
		return nil, invalid("longer than %d characters", maxNIP19)
	}
	prefix, words, err := bech32.DecodeNoLimit(s)
	if err != nil {
		return nil, invalid("not bech32")
	}
	b, err := bech32.ConvertBits(words, 5, 8, false)
	if err != nil {
		return nil, invalid("not bech32")
	}
	switch prefix {
	case "npub", "nsec", "note":
		return parseBare(prefix, b)
	case "nprofile", "nevent", "naddr":
		items, err := parseTLV(b)
		if err != nil {
			return nil, err
		}
		return items.value(prefix)
	}
	return nil, invalid("unknown prefix")
}

func parseBare(prefix string, b []byte) (any, error) {
	if len(b) != 32 {
		return nil, invalid("want 32 bytes, got %d", len(b))
	}
	switch prefix {
	case "npub":
		return PubKey(b), nil
	case "note":
		return ID(b), nil
	}
	sk := SecretKey(b)
	if err := sk.check(); err != nil {
		return nil, err
	}
	return sk, nil
}

// tlvItems holds the first item of each type.
type tlvItems map[byte][]byte

func parseTLV(b []byte) (tlvItems, error) {
	items := tlvItems{}
	for len(b) > 0 {
		if len(b) < 2 || len(b) < 2+int(b[1]) {
			return nil, invalid("an item is cut off")
		}
		kind, value, rest := b[0], b[2:2+int(b[1])], b[2+int(b[1]):]
		if _, ok := items[kind]; !ok {
			items[kind] = value
		}
		b = rest
	}
	return items, nil
}

func (items tlvItems) value(prefix string) (any, error) {
	special, ok := items[tlvSpecial]
	if prefix == "naddr" {
		author, kind := items[tlvAuthor], items[tlvKind]
		if !ok || len(author) != 32 || len(kind) != 4 || binary.BigEndian.Uint32(kind) > math.MaxUint16 {
			return nil, invalid("want an identifier, an author and a kind")
		}
		return Address{Kind: uint16(binary.BigEndian.Uint32(kind)), PubKey: PubKey(author), D: string(special)}, nil
	}
	if len(special) != 32 {
		return nil, invalid("want 32 bytes, got %d", len(special))
	}
	if prefix == "nprofile" {
		return PubKey(special), nil
	}
	return ID(special), nil
}
