package relay

import (
	"context"
	"errors"
	"fmt"

	"madang/internal/index"
	"madang/internal/negentropy"
	"madang/internal/nostr"
)

// negFrame bounds an answer in bytes; as hex it is twice as long, and still fits a frame of any relay.
const negFrame = 128 << 10

// reconciliation is one NEG-OPEN, and the set that the client could read when it asked.
type reconciliation struct {
	relay *Relay
	items int
	set   *negentropy.Reconciler
}

// free gives back the session's share of what all sessions may hold.
func (n *reconciliation) free() { n.relay.negItems.Add(-int64(n.items)) }

// negOpen begins a reconciliation (NIP-77). Only events that the client may read are in the set.
func (c *conn) negOpen(m nostr.NegOpenMsg) {
	c.endNeg(m.SubID) // one of the same name is closed first
	if refusal := c.mayAsk([]nostr.Filter{m.Filter}); refusal != "" {
		c.negErr(m.SubID, refusal)
		return
	}
	if len(c.negs) >= c.relay.cfg.Limits.NegSessions {
		c.negErr(m.SubID, fmt.Sprintf("blocked: a connection may have %d reconciliations", c.relay.cfg.Limits.NegSessions))
		return
	}
	n, err := c.reconcile(m.Filter)
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
	if !c.rates.queries.Allow() || !c.addr.queries.Allow() {
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
	reply, err := n.set.Reconcile(message)
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
	ctx, cancel := context.WithTimeoutCause(c.ctx, queryTime, errSlow)
	defer cancel()
	most := int64(c.relay.cfg.Limits.NegItemsAll)
	if !c.isMember() {
		most /= 2 // strangers leave room for members
	}
	n := &reconciliation{relay: c.relay}
	var items []negentropy.Item
	q := index.Query{Filters: []nostr.Filter{f}, Now: c.relay.cfg.Now().Unix(), Visible: c.mayRead}
	err := c.relay.cfg.Index.Items(ctx, q, func(createdAt int64, id nostr.ID) error {
		n.items++
		all := c.relay.negItems.Add(1)
		if n.items > c.relay.cfg.Limits.NegItems || all > most {
			return errTooBig
		}
		items = append(items, negentropy.Item{Timestamp: createdAt, ID: id})
		return nil
	})
	if err != nil {
		n.free()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	n.set = negentropy.New(negentropy.NewSet(items), negFrame)
	return n, nil
}
