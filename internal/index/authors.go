package index

import (
	"context"

	"madang/internal/nostr"
)

// Authors yields the author of each event that Query would yield, without limits: what counting people (NIP-45) works
// on.
func (x *Index) Authors(ctx context.Context, q Query, yield func(nostr.PubKey)) error {
	_, err := x.unlimited(ctx, q, func(it Item) error { yield(it.Head.PubKey); return nil })
	return err
}
