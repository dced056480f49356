package relay

import (
	"context"
	"errors"
	"time"

	"madang/internal/index"
	"madang/internal/nostr"
)

// count answers COUNT (NIP-45): exactly, and only what the client may read.
func (c *conn) count(m nostr.CountMsg) {
	if refusal := c.mayAsk(m.Filters); refusal != "" {
		c.closed(m.SubID, refusal)
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, queryTime)
	defer cancel()
	began := time.Now()
	n, err := c.relay.cfg.Index.Count(ctx, index.Query{
		Filters: m.Filters, Now: c.relay.cfg.Now().Unix(), Visible: c.mayRead,
	})
	c.relay.stats.queries.UpdateDuration(began)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errSlow
	}
	if err != nil {
		c.closed(m.SubID, c.failure("COUNT", err))
		return
	}
	c.send(func(dst []byte) []byte { return nostr.AppendCount(dst, m.SubID, n) })
}
