package relay

import (
	"context"
	"errors"
	"slices"

	"madang/internal/eventlog"
	"madang/internal/nostr"
	"madang/internal/search"
)

// Searcher finds stored events by their words (NIP-50); a *search.Search is one.
type Searcher interface {
	// Search returns where the log has what is found, best first.
	Search(ctx context.Context, q search.Query) ([]eventlog.Position, error)
	// Count counts what Search would find without limits; exact is false where there are more matches than it looks at.
	Count(ctx context.Context, q search.Query) (n int, exact bool, err error)
}

const noSearch = "unsupported: this relay has no search (NIP-50)"

func hasSearch(filters []nostr.Filter) bool {
	return slices.ContainsFunc(filters, func(f nostr.Filter) bool { return f.Search != "" })
}

func (c *conn) searchFor(f nostr.Filter) search.Query {
	return search.Query{
		Filter: f, Now: c.relay.cfg.Now().Unix(), Visible: c.mayRead, MaxLimit: c.relay.cfg.Limits.Results,
	}
}

// search answers those filters that have a search, in their order, each best first and each event once. It returns the
// others, too.
func (c *conn) search(
	ctx context.Context, filters []nostr.Filter,
) (found []eventlog.Position, others []nostr.Filter, err error) {
	if !hasSearch(filters) {
		return nil, filters, nil
	}
	for _, f := range filters {
		if f.Search == "" {
			others = append(others, f)
			continue
		}
		positions, err := c.relay.cfg.Search.Search(ctx, c.searchFor(f))
		if err != nil {
			return nil, nil, err
		}
		for _, at := range positions {
			if !slices.Contains(found, at) {
				found = append(found, at)
			}
		}
	}
	return found, others, nil
}

var errManySearches = errors.New("a COUNT with a search takes one filter")

// countFound counts what one filter with a search finds, and returns the message that says so.
func (c *conn) countFound(
	ctx context.Context, subID string, filters []nostr.Filter,
) (answer func(dst []byte) []byte, err error) {
	if len(filters) > 1 {
		return nil, errManySearches
	}
	n, exact, err := c.relay.cfg.Search.Count(ctx, c.searchFor(filters[0]))
	return func(dst []byte) []byte {
		if exact {
			return nostr.AppendCount(dst, subID, n, nil)
		}
		return nostr.AppendApproximateCount(dst, subID, n)
	}, err
}
