// Package verify checks ids and signatures (NIP-01, BIP-340). Its Event is the only type that the store, the index and
// the hub accept, and only this package can make one.
package verify

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

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

// ErrID, ErrSignature and ErrTooLarge are wrapped by the errors of One and Batch.
var (
	ErrID        = errors.New("id does not match the event")
	ErrSignature = errors.New("bad signature")
	ErrTooLarge  = errors.New("event too large")
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
func One(e *nostr.Event) (Event, error) { return check(e, MaxSize) }

// Own checks an event that the node itself made, of up to MaxOwnSize bytes.
func Own(e *nostr.Event) (Event, error) { return check(e, MaxOwnSize) }

// Batch checks many on all cores as One does; errs[i] belongs to events[i].
func Batch(events []*nostr.Event) (verified []Event, errs []error) {
	verified, errs = make([]Event, len(events)), make([]error, len(events))
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1) - 1); i < len(events); i = int(next.Add(1) - 1) {
			verified[i], errs[i] = One(events[i])
		}
	}
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(events)) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return verified, errs
}

// check does what costs least first.
func check(e *nostr.Event, maxSize int) (Event, error) {
	json := e.AppendJSON(make([]byte, 0, 512+len(e.Content)))
	if len(json) > maxSize {
		return Event{}, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(json), maxSize)
	}
	if e.ComputeID() != e.ID {
		return Event{}, ErrID
	}
	if err := checkSignature(&e.PubKey, e.ID[:], &e.Sig); err != nil {
		return Event{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return Event{event: e, json: json}, nil
}

// checkSignature is BIP-340's Verify.
func checkSignature(pk *nostr.PubKey, message []byte, sig *nostr.Sig) error {
	// schnorr.ParseSignature reduces s where BIP-340 refuses it.
	var s btcec.ModNScalar
	if s.SetByteSlice(sig[32:]) {
		return errors.New("s is not below the curve's order")
	}
	key, err := schnorr.ParsePubKey(pk[:])
	if err != nil {
		return err
	}
	signature, err := schnorr.ParseSignature(sig[:])
	if err != nil {
		return err
	}
	if !signature.Verify(message, key) {
		return errors.New("it is not the author's")
	}
	return nil
}
