package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"madang/internal/nostr"
	"madang/internal/policy"
)

// joinFeeds adds the feed's key to the node's list of feeds, by which the policy lets it write.
func (r *run) joinFeeds(ctx context.Context) error {
	stored, err := r.newest(ctx, nostr.Filter{
		Authors: []nostr.PubKey{r.cfg.NodeKey.PubKey()},
		Kinds:   []uint16{nostr.KindFollowSet},
		Tags:    []nostr.TagFilter{{Letter: 'd', Values: []string{policy.FeedSet}}},
		Until:   nostr.All().Until,
	})
	if err != nil {
		return fmt.Errorf("read the list of feeds: %w", err)
	}
	e := &nostr.Event{
		Kind: nostr.KindFollowSet, CreatedAt: r.now, Tags: nostr.Tags{{"-"}, {"d", policy.FeedSet}, {"title", "Feeds"}},
	}
	if stored != nil {
		if stored.Tags.Has("p", r.pubkey.String()) {
			return nil
		}
		e.Tags, e.Content = stored.Tags[:len(stored.Tags):len(stored.Tags)], stored.Content
		e.CreatedAt = max(r.now, stored.CreatedAt+1)
	}
	e.Tags = append(e.Tags, nostr.Tag{"p", r.pubkey.String()})
	if err := e.Sign(r.cfg.NodeKey); err != nil {
		return fmt.Errorf("sign the list of feeds: %w", err)
	}
	if res := r.cfg.Ingest.Submit(ctx, e, policy.Writer{Road: policy.Self}); !res.OK {
		return fmt.Errorf("publish the list of feeds: %s", res.Message)
	}
	return nil
}

// profile is the content of a kind 0 event (NIP-01, NIP-24).
type profile struct {
	Name    string `json:"name"`
	About   string `json:"about,omitempty"`
	Website string `json:"website,omitempty"`
	Picture string `json:"picture,omitempty"`
}

// publishProfile says who the feed is, when that has changed.
func (r *run) publishProfile(ctx context.Context) error {
	stored, err := r.newest(ctx, nostr.Filter{
		Authors: []nostr.PubKey{r.pubkey}, Kinds: []uint16{nostr.KindProfile}, Until: nostr.All().Until,
	})
	if err != nil {
		return fmt.Errorf("read the feed's profile: %w", err)
	}
	p := profile{Name: r.channel.title, About: r.channel.about, Website: r.channel.website}
	e := &nostr.Event{Kind: nostr.KindProfile}
	if r.channel.picture != "" {
		if pic := r.picture(ctx, r.channel.picture, knownPictures(stored)); pic.url != "" {
			p.Picture = pic.url
			e.Tags = append(e.Tags, pic.tag())
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(p); err != nil {
		return fmt.Errorf("write the feed's profile: %w", err)
	}
	e.Content = string(bytes.TrimSpace(b.Bytes()))
	if stored != nil && same(stored, e) {
		return nil
	}
	e.CreatedAt = r.createdAt(r.now, stored)
	if stored != nil && e.CreatedAt <= stored.CreatedAt {
		return nil // it will be said at the next import
	}
	if err := e.Sign(r.key); err != nil {
		return fmt.Errorf("sign the feed's profile: %w", err)
	}
	if res := r.cfg.Ingest.Submit(ctx, e, policy.Writer{Road: policy.Live}); !res.OK {
		return fmt.Errorf("publish the feed's profile: %s", res.Message)
	}
	return nil
}
