package hub_test

import (
	"math"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"madang/internal/eventlog"
	"madang/internal/hub"
	"madang/internal/nostr"
	"madang/internal/verify"
)

// pool are events of few kinds, authors and tags, so that filters over the same few meet them.
func pool(t *testing.T) (events []verify.Event) {
	t.Helper()
	for i := range 60 {
		tags := nostr.Tags{}
		for _, letter := range []string{"p", "t", "T", "client"}[:i%5%4+i%2] {
			tags = append(tags, nostr.Tag{letter, strconv.Itoa(i % 3)}, nostr.Tag{letter})
		}
		if i%7 == 0 {
			tags = append(tags, nostr.Tag{"p", "1"}, nostr.Tag{"p", "1"}, nostr.Tag{"p", "2", "1"})
		}
		e := &nostr.Event{Kind: uint16(i % 4), CreatedAt: int64(i % 9), Content: strconv.Itoa(i), Tags: tags}
		if err := e.Sign(nostr.SecretKey{31: byte(1 + i%3)}); err != nil {
			t.Fatal(err)
		}
		v, err := verify.One(e)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, v)
	}
	return events
}

// maybe draws an absent condition, or a list that may be empty, long, or name the same twice.
func maybe[V any](t *rapid.T, label string, value *rapid.Generator[V]) []V {
	if rapid.Bool().Draw(t, label) {
		return nil
	}
	list := rapid.SliceOfN(value, 0, 4).Draw(t, label)
	if list == nil {
		list = []V{}
	}
	if rapid.IntRange(0, 9).Draw(t, "long "+label) == 0 && len(list) > 0 {
		list = slices.Repeat(list, 5000) // longer than what is filed
	}
	return list
}

func drawFilter(t *rapid.T, events []verify.Event) nostr.Filter {
	f := nostr.All()
	if rapid.IntRange(0, 3).Draw(t, "by id") == 0 {
		f.IDs = maybe(t, "ids", rapid.Map(rapid.SampledFrom(events), func(e verify.Event) nostr.ID { return e.Event().ID }))
	}
	f.Authors = maybe(t, "authors", rapid.Map(rapid.SampledFrom(events), func(e verify.Event) nostr.PubKey {
		return e.Event().PubKey
	}))
	f.Kinds = maybe(t, "kinds", rapid.Uint16Range(0, 5))
	for _, letter := range []byte("tpT") {
		values := maybe(t, string(letter), rapid.Map(rapid.IntRange(0, 3), strconv.Itoa))
		if values != nil && rapid.Bool().Draw(t, "by tag") {
			f.Tags = append(f.Tags, nostr.TagFilter{Letter: letter, Values: values})
		}
	}
	f.Since = rapid.Int64Range(0, 5).Draw(t, "since")
	f.Until = rapid.SampledFrom([]int64{3, 8, math.MaxInt64}).Draw(t, "until")
	f.Search = rapid.SampledFrom([]string{"", "", "", "", "words"}).Draw(t, "search")
	return f
}

// reader is a subscription and what one that compares each event with each filter would have heard.
type reader struct {
	sub       *hub.Subscription
	filters   []nostr.Filter
	visible   func(*nostr.Event) bool
	got, want []eventlog.Position
}

func (r *reader) wants(e *nostr.Event) bool {
	return r.visible(e) && slices.ContainsFunc(r.filters, func(f nostr.Filter) bool {
		return f.Search == "" && f.Matches(e)
	})
}

// TestAgainstModel: whatever subscriptions come and go, each hears what asking every one for every event would give it.
func TestAgainstModel(t *testing.T) {
	events := pool(t)
	rapid.Check(t, func(t *rapid.T) {
		h := hub.New()
		var readers, gone []*reader
		pos := eventlog.Position(0)
		t.Repeat(map[string]func(*rapid.T){
			"subscribe": func(t *rapid.T) {
				hidden := rapid.Uint16Range(0, 9).Draw(t, "hidden kind")
				r := &reader{visible: func(e *nostr.Event) bool { return e.Kind != hidden }}
				for range rapid.IntRange(0, 3).Draw(t, "filters") {
					r.filters = append(r.filters, drawFilter(t, events))
				}
				r.sub = h.Subscribe(r.filters, r.visible, func(ds []*hub.Live) {
					for _, d := range ds {
						r.got = append(r.got, d.Pos)
					}
				})
				readers = append(readers, r)
			},
			"cancel": func(t *rapid.T) {
				if len(readers) == 0 {
					t.Skip("nobody is there")
				}
				i := rapid.IntRange(0, len(readers)-1).Draw(t, "who")
				readers[i].sub.Cancel()
				gone = append(gone, readers[i])
				readers = slices.Delete(readers, i, i+1)
			},
			"publish": func(t *rapid.T) {
				var group []hub.Delivery
				for _, e := range rapid.SliceOfN(rapid.SampledFrom(events), 1, 20).Draw(t, "events") {
					pos++
					group = append(group, hub.Delivery{Pos: pos, Event: e})
					for _, r := range readers {
						if r.wants(e.Event()) {
							r.want = append(r.want, pos)
						}
					}
				}
				h.Publish(group)
			},
			"": func(t *rapid.T) {
				for _, r := range slices.Concat(readers, gone) {
					if !slices.Equal(r.got, r.want) {
						t.Fatalf("%+v heard %v, want %v", r.filters, r.got, r.want)
					}
				}
				if h.Len() != len(readers) {
					t.Fatalf("%d subscriptions, want %d", h.Len(), len(readers))
				}
			},
		})
		for _, r := range readers {
			r.sub.Cancel()
		}
	})
}
