package relay

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"madang/internal/nostr"
)

// TestKindsThatAreStored: what a relay only keeps is replaced and found as its NIP says (02, 22, 25, 51, 56, 65).
func TestKindsThatAreStored(t *testing.T) {
	n := startNode(t, t.TempDir(), false, nil)
	n.admit(alice, bob)
	c := n.connect()
	key, id, address := bob.PubKey().String(), strings.Repeat("cd", 32), "30023:"+bob.PubKey().String()+":d"
	const web = "https://example.com/a?b#c"
	parent, reader := strings.Repeat("ef", 32), alice.PubKey().String()
	// by makes filters of tags: name, value, name, value, ...
	by := func(pairs ...string) (filters []filter) {
		for i := 0; i < len(pairs); i += 2 {
			filters = append(filters, filter{"#" + pairs[i]: []string{pairs[i+1]}})
		}
		return filters
	}
	for name, tt := range map[string]struct {
		kind     uint16
		replaced bool // by a newer one, whatever its tags
		tags     nostr.Tags
		found    []filter // beside the kind
	}{
		"follow list": {3, true, nostr.Tags{{"p", key, "wss://relay.example/", "bob"}}, by("p", key)},
		"repost":      {6, false, nostr.Tags{{"e", id}, {"p", key}}, by("e", id, "p", key)},
		"reaction": {7, false, nostr.Tags{{"e", id}, {"p", key}, {"a", address}, {"k", "30023"}},
			by("e", id, "p", key, "a", address, "k", "30023")},
		"reaction to a page": {17, false, nostr.Tags{{"k", "web"}, {"i", web}}, by("i", web, "k", "web")},
		"comment": {nostr.KindComment, false, nostr.Tags{
			{"A", address}, {"E", id}, {"K", "30023"}, {"P", key}, {"I", web},
			{"a", address + "2"}, {"e", parent}, {"k", "1111"}, {"p", reader}, {"i", web + "2"},
		}, by("A", address, "E", id, "K", "30023", "P", key, "I", web,
			"a", address+"2", "e", parent, "k", "1111", "p", reader, "i", web+"2")},
		"report": {1984, false, nostr.Tags{{"p", key, "spam"}, {"e", id, "spam"}, {"x", id, "malware"},
			{"l", "NS-nud", "social.nos.ontology"}, {"L", "social.nos.ontology"}},
			by("p", key, "e", id, "x", id, "L", "social.nos.ontology", "l", "NS-nud")},
		"mute list": {10_000, true, nostr.Tags{{"p", key}, {"t", "noise"}, {"word", "x"}}, by("p", key, "t", "noise")},
		"pins":      {10_001, true, nostr.Tags{{"e", id}}, by("e", id)},
		"relay list": {10_002, true, nostr.Tags{{"r", "wss://relay.example/", "read"}},
			by("r", "wss://relay.example/")},
		"bookmarks":  {10_003, true, nostr.Tags{{"e", id}, {"a", address}}, by("a", address, "e", id)},
		"follow set": {30_000, true, nostr.Tags{{"d", "friends"}, {"p", key}}, by("d", "friends", "p", key)},
		"bookmark set": {30_003, true, nostr.Tags{{"d", "read later"}, {"a", address}},
			by("d", "read later", "a", address)},
	} {
		first := n.event(alice, tt.kind, 0, "", tt.tags...)
		c.publish(first, true, "")
		for _, f := range tt.found {
			f["kinds"] = []int{int(tt.kind)}
			if got := c.find(f); !slices.Equal(got, ids(first)) {
				t.Errorf("%s by %v: %v", name, f, got)
			}
			for key, values := range f { // a letter of the other case is another tag
				if len(key) != 2 || key[0] != '#' {
					continue
				}
				swapped := strings.ToUpper(key)
				if swapped == key {
					swapped = strings.ToLower(key)
				}
				other := filter{"kinds": f["kinds"], swapped: values}
				if slices.ContainsFunc(tt.tags, func(t nostr.Tag) bool {
					return "#"+t.Name() == swapped && slices.Contains(values.([]string), t.Value())
				}) || !wellFormed(swapped, values.([]string)) {
					continue
				}
				if got := c.find(other); len(got) != 0 {
					t.Errorf("%s by %v: %v, want none", name, other, got)
				}
			}
		}
		second := n.event(alice, tt.kind, 1, "newer", tt.tags...)
		c.publish(second, true, "")
		want := ids(second, first)
		if tt.replaced {
			want = want[:1]
		}
		if got := c.find(filter{"kinds": []int{int(tt.kind)}}); !slices.Equal(got, want) {
			t.Errorf("%s: after a newer one %v, want %v", name, got, want)
		}
	}
}

// wellFormed reports whether a filter may ask for these values.
func wellFormed(key string, values []string) bool {
	f, err := json.Marshal(filter{key: values})
	if err != nil {
		return false
	}
	_, err = nostr.DecodeFilter(f)
	return err == nil
}
