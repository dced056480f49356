package demo

import (
	"context"
	"fmt"
	"time"

	"madang/internal/giftwrap"
	"madang/internal/nostr"
)

// talk sends the rooms' messages (NIP-17): each is wrapped for everybody in the room, its author too.
func (f *filler) talk(ctx context.Context) error {
	for _, r := range f.village.rooms {
		var wraps []*nostr.Event
		for i, m := range r.messages {
			wrapped, err := f.wrap(r, i, m)
			if err != nil {
				return fmt.Errorf("room %s: %w", r.file, err)
			}
			wraps = append(wraps, wrapped...)
			f.result.Messages++
		}
		if err := f.take(ctx, wraps); err != nil {
			return fmt.Errorf("room %s: %w", r.file, err)
		}
		f.step("carrying the mail")
	}
	return nil
}

func (f *filler) wrap(r room, number int, m message) ([]*nostr.Event, error) {
	sender := f.keys[m.from]
	var tags nostr.Tags
	for _, id := range r.people {
		if id != m.from {
			tags = append(tags, nostr.Tag{"p", f.keys[id].PubKey().String()})
		}
	}
	if r.subject != "" && number == 0 {
		tags = append(tags, nostr.Tag{"subject", r.subject})
	}
	at := f.at(m.ago).Add(time.Duration(number*17%60) * time.Second) // nobody writes on the minute
	rumor := giftwrap.Rumor(sender.PubKey(), nostr.KindChat, tags, m.text, at)
	wraps := make([]*nostr.Event, len(r.people))
	for i, id := range r.people {
		var err error
		if wraps[i], err = giftwrap.Wrap(rumor, sender, f.keys[id].PubKey(), at); err != nil {
			return nil, err
		}
	}
	return wraps, nil
}
