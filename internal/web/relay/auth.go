package relay

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"madang/internal/nostr"
	"madang/internal/verify"
)

// auth takes a signed answer to the challenge (NIP-42). A connection may authenticate several keys.
func (c *conn) auth(e *nostr.Event) {
	text := c.authenticate(e)
	c.relay.stats.auth(text == "")
	if text != "" {
		c.ok(e.ID.String(), false, text)
		return
	}
	c.ok(e.ID.String(), true, "")
}

func (c *conn) authenticate(e *nostr.Event) (refusal string) {
	if !c.relay.stats.within(limitEvents, c.rates.events.Allow() && c.addr.events.Allow()) {
		return "rate-limited: too many messages, wait a moment"
	}
	if e.Kind != nostr.KindAuth {
		return "invalid: AUTH takes an event of kind 22242"
	}
	if challenge, _ := e.Tags.First("challenge"); challenge != c.challenge {
		return "invalid: this is not the challenge that was sent"
	}
	if relay, _ := e.Tags.First("relay"); !c.relay.isHere(relay, c.host) {
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

// isHere reports whether the URL in a relay tag names this relay, which the client called host. That alone would let
// another relay on the Internet hand its visitors this one's challenge, and their answers to this one: it may call this
// one as it is called itself. So where it is known what this relay is called on the Internet, any other name there is
// another relay. Names and addresses of a local network are nobody's for sure, and phones know the box by several.
func (r *Relay) isHere(relay, host string) bool {
	return sameHost(relay, host) && (r.cfg.PublicHost == "" || sameHost(relay, r.cfg.PublicHost) || isLocal(host))
}

// localNames are endings of names that no public DNS gives out.
var localNames = []string{".localhost", ".local", ".lan", ".home", ".internal", ".localdomain", ".home.arpa"}

// meshNet is what carriers and private meshes give out (RFC 6598).
var meshNet = netip.MustParsePrefix("100.64.0.0/10")

// isLocal reports whether a Host header is of a local network: an address or a name that means nothing elsewhere.
func isLocal(host string) bool {
	name, _ := splitHost(host)
	if addr, err := netip.ParseAddr(name); err == nil {
		addr = addr.Unmap()
		return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || meshNet.Contains(addr)
	}
	return !strings.Contains(name, ".") ||
		slices.ContainsFunc(localNames, func(ending string) bool { return strings.HasSuffix(name, ending) })
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
