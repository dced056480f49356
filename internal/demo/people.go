package demo

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"madang/internal/nostr"
)

// publishProfile gives a person a face (kind 0) and says where their mail goes (NIP-17, kind 10050).
func (f *filler) publishProfile(ctx context.Context, p person, local string) error {
	avatar, err := drawAvatar(p.Motif, p.Colour)
	if err != nil {
		return err
	}
	picture, err := f.putPicture(ctx, p.ID, "image/png", avatar)
	if err != nil {
		return err
	}
	profile := map[string]string{"name": p.Name, "about": p.About, "picture": picture}
	if base, err := url.Parse(f.node.URL()); err == nil && base.Host != "" {
		profile["nip05"] = local + "@" + base.Host
	}
	content, err := json.Marshal(profile)
	if err != nil {
		return err
	}
	at := f.at(moved).Unix()
	relay := "ws" + strings.TrimPrefix(f.node.URL(), "http")
	return f.submit(ctx, p.ID,
		&nostr.Event{Kind: nostr.KindProfile, CreatedAt: at, Content: string(content)},
		&nostr.Event{Kind: nostr.KindDMRelays, CreatedAt: at, Tags: nostr.Tags{{"relay", relay}}},
	)
}
