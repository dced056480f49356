package relay

import (
	"net/netip"
	"slices"
	"strings"

	"madang/internal/nostr"
	"madang/internal/policy"
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
	return policy.SameHost(relay, host) && (r.cfg.PublicHost == "" || policy.SameHost(relay, r.cfg.PublicHost) || isLocal(host))
}

func (c *conn) isHere(relay string) bool { return c.relay.isHere(relay, c.host) }

// localNames are endings of names that no public DNS gives out.
var localNames = []string{".localhost", ".local", ".lan", ".home", ".internal", ".localdomain", ".home.arpa"}

// meshNet is what carriers and private meshes give out (RFC 6598).
var meshNet = netip.MustParsePrefix("100.64.0.0/10")

// isLocal reports whether a Host header is of a local network: an address or a name that means nothing elsewhere.
func isLocal(host string) bool {
	name, _ := policy.SplitHost(host)
	if addr, err := netip.ParseAddr(name); err == nil {
		addr = addr.Unmap()
		return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || meshNet.Contains(addr)
	}
	return !strings.Contains(name, ".") ||
		slices.ContainsFunc(localNames, func(ending string) bool { return strings.HasSuffix(name, ending) })
}
