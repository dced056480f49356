package ingest

import (
	"errors"
	"time"

	"madang/internal/hub"
	"madang/internal/nostr"
	"madang/internal/policy"
	"madang/internal/verify"
)

// future is how far ahead of the node's clock an event of the Live road may be.
const future = 15 * time.Minute

// check asks policy and clock, and then the verifier for all that is left together. What is refused has its result. An
// ephemeral event skips the log and is handed straight to the hub. The rest are candidates; of those that the index has
// already no signature was checked.
func (in *Ingest) check(works []*work) (candidates []candidate) {
	var claims []verify.Claim
	var of []candidate   // of claims[i], without its event
	var verdicts []error // of claims[i], to be told once it is known who asks
	for _, k := range works {
		for i, e := range k.events {
			err := in.permit(e, k.writer)
			if err != nil && !isPrivate(err) {
				k.results[i] = refused(err)
				continue
			}
			claims = append(claims, verify.Claim{Event: e, Source: k.writer.Source})
			of, verdicts = append(of, candidate{of: k, at: i}), append(verdicts, err)
		}
	}
	verified, errs := in.cfg.Verifier.BatchBut(claims, func(errs []error) { in.settleHeld(claims, of, errs) })
	for i, c := range of {
		if errs[i] == nil {
			errs[i] = verdicts[i]
		}
		switch {
		case errs[i] != nil && !errors.Is(errs[i], errHeld):
			c.of.results[c.at] = refused(errs[i])
		case nostr.IsEphemeral(claims[i].Event.Kind):
			in.cfg.Hub.Publish([]hub.Delivery{{Pos: hub.Ephemeral, Event: verified[i]}})
			c.of.results[c.at] = Result{OK: true}
		default:
			c.event = verified[i]
			c.of.left++
			candidates = append(candidates, c)
		}
	}
	for _, k := range works {
		if k.left == 0 {
			in.finish(k)
		}
	}
	return candidates
}

// errHeld is no refusal: the index has the event, and so whatever is to be said of it is said without its signature.
var errHeld = errors.New("already held")

// settleHeld gives errHeld to the claims that the index has. Most of what boxes exchange is there already; but what comes
// live hardly ever is, and looking for it would be for nothing. No id is looked for that is not the event's own, and
// nothing ephemeral, which is never held.
//
// A bad signature of what is held is thus passed over. It harms nobody: nothing is stored or handed on of it, and the
// answer is the one that the true event would have.
func (in *Ingest) settleHeld(claims []verify.Claim, by []candidate, errs []error) {
	ids, of := make([]nostr.ID, 0, len(claims)), make([]int, 0, len(claims))
	for i, claim := range claims {
		if errs[i] == nil && by[i].of.writer.Road != policy.Live && !nostr.IsEphemeral(claim.Event.Kind) {
			ids, of = append(ids, claim.Event.ID), append(of, i)
		}
	}
	if len(ids) == 0 {
		return
	}
	missing, err := in.cfg.Index.Missing(ids)
	if err != nil {
		return // as if it had none: what the index suffers from, the commit will tell
	}
	for n, i := range of {
		if len(missing) > 0 && missing[0] == ids[n] {
			missing = missing[1:]
			continue
		}
		errs[i] = errHeld
		in.stats.held.Inc()
	}
}

// permit asks who may write this, and when. It comes before the signature is checked, which costs more.
func (in *Ingest) permit(e *nostr.Event, w policy.Writer) error {
	if err := in.cfg.Policy.MayWrite(e, w); err != nil {
		return err
	}
	return in.checkTimes(e, w.Road)
}

// isPrivate: whom the operators shut out is told to the author alone, who can sign. All else that policy goes by is in
// the event itself and in the roster, which anyone may read.
func isPrivate(err error) bool {
	var refusal *policy.Error
	return errors.As(err, &refusal) && refusal.Prefix == "blocked"
}

// checkTimes refuses what has expired (NIP-40) and, on the Live road, what claims to come from the future. A node that
// does not know the time passes over its word: better kept too long than lost.
func (in *Ingest) checkTimes(e *nostr.Event, road policy.Road) error {
	if !in.cfg.Known() {
		return nil
	}
	now := in.cfg.Now()
	if at, ok := e.Expiration(); ok && at <= now.Unix() {
		return &policy.Error{Prefix: "invalid", Text: "this event has expired"}
	}
	if road == policy.Live && e.CreatedAt > now.Add(future).Unix() {
		return &policy.Error{Prefix: "invalid", Text: "created_at is too far in the future"}
	}
	return nil
}
