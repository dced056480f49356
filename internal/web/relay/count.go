package relay

import (
	"context"
	"errors"
	"time"

	"madang/internal/index"
	"madang/internal/nostr"
)

// count answers COUNT (NIP-45): exactly, with HyperLogLog where a filter is eligible for it, and only what the client
// may read.
func (c *conn) count(m nostr.CountMsg) {
	if refusal := c.mayAsk(m.Filters); refusal != "" {
		c.closed(m.SubID, refusal)
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, queryTime)
	defer cancel()
	began := time.Now()
	q := index.Query{Filters: m.Filters, Now: c.relay.cfg.Now().Unix(), Visible: c.mayRead}
	answer, err := c.counted(ctx, m.SubID, q)
	c.relay.stats.queries[queryCOUNT].UpdateDuration(began)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errSlow
	}
	if err != nil {
		c.closed(m.SubID, c.failure("COUNT", err))
		return
	}
	c.send(answer)
}

// counted counts events and, where the filter is eligible for it, people. It returns the message that says so.
func (c *conn) counted(ctx context.Context, subID string, q index.Query) (answer func(dst []byte) []byte, err error) {
	end, err := c.beginQuery()
	if err != nil {
		return nil, err
	}
	defer end()
	if hasSearch(q.Filters) {
		return c.countFound(ctx, subID, q.Filters)
	}
	n := 0
	hll, eligible := nostr.NewHyperLogLog(q.Filters)
	if eligible {
		err = c.relay.cfg.Index.Authors(ctx, q, func(pk nostr.PubKey) {
			n++
			hll.Add(pk)
		})
	} else {
		n, err = c.relay.cfg.Index.Count(ctx, q)
	}
	return func(dst []byte) []byte { return nostr.AppendCount(dst, subID, n, hll) }, err
}
