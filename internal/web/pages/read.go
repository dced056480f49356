package pages

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"madang/internal/blob"
	"madang/internal/index"
	"madang/internal/nostr"
	"madang/internal/publication"
)

const (
	maxTogether     = 500 // events of one second that a page still shows together
	languagesFrom   = 300 // newest articles that are looked at for the list of languages
	languagesStayed = time.Minute
	maxCode         = 1500 // characters of a NIP-19 code in a path or a link
)

// errEnough ends a query.
var errEnough = errors.New("enough")

// published is the filter for what is shown of these kinds.
func (h *Handler) published(kinds ...uint16) nostr.Filter {
	f := nostr.All()
	f.Kinds, f.Authors = kinds, h.cfg.Publishers()
	return f
}

func (h *Handler) query(ctx context.Context, f nostr.Filter, yield func(*nostr.Event) error) error {
	q := index.Query{Filters: []nostr.Filter{f}, Now: h.cfg.Now().Unix(), Visible: h.cfg.Visible}
	err := h.cfg.Index.Events(ctx, q, yield)
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// page reads the newest n events, and those that share the last one's second, so that the next page may begin with the
// second before. more says whether there is such a page.
func (h *Handler) page(ctx context.Context, f nostr.Filter, n int) (events []*nostr.Event, more bool, err error) {
	err = h.query(ctx, f, func(e *nostr.Event) error {
		if count := len(events); count >= n && e.CreatedAt < events[count-1].CreatedAt || count >= maxTogether {
			more = true
			return errEnough
		}
		events = append(events, e)
		return nil
	})
	return events, more, err
}

// before reads ?before=, Unix seconds: the page shows what is older.
func before(value string) int64 {
	t, err := strconv.ParseInt(value, 10, 64)
	if err != nil || t <= 0 {
		return nostr.All().Until
	}
	return t - 1
}

// names returns what the authors of events call themselves (kind 0), or a short form of their keys.
func (h *Handler) names(ctx context.Context, events ...*nostr.Event) (map[nostr.PubKey]string, error) {
	names := map[nostr.PubKey]string{}
	for _, e := range events {
		npub := e.PubKey.Npub()
		names[e.PubKey] = npub[:10] + "…" + npub[len(npub)-4:]
	}
	if len(names) == 0 {
		return names, nil
	}
	f := nostr.All()
	f.Kinds = []uint16{nostr.KindProfile}
	for pk := range names {
		f.Authors = append(f.Authors, pk)
	}
	err := h.query(ctx, f, func(e *nostr.Event) error {
		var profile struct {
			Name        string `json:"name"`
			DisplayName string `json:"display_name"`
		}
		if json.Unmarshal([]byte(e.Content), &profile) != nil {
			return nil
		}
		for _, name := range []string{profile.DisplayName, profile.Name} {
			if name = publication.Line(name, 60); name != "" {
				names[e.PubKey] = name
				break
			}
		}
		return nil
	})
	return names, err
}

// find returns the event that a NIP-19 code names: the newest version of an address, or one event.
func (h *Handler) find(ctx context.Context, code string, kinds []uint16) (*nostr.Event, error) {
	if len(code) > maxCode {
		return nil, errNotFound
	}
	named, err := nostr.ParseNIP19(code)
	if err != nil {
		return nil, errNotFound
	}
	f := nostr.All()
	f.Limit = 1
	switch n := named.(type) {
	case nostr.Address:
		f.Kinds = []uint16{n.Kind}
		f.Authors = []nostr.PubKey{n.PubKey}
		f.Tags = []nostr.TagFilter{{Letter: 'd', Values: []string{n.D}}}
	case nostr.ID:
		f.IDs = []nostr.ID{n}
	default:
		return nil, errNotFound
	}
	var found *nostr.Event
	err = h.query(ctx, f, func(e *nostr.Event) error {
		found = e
		return errEnough
	})
	if err != nil {
		return nil, err
	}
	shown := h.published(kinds...)
	if found == nil || !shown.Matches(found) {
		return nil, errNotFound
	}
	return found, nil
}

// stat asks the node's own store for a blob.
func (h *Handler) stat(ctx context.Context, b publication.Blob) (blob.Info, bool) {
	hash, err := blob.ParseHash(b.Hash)
	if err != nil {
		return blob.Info{}, false
	}
	info, err := h.cfg.Blobs.Stat(ctx, hash)
	return info, err == nil
}

// picture returns the path of the picture that an author's URL names, or "" where it is not here.
func (h *Handler) picture(ctx context.Context, url string) string {
	b, ok := publication.BlobOf(url)
	if !ok {
		return ""
	}
	if _, here := h.stat(ctx, b); !here {
		return ""
	}
	return b.Path()
}

// languageList remembers for a while in which languages there is news.
type languageList struct {
	mu    sync.Mutex // covers all fields, and the query, so that one reader asks for all
	asked time.Time
	codes []string // sorted
}

// newsLanguages returns the languages of the newest articles.
func (h *Handler) newsLanguages(ctx context.Context) ([]string, error) {
	l := &h.languages
	l.mu.Lock()
	defer l.mu.Unlock()
	now := h.cfg.Now()
	if age := now.Sub(l.asked); !l.asked.IsZero() && age >= 0 && age < languagesStayed {
		return l.codes, nil
	}
	f := h.published(nostr.KindArticle)
	f.Limit = languagesFrom
	var codes []string
	err := h.query(ctx, f, func(e *nostr.Event) error {
		if code := publication.Language(e.Tags); code != "" && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(codes)
	l.asked, l.codes = now, codes
	return codes, nil
}
