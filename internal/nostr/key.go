package nostr

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
)

// SecretKey is a secp256k1 secret key: a number from 1 to the curve's order less one, big-endian (BIP-340). Nothing
// prints it but Hex and Nsec.
type SecretKey [32]byte

const hiddenKey = "[secret key]"

// String returns a fixed word.
func (SecretKey) String() string { return hiddenKey }

// Format writes the fixed word for every verb, %x and %v of whatever struct holds the key among them.
func (SecretKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hiddenKey) }

// MarshalJSON refuses: a key that is to be kept is written with Hex.
func (SecretKey) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a secret key is not written as JSON")
}

// Hex returns the key itself as 64 lowercase hex digits.
func (sk SecretKey) Hex() string { return hex.EncodeToString(sk[:]) }

// GenerateKey makes a key from the system's randomness.
func GenerateKey() (SecretKey, error) {
	for {
		var sk SecretKey
		if _, err := rand.Read(sk[:]); err != nil {
			return SecretKey{}, fmt.Errorf("make a key: %w", err)
		}
		if sk.Valid() {
			return sk, nil
		}
	}
}

// ParseSecretKey reads 64 lowercase hex digits or an nsec1 (NIP-19). Its errors never hold what was read.
func ParseSecretKey(s string) (SecretKey, error) {
	if strings.HasPrefix(s, "nsec1") || strings.HasPrefix(s, "NSEC1") {
		v, err := ParseNIP19(s)
		if err != nil {
			return SecretKey{}, err
		}
		return v.(SecretKey), nil
	}
	var sk SecretKey
	if err := parseHex(sk[:], s); err != nil {
		return SecretKey{}, err
	}
	return sk, sk.check()
}

// Valid reports whether the number is in the range of secret keys.
func (sk SecretKey) Valid() bool {
	var n btcec.ModNScalar
	overflow := n.SetBytes((*[32]byte)(&sk))
	return overflow == 0 && !n.IsZero()
}

func (sk SecretKey) check() error {
	if !sk.Valid() {
		return invalid("no secp256k1 secret key")
	}
	return nil
}

// PubKey returns the public key. The secret key must be valid.
func (sk SecretKey) PubKey() (pk PubKey) {
	_, public := btcec.PrivKeyFromBytes(sk[:])
	copy(pk[:], schnorr.SerializePubKey(public))
	return pk
}

// Sign sets PubKey, ID and Sig. It refuses, wrapping ErrInvalid, what DecodeEvent would refuse.
func (e *Event) Sign(sk SecretKey) error {
	if err := sk.check(); err != nil {
		return err
	}
	if err := e.check(); err != nil {
		return err
	}
	secret, public := btcec.PrivKeyFromBytes(sk[:])
	copy(e.PubKey[:], schnorr.SerializePubKey(public))
	e.ID = e.ComputeID()
	sig, err := schnorr.Sign(secret, e.ID[:])
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	copy(e.Sig[:], sig.Serialize())
	return nil
}

// check refuses what has no place on the wire.
func (e *Event) check() error {
	if e.CreatedAt < 0 || e.CreatedAt > maxSafeInteger {
		return within("created_at", invalid("%d is out of range", e.CreatedAt))
	}
	if len(e.Tags) > MaxTags {
		return within("tags", invalid("more than %d tags", MaxTags))
	}
	for _, t := range e.Tags {
		if len(t) == 0 {
			return within("tags", invalid("an empty tag"))
		}
		for _, element := range t {
			if !utf8.ValidString(element) {
				return within("tags", invalid("not UTF-8"))
			}
		}
	}
	if !utf8.ValidString(e.Content) {
		return within("content", invalid("not UTF-8"))
	}
	return nil
}
