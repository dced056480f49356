package hub_test

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"madang/internal/eventlog"
	"madang/internal/hub"
	"madang/internal/nostr"
	"madang/internal/verify"
)

func event(t testing.TB, kind uint16, content string, tags ...nostr.Tag) verify.Event {
	t.Helper()
	e := &nostr.Event{Kind: kind, CreatedAt: 1, Content: content, Tags: tags}
	if err := e.Sign(nostr.SecretKey{31: 1}); err != nil {
		t.Fatal(err)
	}
	v, err := verify.One(e)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func kinds(kinds ...uint16) nostr.Filter {
	f := nostr.All()
	f.Kinds = kinds
	return f
}

func TestDelivery(t *testing.T) {
	h := hub.New()
	got := map[string][]eventlog.Position{}
	subscribe := func(name string, visible func(*nostr.Event) bool, filters ...nostr.Filter) *hub.Subscription {
		return h.Subscribe(filters, visible, func(ds []*hub.Live) {
			for _, d := range ds {
				got[name] = append(got[name], d.Pos)
			}
		})
	}
	subscribe("all", nil, nostr.All())
	subscribe("notes", nil, kinds(1))
	subscribe("either, once", nil, kinds(1, 7), kinds(7))
	subscribe("nothing", nil)
	subscribe("not for this reader", func(e *nostr.Event) bool { return e.Kind != 7 }, nostr.All())
	spent := nostr.All()
	spent.Limit = 0
	subscribe("the limit is for what is stored", nil, spent)
	words := nostr.All()
	words.Search = "words"
	subscribe("searches are for what is stored", nil, words)
	cancelled := subscribe("cancelled", nil, nostr.All())
	if h.Len() != 8 {
		t.Errorf("%d subscriptions, want 8", h.Len())
	}
	cancelled.Cancel()
	cancelled.Cancel()
	if h.Len() != 7 {
		t.Errorf("%d subscriptions after one was cancelled, want 7", h.Len())
	}
	h.Publish([]hub.Delivery{{Pos: 1, Event: event(t, 1, "")}, {Pos: 2, Event: event(t, 7, "")}})
	h.Publish([]hub.Delivery{{Pos: 3, Event: event(t, 4, "")}})
	for name, want := range map[string][]eventlog.Position{
		"all": {1, 2, 3}, "notes": {1}, "either, once": {1, 2}, "nothing": nil, "not for this reader": {1, 3},
		"the limit is for what is stored": {1, 2, 3}, "searches are for what is stored": nil, "cancelled": nil,
	} {
		if !slices.Equal(got[name], want) {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
	}
}

// TestTogether: all that a group has for a subscription comes at once, and each event in one form for all.
func TestTogether(t *testing.T) {
	h := hub.New()
	made := 0
	forms := map[any]int{}
	var sizes []int
	for range 3 {
		h.Subscribe([]nostr.Filter{kinds(1), kinds(2)}, nil, func(ds []*hub.Live) {
			sizes = append(sizes, len(ds))
			for _, d := range ds {
				forms[d.Form(func() any { made++; return d })]++
			}
		})
	}
	var group []hub.Delivery
	for pos, kind := range []uint16{1, 3, 2, 1} {
		group = append(group, hub.Delivery{Pos: eventlog.Position(pos), Event: event(t, kind, "")})
	}
	h.Publish(group)
	if !slices.Equal(sizes, []int{3, 3, 3}) {
		t.Errorf("deliveries of %v events, want one of 3 for each subscription", sizes)
	}
	if made != 3 || len(forms) != 3 {
		t.Errorf("%d forms were made, of which %d are different: want 3", made, len(forms))
	}
}

// TestCancelWaits has subscriptions come and go while events are published: none hears anything after its Cancel, and
// what each hears is in order and without gaps.
func TestCancelWaits(t *testing.T) {
	h := hub.New()
	events := make([]verify.Event, 50)
	for i := range events {
		events[i] = event(t, 1, strconv.Itoa(i))
	}
	stop := make(chan struct{})
	var publishing, subscribing sync.WaitGroup
	publishing.Go(func() {
		for pos := eventlog.Position(0); ; pos++ {
			select {
			case <-stop:
				return
			default:
			}
			h.Publish([]hub.Delivery{{Pos: pos, Event: events[int(pos)%len(events)]}})
		}
	})
	for range 8 {
		subscribing.Go(func() {
			for range 50 {
				var over atomic.Bool
				heard := make(chan struct{})
				var positions []eventlog.Position
				s := h.Subscribe([]nostr.Filter{nostr.All()}, nil, func(ds []*hub.Live) {
					if over.Load() {
						t.Error("delivered after Cancel")
					}
					for _, d := range ds {
						positions = append(positions, d.Pos)
						if len(positions) == 3 {
							close(heard)
						}
					}
				})
				<-heard
				s.Cancel()
				over.Store(true)
				for i, pos := range positions { // the race detector watches this
					if pos != positions[0]+eventlog.Position(i) {
						t.Errorf("positions %v", positions)
					}
				}
			}
		})
	}
	subscribing.Wait()
	close(stop)
	publishing.Wait()
	if h.Len() != 0 {
		t.Errorf("%d subscriptions left", h.Len())
	}
}

// inboxes subscribes n readers, each to its own gift wraps.
func inboxes(h *hub.Hub, n int) (subs []*hub.Subscription) {
	for i := range n {
		f := kinds(nostr.KindGiftWrap)
		f.Tags = []nostr.TagFilter{{Letter: 'p', Values: []string{strconv.Itoa(i)}}}
		subs = append(subs, h.Subscribe([]nostr.Filter{f}, nil, func([]*hub.Live) {}))
	}
	return subs
}

// BenchmarkPublish hands an event to one of many inboxes.
func BenchmarkPublish(b *testing.B) {
	h := hub.New()
	inboxes(h, 10_000)
	d := []hub.Delivery{{Pos: 1, Event: event(b, nostr.KindGiftWrap, "", nostr.Tag{"p", "7"})}}
	b.ReportAllocs()
	for b.Loop() {
		h.Publish(d)
	}
}

// BenchmarkSubscribe opens and closes a subscription beside many others to the same.
func BenchmarkSubscribe(b *testing.B) {
	h := hub.New()
	for range 10_000 {
		h.Subscribe([]nostr.Filter{kinds(1)}, nil, func([]*hub.Live) {})
	}
	filters := []nostr.Filter{kinds(1)}
	b.ReportAllocs()
	for b.Loop() {
		h.Subscribe(filters, nil, func([]*hub.Live) {}).Cancel()
	}
}
