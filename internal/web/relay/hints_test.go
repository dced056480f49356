package relay

import (
	"encoding/json"
	"slices"
	"strconv"
	"testing"

	"madang/internal/nostr"
)

// TestHints: EOSE says whether the client has all there is (NIP-67), of what it may read.
func TestHints(t *testing.T) {
	n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.Limits.Results = 5 })
	var notes []*nostr.Event
	for i := range int64(6) {
		notes = append(notes, n.note(alice, i, "x", nostr.Tag{"t", string(rune('a' + i%2))}))
	}
	n.submit(notes...)
	n.submit(n.event(carol, nostr.KindGiftWrap, 9, "sealed", nostr.Tag{"p", alice.PubKey().String()}))
	c := n.connect()
	for name, tt := range map[string]struct {
		filters []filter
		events  int
		hint    string
		mayBe   bool // it may be left out, where finding out would cost too much; the other would be wrong
	}{
		"fewer than asked for":       {[]filter{{"#t": []string{"a"}}}, 3, "finish", false},
		"as many as asked for":       {[]filter{{"#t": []string{"a"}, "limit": 3}}, 3, "finish", true},
		"fewer than there are":       {[]filter{{"#t": []string{"a"}, "limit": 2}}, 2, "more", true},
		"more than the relay gives":  {[]filter{{"kinds": []int{1}, "limit": 500}}, 5, "more", false},
		"as many as the relay gives": {[]filter{{"kinds": []int{1}, "since": n.now.Unix() + 1}}, 5, "finish", false},
		"by id":                      {[]filter{{"ids": ids(notes[0])}}, 1, "finish", false},
		"what there is not":          {[]filter{{"kinds": []int{7}}}, 0, "finish", false},
		"what cannot be":             {[]filter{{"kinds": []int{}}}, 0, "finish", false},
		"one of two has more":        {[]filter{{"#t": []string{"a"}, "limit": 2}, {"ids": ids(notes[0])}}, 3, "more", true},
		// Another's letter is nothing, not even more of something.
		"a note, and a letter":    {[]filter{{"since": n.now.Unix() + 5, "limit": 1}}, 1, "finish", true},
		"a letter before a note":  {[]filter{{"since": n.now.Unix() - 99, "limit": 1}}, 1, "more", true},
		"what others may not see": {[]filter{{"since": n.now.Unix() + 6}}, 0, "finish", false},
	} {
		c.send(ask("REQ", "s", tt.filters)...)
		events := 0
		m := c.next()
		for ; m.label == "EVENT"; m = c.next() {
			events++
		}
		var hints []string
		if m.label != "EOSE" || len(m.parts) > 3 || len(m.parts) == 3 && json.Unmarshal(m.parts[2], &hints) != nil {
			t.Fatalf("%s: got %s", name, m)
		}
		if events != tt.events || !slices.Equal(hints, []string{tt.hint}) && !(tt.mayBe && hints == nil) {
			t.Errorf("%s: %d events and %q, want %d and %q", name, events, hints, tt.events, tt.hint)
		}
	}
}

// TestTies: where the relay itself cuts an answer off, it does not part events of one second (NIP-67), so that whoever
// asks on from there finds all of them; at most as many again, and never more than were asked for.
func TestTies(t *testing.T) {
	n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.Limits.Results = 5 })
	for i := range int64(12) {
		n.submit(n.note(alice, i/4, "of three seconds"+strconv.FormatInt(i, 10)))
		n.submit(n.event(alice, nostr.KindReaction, 1, "of one"+strconv.FormatInt(i, 10)))
	}
	c := n.connect()
	page := func(f filter) (events int) {
		c.send(ask("REQ", "s", []filter{f})...)
		m := c.next()
		for ; m.label == "EVENT"; m = c.next() {
			events++
		}
		return events
	}
	for name, tt := range map[string]struct {
		filter filter
		events int
	}{
		"no limit":           {filter{"kinds": []int{1}}, 8},
		"a limit beyond":     {filter{"kinds": []int{1}, "limit": 7}, 7},
		"a limit":            {filter{"kinds": []int{1}, "limit": 3}, 3},
		"the relay's limit":  {filter{"kinds": []int{1}, "limit": 5}, 5},
		"what comes then":    {filter{"kinds": []int{1}, "until": n.now.Unix() + 1}, 8},
		"all of one second":  {filter{"kinds": []int{7}}, 10},
		"letters among them": {filter{"limit": 100}, 5},
	} {
		if events := page(tt.filter); events != tt.events {
			t.Errorf("%s: %d events, want %d", name, events, tt.events)
		}
	}
}
