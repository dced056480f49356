package relay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"madang/internal/index"
	"madang/internal/negentropy"
	"madang/internal/nostr"
)

// negFrame bounds an answer in bytes; as hex it is twice as long, and still fits a frame of any relay.
const negFrame = 128 << 10

// reconciliation is one NEG-OPEN, and the set that the client could read when it asked.
type reconciliation struct {
	relay    *Relay
	items    int             // that no other session shares
	set      *negentropy.Set // nil where there is a snapshot
	snapshot *index.Snapshot // of the index's timeline
}

// hold counts items more that this session alone keeps in memory, out of most of all sessions.
func (n *reconciliation) hold(items int, most int64) error {
	n.items += items
	if all := n.relay.negItems.Add(int64(items)); n.items > n.relay.cfg.Limits.NegItems || all > most {
		return errTooBig
	}
	return nil
}

// current returns the set, or nil if it was taken back.
func (n *reconciliation) current() *negentropy.Set {
	if n.snapshot != nil {
		return n.snapshot.Set()
	}
	return n.set
}

// free gives back the session's share of what all sessions may hold.
func (n *reconciliation) free() {
	n.relay.negItems.Add(-int64(n.items))
	n.items = 0
	if n.snapshot != nil {
		n.snapshot.Release()
	}
}

// negOpen begins a reconciliation (NIP-77). Only events that the client may read are in the set.
func (c *conn) negOpen(m nostr.NegOpenMsg) {
	c.endNeg(m.SubID) // one of the same name is closed first
	if refusal := c.mayAsk([]nostr.Filter{m.Filter}); refusal != "" {
		c.negErr(m.SubID, refusal)
		return
	}
	if m.Filter.Search != "" {
		c.negErr(m.SubID, "unsupported: a search (NIP-50) is not reconciled")
		return
	}
	if !c.relay.stats.within(limitReconciliations, len(c.negs) < c.relay.cfg.Limits.NegSessions) {
		c.negErr(m.SubID, fmt.Sprintf("blocked: a connection may have %d reconciliations", c.relay.cfg.Limits.NegSessions))
		return
	}
	began := time.Now()
	n, err := c.reconcile(m.Filter)
	c.relay.stats.queries[queryNegOpen].UpdateDuration(began)
	switch {
	case errors.Is(err, errTooBig):
		c.negErr(m.SubID, "blocked: this query is too big")
		return
	case err != nil:
		c.negErr(m.SubID, c.failure("NEG-OPEN", err))
		return
	}
	c.negs[m.SubID] = n
	c.negAnswer(m.SubID, n, m.Message)
}

// negMsg goes on with a reconciliation.
func (c *conn) negMsg(m nostr.NegMsgMsg) {
	n := c.negs[m.SubID]
	if n == nil {
		c.negErr(m.SubID, "closed: there is no such reconciliation")
		return
	}
	if !c.mayQuery() {
		c.endNeg(m.SubID)
		c.negErr(m.SubID, "rate-limited: too many queries, wait a moment")
		return
	}
	c.negAnswer(m.SubID, n, m.Message)
}

func (c *conn) negClose(m nostr.NegCloseMsg) { c.endNeg(m.SubID) }

func (c *conn) endNeg(id string) {
	if n := c.negs[id]; n != nil {
		n.free()
		delete(c.negs, id)
	}
}

func (c *conn) negAnswer(id string, n *reconciliation, message []byte) {
	defer c.relay.stats.queries[queryNegMsg].UpdateDuration(time.Now())
	set := n.current()
	if set == nil {
		c.endNeg(id)
		c.negErr(id, "closed: you took too long, begin anew")
		return
	}
	reply, err := negentropy.New(set, negFrame).Reconcile(message)
	if err != nil {
		c.endNeg(id)
		c.negErr(id, "invalid: "+err.Error())
		return
	}
	c.send(func(dst []byte) []byte { return nostr.AppendNegMsg(dst, id, reply) })
}

var errTooBig = errors.New("too many events to reconcile")

// reconcile collects the set.
func (c *conn) reconcile(f nostr.Filter) (*reconciliation, error) {
	end, err := c.beginQuery()
	if err != nil {
		return nil, err
	}
	defer end()
	ctx, cancel := context.WithTimeoutCause(c.ctx, queryTime, errSlow)
	defer cancel()
	most := int64(c.relay.cfg.Limits.NegItemsAll)
	if !c.isMember() {
		most /= 2 // strangers leave room for members
	}
	n := &reconciliation{relay: c.relay}
	if err := c.collect(ctx, n, f, most); err != nil {
		n.free()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	return n, nil
}

// collect takes the set from the timeline where the filter asks for everything, as peers do, and else from a query.
func (c *conn) collect(ctx context.Context, n *reconciliation, f nostr.Filter, most int64) error {
	if index.AsksForAll(f) {
		err := c.collectAll(ctx, n, f, most)
		if !errors.Is(err, index.ErrNoTimeline) {
			return err
		}
	}
	items, err := c.find(ctx, n, []nostr.Filter{f}, c.mayRead, most)
	n.set = negentropy.NewSet(items)
	return err
}

// collectAll shares the timeline, but for what is banned, and puts the client's own mail in.
func (c *conn) collectAll(ctx context.Context, n *reconciliation, f nostr.Filter, most int64) (err error) {
	n.snapshot, err = c.relay.cfg.Index.Timeline(ctx, c.relay.cfg.Now().Unix())
	if err != nil {
		return err
	}
	var mail, banned []negentropy.Item
	if keys := *c.keys.Load(); len(keys) > 0 {
		mail, err = c.find(ctx, n, []nostr.Filter{mailTo(keys, f.Since, f.Until)}, c.mayRead, most)
		if err != nil {
			return err
		}
	}
	if hidden := c.relay.cfg.Policy.Hidden(); len(hidden) > 0 {
		mayNot := func(e *nostr.Event) bool { return !c.mayRead(e) }
		if banned, err = c.find(ctx, n, hidden, mayNot, most); err != nil {
			return err
		}
	}
	copied := n.snapshot.Narrow(f.Since, f.Until, mail, banned)
	return n.hold(copied-len(mail)-len(banned), most)
}

func mailTo(keys []nostr.PubKey, since, until int64) nostr.Filter {
	to := nostr.TagFilter{Letter: 'p'}
	for _, pk := range keys {
		to.Values = append(to.Values, pk.String())
	}
	f := nostr.All()
	f.Kinds, f.Tags = []uint16{nostr.KindGiftWrap, nostr.KindEphemeralWrap}, []nostr.TagFilter{to}
	f.Since, f.Until = since, until
	return f
}

// find collects what is visible of what matches, as long as the session may hold it.
func (c *conn) find(ctx context.Context, n *reconciliation, filters []nostr.Filter, visible func(*nostr.Event) bool,
	most int64) (items []negentropy.Item, err error) {
	q := index.Query{Filters: filters, Now: c.relay.cfg.Now().Unix(), Visible: visible}
	err = c.relay.cfg.Index.Items(ctx, q, func(createdAt int64, id nostr.ID) error {
		items = append(items, negentropy.Item{Timestamp: createdAt, ID: id})
		return n.hold(1, most)
	})
	return items, err
}
