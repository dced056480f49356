// Package verify checks ids and signatures (NIP-01, BIP-340). Its Event is the only type that the store, the index and
// the hub accept, and only this package can make one.
//
// One checks a single event and needs nothing. A Verifier checks many: signatures in batches (BIP-340, "Batch
// Verification"), which costs a fraction of checking each. Both accept exactly the same events.
package verify

import (
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"

	"madang/internal/nostr"
)

// Limits of an event's wire form, in bytes. Others' events have to fit a frame and a slow link; the node's own roster
// grows with its members.
const (
	MaxSize    = 256 << 10
	MaxOwnSize = 4 << 20
)

// ErrID, ErrSignature and ErrTooLarge are wrapped by the errors of One and Verifier.Batch.
var (
	ErrID        = errors.New("id does not match the event")
	ErrSignature = errors.New("bad signature")
	ErrTooLarge  = errors.New("event too large")
)

// What is wrong with a signature (BIP-340, "Verification").
var (
	errKey    = fmt.Errorf("%w: the author's key is not on the curve", ErrSignature)
	errR      = fmt.Errorf("%w: r is not on the curve", ErrSignature)
	errS      = fmt.Errorf("%w: s is not below the curve's order", ErrSignature)
	errForged = fmt.Errorf("%w: it is not the author's", ErrSignature)
)

// Event is an event whose id and signature were checked.
type Event struct {
	event *nostr.Event
	json  []byte
}

// Event returns the event, shared: it must not be altered.
func (e Event) Event() *nostr.Event { return e.event }

// JSON returns the event's wire form, shared: it must not be altered.
func (e Event) JSON() []byte { return e.json }

// One checks one event, of up to MaxSize bytes.
func One(e *nostr.Event) (Event, error) {
	read, err := checkID(e, MaxSize)
	if err != nil {
		return Event{}, err
	}
	if err := checkSignature(&e.PubKey, &e.ID, &e.Sig); err != nil {
		return Event{}, err
	}
	return read, nil
}

// checkID does what costs least first. What it returns still lacks the check of its signature.
func checkID(e *nostr.Event, maxSize int) (Event, error) {
	json, id := e.AppendJSONAndID(make([]byte, 0, 512+len(e.Content)))
	if len(json) > maxSize {
		return Event{}, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(json), maxSize)
	}
	if id != e.ID {
		return Event{}, ErrID
	}
	return Event{event: e, json: json}, nil
}

// checkSignature is BIP-340's Verify.
func checkSignature(pk *nostr.PubKey, id *nostr.ID, sig *nostr.Sig) error {
	// schnorr.ParseSignature reduces s where BIP-340 refuses it.
	var s btcec.ModNScalar
	if s.SetByteSlice(sig[32:]) {
		return errS
	}
	key, err := schnorr.ParsePubKey(pk[:])
	if err != nil {
		return errKey
	}
	signature, err := schnorr.ParseSignature(sig[:])
	if err != nil {
		return errR
	}
	if !signature.Verify(id[:], key) {
		return errForged
	}
	return nil
}
