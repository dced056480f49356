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

// Reconciler is one side of a talk. It is either a responder, and then any number of goroutines may share it, or an
// initiator, which belongs to one.
type Reconciler struct {
	set   *Set
	limit int              // bytes of a message, tail apart; 0: none
	left  map[nostr.ID]int // the initiator's, to compare two lists of ids
}

// New begins a talk about a set, which may be shared. Messages will be of at most frameLimit bytes (4096 at least); 0
// means no limit.
func New(set *Set, frameLimit int) *Reconciler {
	r := &Reconciler{set: set}
	if frameLimit > 0 {
		r.limit = max(frameLimit, minFrame) - frameTail
	}
	return r
}

// Initiate returns the initiator's first message.
func (r *Reconciler) Initiate() []byte {
	out := newWriter()
	r.split(out, r.set.from, r.set.to, bound{timestamp: infinity})
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
// this side lacks. The reply is nil when all is known. An id may be told of again in a later message, because a message
// that is full asks about all that follows as one, with what was settled there before. How many rounds to go and how
// many ids to hear of is the caller's to bound.
func (r *Reconciler) ReconcileInitiator(message []byte) (reply []byte, have, need []nostr.ID, err error) {
	in, err := newReader(message)
	if err != nil {
		return nil, nil, nil, err
	}
	reply, err = r.answer(in, func(lower, upper int, theirs idList) {
		h, n := r.compare(lower, upper, theirs)
		have, need = append(have, h...), append(need, n...)
	})
	if err != nil || len(reply) == 1 {
		reply = nil
	}
	return reply, have, need, err
}

// compare tells what only one of the two has, of this side's items from lower to upper and the other side's ids.
func (r *Reconciler) compare(lower, upper int, theirs idList) (have, need []nostr.ID) {
	const ours, told = 1, 2
	if r.left == nil {
		r.left = map[nostr.ID]int{}
	}
	clear(r.left)
	for run := range r.set.runs(lower, upper) {
		for i := range run {
			r.left[run[i].ID] = ours
		}
	}
	for i := range theirs.len() {
		id := theirs.at(i)
		if r.left[id] == 0 {
			need = append(need, id)
		}
		r.left[id] = told
	}
	for run := range r.set.runs(lower, upper) {
		for i := range run {
			if r.left[run[i].ID] == ours {
				have = append(have, run[i].ID)
			}
		}
	}
	return have, need
}

// answer goes through a message's ranges and writes what is to be said to each. Where the other side sent its ids, the
// initiator compares them with its own; the responder, whose compare is nil, sends its own.
func (r *Reconciler) answer(in *reader, compare func(lower, upper int, theirs idList)) ([]byte, error) {
	out := newWriter()
	var from bound      // where this range begins,
	lower := r.set.from // and its first item
	skipping := false   // whether there is nothing to say to the ranges just before it
	for len(in.b) > 0 {
		to, mode, err := in.rangeHead(from)
		if err != nil {
			return nil, err
		}
		upper := r.set.find(lower, to)

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
			if ours := r.set.fingerprint(lower, upper); ours == [fingerprintSize]byte(theirs) {
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
				compare(lower, upper, theirs)
				agreed = true
				break
			}
			say()
			if r.limit > 0 {
				cut = min(upper, lower+max(0, r.limit-len(out.b)-rangeHead)/len(nostr.ID{}))
			}
			if cut < upper {
				to = r.set.at(cut).bound()
			}
			out.ids(to, r.set, lower, cut)
		default:
			return nil, malformed("unknown mode")
		}

		if r.limit > 0 && len(out.b) > r.limit {
			// This range has no room, nor have those after it: they are asked again as one.
			*out = before
			say()
			out.fingerprint(bound{timestamp: infinity}, r.set.fingerprint(lower, r.set.to))
			return out.b, nil
		}
		if cut < upper {
			out.fingerprint(bound{timestamp: infinity}, r.set.fingerprint(cut, r.set.to))
			return out.b, nil
		}
		skipping, from, lower = agreed, to, upper
	}
	return out.b, nil
}

// split writes the items from lower to upper as a list of ids, or if they are many as pieces by their fingerprints.
func (r *Reconciler) split(out *writer, lower, upper int, to bound) {
	n := upper - lower
	if n < sendIDs {
		out.ids(to, r.set, lower, upper)
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
			pieceTo = boundBetween(r.set.at(end-1), r.set.at(end))
		}
		out.fingerprint(pieceTo, r.set.fingerprint(start, end))
		start = end
	}
}
