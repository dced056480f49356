package app

import (
	"bufio"
	"context"
	"errors"
	"io"

	"madang/internal/index"
	"madang/internal/nostr"
)

// Export writes every event that the node holds as JSON lines, newest first, and returns how many. Expired events and
// those that were replaced or deleted are not among them.
func (a *App) Export(ctx context.Context, w io.Writer, progress func(n int)) (int, error) {
	out := bufio.NewWriterSize(w, 64<<10)
	n := 0
	q := index.Query{Filters: []nostr.Filter{nostr.All()}, Now: a.Clock.Now().Unix()}
	_, err := a.Index.Query(ctx, q, func(item index.Item) error {
		n++
		if progress != nil {
			progress(n)
		}
		out.Write(item.JSON) // an error stays with out and comes back from the next write
		return out.WriteByte('\n')
	})
	return n, errors.Join(err, out.Flush())
}
