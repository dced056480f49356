package relay

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"madang/internal/nostr"
	"madang/internal/verify"
)

// auth takes a signed answer to the challenge (NIP-42). A connection may authenticate several keys.
func (c *conn) auth(e *nostr.Event) {
	if text := c.authenticate(e); text != "" {
		c.ok(e.ID.String(), false, text)
		return
	}
	c.ok(e.ID.String(), true, "")
}

func (c *conn) authenticate(e *nostr.Event) (refusal string) {
	if !c.rates.events.Allow() || !c.addr.events.Allow() {
		return "rate-limited: too many messages, wait a moment"
	}
	if e.Kind != nostr.KindAuth {
		return "invalid: AUTH takes an event of kind 22242"
	}
	if challenge, _ := e.Tags.First("challenge"); challenge != c.challenge {
		return "invalid: this is not the challenge that was sent"
	}
	if relay, _ := e.Tags.First("relay"); !sameHost(relay, c.host) {
		return "invalid: the relay tag names another relay"
	}
	now := c.relay.cfg.Now().Unix()
	if (e.CreatedAt < now-authWindow || e.CreatedAt > now+authWindow) && c.relay.cfg.Known() {
		return "invalid: created_at is too far from the node's time" // the challenge is fresh, whoever's clock is wrong
	}
	if _, err := verify.One(e); err != nil {
		return "invalid: " + err.Error()
	}
	keys := *c.keys.Load()
	if slices.Contains(keys, e.PubKey) {
		return ""
	}
	if len(keys) >= c.relay.cfg.Limits.Keys {
		return "restricted: too many keys on one connection"
	}
	keys = append(slices.Clone(keys), e.PubKey)
	c.keys.Store(&keys)
	return ""
}

// sameHost compares the URL in a relay tag with a Host header: the name and the port count; scheme, path and case do
// not, and neither does a port that is the scheme's own.
func sameHost(relay, host string) bool {
	u, err := url.Parse(strings.TrimSpace(relay))
	if err != nil || u.Host == "" {
		return false
	}
	name, port := splitHost(u.Host)
	wantName, wantPort := splitHost(host)
	if name == "" || name != wantName {
		return false
	}
	return port == wantPort
}

// splitHost returns name and port in lower case; the ports of http and https are as none.
func splitHost(host string) (name, port string) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), ""
	}
	if port == "80" || port == "443" {
		port = ""
	}
	return strings.TrimSuffix(strings.ToLower(name), "."), port
}
