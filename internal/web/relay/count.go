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
	n, hll, err := c.counted(ctx, q)
	c.relay.stats.queries[queryCOUNT].UpdateDuration(began)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errSlow
	}
	if err != nil {
		c.closed(m.SubID, c.failure("COUNT", err))
		return
	}
	c.send(func(dst []byte) []byte { return nostr.AppendCount(dst, m.SubID, n, hll) })
}

// counted counts events and, where the filter is eligible for it, people.
func (c *conn) counted(ctx context.Context, q index.Query) (n int, hll *nostr.HyperLogLog, err error) {
	end, err := c.beginQuery()
	if err != nil {
		return 0, nil, err
	}
	defer end()
	if hasSearch(q.Filters) {
		n, err = c.countFound(ctx, q.Filters)
		return n, nil, err
	}
	hll, eligible := nostr.NewHyperLogLog(q.Filters)
	if !eligible {
		n, err = c.relay.cfg.Index.Count(ctx, q)
		return n, nil, err
	}
	err = c.relay.cfg.Index.Authors(ctx, q, func(pk nostr.PubKey) {
		n++
		hll.Add(pk)
	})
	return n, hll, err
}
