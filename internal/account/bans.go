package account

import (
	"context"
	"fmt"
	"slices"

	"madang/internal/index"
	"madang/internal/nostr"
	"madang/internal/policy"
)

// Ban publishes the node's mute list (NIP-51, kind 10000) with one more line, or with another reason for one that is
// there. It fails with ErrNotBannable for the node itself and what it signs, for operators, and for mail.
func (a *Accounts) Ban(ctx context.Context, b policy.Ban) error {
	return a.changeBans(ctx, b, func(list []policy.Ban) ([]policy.Ban, error) {
		if err := a.bannable(ctx, b); err != nil {
			return nil, err
		}
		return append(list, b), nil
	})
}

// Unban publishes the list without this key or event. Whatever of it is stored is served again.
func (a *Accounts) Unban(ctx context.Context, b policy.Ban) error {
	return a.changeBans(ctx, b, func(list []policy.Ban) ([]policy.Ban, error) { return list, nil })
}

// changeBans hands on the list without b's line, and publishes what it gets if that is another than the present one.
func (a *Accounts) changeBans(ctx context.Context, b policy.Ban,
	change func([]policy.Ban) ([]policy.Ban, error)) error {
	a.admission.Lock()
	defer a.admission.Unlock()
	ctx = background(ctx)
	if err := a.resolve(ctx); err != nil {
		return err
	}
	now := a.cfg.Policy.Bans()
	list, err := change(slices.DeleteFunc(slices.Clone(now), func(other policy.Ban) bool {
		return other.PubKey == b.PubKey && other.Event == b.Event
	}))
	if slices.SortFunc(list, policy.Ban.Compare); err != nil || slices.Equal(list, now) {
		return err
	}
	old, err := a.newest(ctx, nostr.KindMuteList)
	if err != nil {
		return err
	}
	e := &nostr.Event{
		Kind: nostr.KindMuteList, CreatedAt: max(a.cfg.Now().Unix(), old.CreatedAt+1), Tags: nostr.Tags{{"-"}},
	}
	for _, b := range list {
		e.Tags = append(e.Tags, b.Tag())
	}
	return a.publish(ctx, []*nostr.Event{e})
}

func (a *Accounts) bannable(ctx context.Context, b policy.Ban) error {
	if b.Event == (nostr.ID{}) {
		if a.cfg.Policy.Role(b.PubKey) >= policy.Operator {
			return fmt.Errorf("an operator %w: take the role away first", ErrNotBannable)
		}
		return nil
	}
	filter := nostr.All()
	filter.IDs = []nostr.ID{b.Event}
	return a.cfg.Index.Events(ctx, index.Query{Filters: []nostr.Filter{filter}}, func(e *nostr.Event) error {
		switch {
		case e.Kind == nostr.KindGiftWrap:
			return fmt.Errorf("mail %w: nobody here knows what it says", ErrNotBannable)
		case a.cfg.Policy.Role(e.PubKey) == policy.Node:
			return fmt.Errorf("what the node signs %w", ErrNotBannable)
		}
		return nil
	})
}
