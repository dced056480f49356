// Package negentropy finds what each of two sets of events has that the other lacks, without sending either: Negentropy
// Protocol V1 (NIP-77, appendix). It is pure: messages come in and go out as bytes, and carrying them is the caller's.
//
// The initiator sends Initiate's message, the responder answers each with Reconcile, and the initiator each answer with
// ReconcileInitiator, until there is nothing more to send. Where both have a range alike, it is skipped; where not, it
// is cut in pieces and asked again, and a small piece's ids are sent as they are.
package negentropy

import (
	"errors"

	"madang/internal/nostr"
)

// ErrMessage is wrapped by the errors that refuse a malformed message.
var ErrMessage = errors.New("malformed negentropy message")

// ErrVersion says that the responder does not speak version 1.
var ErrVersion = errors.New("negentropy version is not supported")

const (
	pieces    = 16         // into which a range is cut
	sendIDs   = 2 * pieces // items below which a range's ids are sent instead
	minFrame  = 4096       // bytes: room for one range cut in pieces, and the rest
	rangeHead = 64         // bytes at most before a range's ids: bound, mode and count
	frameTail = 200        // bytes kept free for the two ranges that end a message which is full
)

// Reconciler is one side's set. It is either a responder, and then any number of goroutines may share it, or an
// initiator, which belongs to one.
type Reconciler struct {
	vector vector
	limit  int // bytes of a message, tail apart; 0: none

	reported map[nostr.ID]bool // what the initiator was told already
}

// New takes the items, in any order, and keeps them. Messages will be of at most frameLimit bytes (4096 at least); 0
// means no limit.
func New(items []Item, frameLimit int) *Reconciler {
	r := &Reconciler{vector: newVector(items), reported: map[nostr.ID]bool{}}
	if frameLimit > 0 {
		r.limit = max(frameLimit, minFrame) - frameTail
	}
	return r
}

// Initiate returns the initiator's first message.
func (r *Reconciler) Initiate() []byte {
	out := newWriter()
	r.split(out, 0, len(r.vector.items), bound{timestamp: infinity})
	return out.b
}

// Reconcile returns the responder's answer. To another version of the protocol it is the version that is spoken here.
func (r *Reconciler) Reconcile(message []byte) (reply []byte, err error) {
	in, err := newReader(message)
	if errors.Is(err, ErrVersion) {
		return []byte{protocolVersion}, nil
	}
	if err != nil {
		return nil, err
	}
	return r.answer(in, nil)
}

// ReconcileInitiator reads the responder's answer: have are ids that the responder lacks, need are ids that it has and
// this side lacks, each told once. The reply is nil when all is known. How many rounds to go is the caller's to bound.
func (r *Reconciler) ReconcileInitiator(message []byte) (reply []byte, have, need []nostr.ID, err error) {
	in, err := newReader(message)
	if err != nil {
		return nil, nil, nil, err
	}
	report := func(to *[]nostr.ID, id nostr.ID) {
		if !r.reported[id] {
			r.reported[id] = true
			*to = append(*to, id)
		}
	}
	reply, err = r.answer(in, func(ours []Item, theirs []nostr.ID) {
		left := make(map[nostr.ID]bool, len(theirs))
		for _, id := range theirs {
			left[id] = true
		}
		for _, it := range ours {
			if !left[it.ID] {
				report(&have, it.ID)
			}
			delete(left, it.ID)
		}
		for _, id := range theirs {
			if left[id] {
				report(&need, id)
			}
		}
	})
	if err != nil || len(reply) == 1 {
		reply = nil
	}
	return reply, have, need, err
}

// answer goes through a message's ranges and writes what is to be said to each. Where the other side sent its ids, the
// initiator compares them with its own; the responder, whose compare is nil, sends its own.
func (r *Reconciler) answer(in *reader, compare func(ours []Item, theirs []nostr.ID)) ([]byte, error) {
	out := newWriter()
	all := len(r.vector.items)
	var from bound    // where this range begins,
	lower := 0        // and its first item
	skipping := false // whether there is nothing to say to the ranges just before it
	for len(in.b) > 0 {
		to, mode, err := in.rangeHead(from)
		if err != nil {
			return nil, err
		}
		upper := r.vector.find(lower, to)

		before := *out
		say := func() {
			if skipping {
				out.skip(from)
			}
		}
		agreed, cut := false, upper
		switch mode {
		case modeSkip:
			agreed = true
		case modeFingerprint:
			theirs, err := in.take(fingerprintSize)
			if err != nil {
				return nil, err
			}
			if ours := r.vector.fingerprint(lower, upper); ours == [fingerprintSize]byte(theirs) {
				agreed = true
			} else {
				say()
				r.split(out, lower, upper, to)
			}
		case modeIDs:
			theirs, err := in.ids()
			if err != nil {
				return nil, err
			}
			if compare != nil {
				compare(r.vector.items[lower:upper], theirs)
				agreed = true
				break
			}
			say()
			if r.limit > 0 {
				cut = min(upper, lower+max(0, r.limit-len(out.b)-rangeHead)/len(nostr.ID{}))
			}
			if cut < upper {
				to = r.vector.items[cut].bound()
			}
			out.ids(to, r.vector.items[lower:cut])
		default:
			return nil, malformed("unknown mode")
		}

		if r.limit > 0 && len(out.b) > r.limit {
			// This range has no room, nor have those after it: they are asked again as one.
			*out = before
			say()
			out.fingerprint(bound{timestamp: infinity}, r.vector.fingerprint(lower, all))
			return out.b, nil
		}
		if cut < upper {
			out.fingerprint(bound{timestamp: infinity}, r.vector.fingerprint(cut, all))
			return out.b, nil
		}
		skipping, from, lower = agreed, to, upper
	}
	return out.b, nil
}

// split writes the items from lower to upper as a list of ids, or if they are many as pieces by their fingerprints.
func (r *Reconciler) split(out *writer, lower, upper int, to bound) {
	items := r.vector.items
	n := upper - lower
	if n < sendIDs {
		out.ids(to, items[lower:upper])
		return
	}
	start := lower
	for i := range pieces {
		end := start + n/pieces
		if i < n%pieces {
			end++
		}
		pieceTo := to
		if end < upper {
			pieceTo = boundBetween(items[end-1], items[end])
		}
		out.fingerprint(pieceTo, r.vector.fingerprint(start, end))
		start = end
	}
}
