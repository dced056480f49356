package policy_test

import (
	"errors"
	"strings"
	"testing"

	"madang/internal/nostr"
	"madang/internal/policy"
)

// TestVanish: a request counts whoever its author is, if it is for all relays or names this one by a name that nobody
// else could have made up.
func TestVanish(t *testing.T) {
	pol := policy.New(policy.Config{NodeKey: node, PublicHost: "relay.example"})
	relay := func(url string) nostr.Tag { return nostr.Tag{"relay", url} }
	here := func(url string) bool { return strings.Contains(url, "box.lan") }
	live := policy.Writer{Road: policy.Live, Here: here}
	author := policy.Writer{Road: policy.Live, Here: here, Keys: []nostr.PubKey{stranger}}
	courier := policy.Writer{Road: policy.Import}
	for _, c := range []struct {
		name   string
		event  *nostr.Event
		writer policy.Writer
		want   string // prefix, or "" for yes
	}{
		{"all relays, by a stranger", event(stranger, nostr.KindVanish, relay("ALL_RELAYS")), live, ""},
		{"all relays, by a courier", event(member, nostr.KindVanish, relay("ALL_RELAYS")), courier, ""},
		{"in another case", event(member, nostr.KindVanish, relay("all_relays")), live, "invalid"},
		{"by its public name", event(stranger, nostr.KindVanish, relay("wss://a.example"), relay("WSS://Relay.example:443/")), courier, ""},
		{"another relay", event(member, nostr.KindVanish, relay("wss://a.example")), live, "invalid"},
		{"as the connection calls it, by anybody", event(stranger, nostr.KindVanish, relay("ws://box.lan")), live, "invalid"},
		{"as the connection calls it, by its author", event(stranger, nostr.KindVanish, relay("ws://box.lan")), author, ""},
		{"by its author of another", event(stranger, nostr.KindVanish, relay("ws://a.example")), author, "invalid"},
		{"no relay", event(member, nostr.KindVanish), live, "invalid"},
		{"a word without a value", event(member, nostr.KindVanish, nostr.Tag{"relay"}), live, "invalid"},
		{"the node", event(node, nostr.KindVanish, relay("ALL_RELAYS")), live, "blocked"},
		{"the node, by a courier", event(node, nostr.KindVanish, relay("ALL_RELAYS")), courier, "blocked"},
		{"protected", event(stranger, nostr.KindVanish, relay("ALL_RELAYS"), nostr.Tag{"-"}), live, "auth-required"},
		{"protected, by its author", event(stranger, nostr.KindVanish, relay("ALL_RELAYS"), nostr.Tag{"-"}), author, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := pol.MayWrite(c.event, c.writer)
			var refusal *policy.Error
			if (err == nil) != (c.want == "") || err != nil && (!errors.As(err, &refusal) || refusal.Prefix != c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	if err := policy.New(policy.Config{NodeKey: node}).MayWrite(event(member, nostr.KindVanish, relay("ws://")), courier); err == nil {
		t.Error("a relay that has no name was named")
	}
}
