package app

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"madang/internal/nostr"
	"madang/internal/policy"
)

// TestInfoTells: NIP-11 names each limit that a client can run into, as the node holds it.
func TestInfoTells(t *testing.T) {
	cfg := testConfig(t.TempDir())
	cfg.MinWork = 12
	a := open(t, cfg)
	serve(t, a)
	var info struct {
		Name, Description, PubKey, Self, Version string
		SupportedNIPs                            []int `json:"supported_nips"`
		Limitation                               map[string]any
	}
	if err := json.Unmarshal(fetch(t, http.DefaultClient, a.URL()+"/", "application/nostr+json"), &info); err != nil {
		t.Fatal(err)
	}
	key := a.NodeKey.PubKey().String()
	if info.Name != "Madang" || info.Description == "" || info.PubKey != key || info.Self != key || info.Version == "" {
		t.Errorf("%+v", info)
	}
	if len(info.SupportedNIPs) == 0 || !slices.IsSorted(info.SupportedNIPs) {
		t.Errorf("supported_nips %v", info.SupportedNIPs)
	}
	want := map[string]any{
		"max_message_length": 524288.0, "max_subscriptions": 100.0, "max_limit": 500.0, "default_limit": 500.0,
		"max_subid_length": 64.0, "max_event_tags": 5000.0, "max_content_length": 262144.0, "min_pow_difficulty": 12.0,
		"created_at_upper_limit": 900.0, "auth_required": false, "payment_required": false, "restricted_writes": true,
	}
	if !maps.Equal(info.Limitation, want) {
		t.Errorf("limitation %v, want %v", info.Limitation, want)
	}
}

// TestMinWork: what NIP-11 asks for is what is asked, of who is no member (NIP-13).
func TestMinWork(t *testing.T) {
	cfg := testConfig(t.TempDir())
	cfg.Open, cfg.MinWork = true, 8
	a := open(t, cfg)
	stranger, member := nostr.SecretKey{31: 5}, nostr.SecretKey{31: 6}
	if err := a.Accounts.Admit(t.Context(), member.PubKey()); err != nil {
		t.Fatal(err)
	}
	note := func(sk nostr.SecretKey, nonce int, target string) *nostr.Event {
		t.Helper()
		e := &nostr.Event{Kind: nostr.KindNote, CreatedAt: time.Now().Unix(), Content: "x",
			Tags: nostr.Tags{{"nonce", strconv.Itoa(nonce), target}}}
		if err := e.Sign(sk); err != nil {
			t.Fatal(err)
		}
		return e
	}
	mine := func(target string) *nostr.Event {
		for nonce := 0; ; nonce++ {
			if e := note(stranger, nonce, target); e.ID.LeadingZeros() >= 8 {
				return e
			}
		}
	}
	lazy := note(stranger, 0, "8")
	for nonce := 1; lazy.ID.LeadingZeros() >= 8; nonce++ {
		lazy = note(stranger, nonce, "8")
	}
	for name, tt := range map[string]struct {
		event *nostr.Event
		want  string // prefix of the refusal
	}{
		"without work": {lazy, "pow: "}, "by luck": {mine("7"), "pow: "}, "with work": {mine("8"), ""},
		"a member": {note(member, 0, "0"), ""},
	} {
		r := a.Ingest.Submit(t.Context(), tt.event, policy.Writer{Road: policy.Live})
		if r.OK != (tt.want == "") || !strings.HasPrefix(r.Message, tt.want) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
