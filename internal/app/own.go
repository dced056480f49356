package app

import (
	"context"
	"encoding/json"
	"errors"

	"madang/internal/index"
	"madang/internal/nostr"
	"madang/internal/policy"
)

// observeOwn shows the policy the stored events that say who may do what.
func (a *App) observeOwn(ctx context.Context) error {
	filter := nostr.All()
	filter.Authors = []nostr.PubKey{a.NodeKey.PubKey()}
	filter.Kinds = []uint16{nostr.KindMembers, nostr.KindFollowSet, nostr.KindMuteList}
	return a.queryAll(ctx, filter, func(e *nostr.Event) { a.Policy.Observe(e) })
}

// publishOwn publishes those of the node's own events that are missing, and its profile again where that has changed. Later
// versions of roster and feeds are made by those who change them.
func (a *App) publishOwn(ctx context.Context) error {
	old := make(map[nostr.Address]*nostr.Event)
	filter := nostr.All()
	filter.Authors = []nostr.PubKey{a.NodeKey.PubKey()}
	filter.Kinds = []uint16{nostr.KindProfile, nostr.KindMembers, nostr.KindRole, nostr.KindFollowSet}
	err := a.queryAll(ctx, filter, func(e *nostr.Event) {
		if address, ok := e.Address(); ok {
			old[address] = e
		}
	})
	if err != nil {
		return err
	}
	var missing []*nostr.Event
	now := a.Clock.Now().Unix()
	for _, e := range a.ownEvents() {
		e.PubKey, e.CreatedAt = a.NodeKey.PubKey(), now
		address, _ := e.Address()
		if before := old[address]; before != nil {
			if e.Kind != nostr.KindProfile || before.Content == e.Content {
				continue
			}
			e.CreatedAt = max(now, before.CreatedAt+1) // newer even where the clock was set back
		}
		if err := e.Sign(a.NodeKey); err != nil {
			return err
		}
		missing = append(missing, e)
	}
	if len(missing) == 0 {
		return nil
	}
	for _, r := range a.Ingest.SubmitMany(ctx, missing, policy.Writer{Road: policy.Self}) {
		if !r.OK {
			return errors.New(r.Message)
		}
	}
	return nil
}

// ownEvents are the events that every node has: a profile, the roles (NIP-43), a roster and a set of feeds (NIP-51),
// the last two empty.
func (a *App) ownEvents() []*nostr.Event {
	file := a.identity()
	profile, err := json.Marshal(struct {
		Name    string `json:"name"`
		About   string `json:"about,omitempty"`
		Picture string `json:"picture,omitempty"`
	}{file.Name, file.Description, file.Icon})
	if err != nil {
		panic(err) // strings always marshal
	}
	role := func(name, label, description, order string) *nostr.Event {
		return &nostr.Event{Kind: nostr.KindRole, Tags: nostr.Tags{
			{"-"}, {"d", name}, {"label", label}, {"description", description}, {"order", order},
		}}
	}
	return []*nostr.Event{
		{Kind: nostr.KindProfile, Content: string(profile)},
		role(policy.Operator.String(), "Operator", "Looks after the node and lets people in", "1"),
		role(policy.Editor.String(), "Editor", "Publishes news and videos", "2"),
		{Kind: nostr.KindMembers, Tags: nostr.Tags{{"-"}}},
		{Kind: nostr.KindFollowSet, Tags: nostr.Tags{{"-"}, {"d", policy.FeedSet}, {"title", "Feeds"}}},
	}
}

func (a *App) queryAll(ctx context.Context, f nostr.Filter, fn func(*nostr.Event)) error {
	q := index.Query{Filters: []nostr.Filter{f}, Now: a.Clock.Now().Unix()}
	return a.Index.Events(ctx, q, func(e *nostr.Event) error {
		fn(e)
		return nil
	})
}
