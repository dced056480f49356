package httpauth

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"madang/internal/nostr"
)

// NIP98 checks a request's HTTP Auth (NIP-98) and returns the key that signed it. body is the whole body; where there
// is one, a payload tag must name its SHA-256. The u tag's scheme may be http or https, since a proxy in front may
// speak either, or ws or wss, where it names the relay (NIP-86). An event that authorizes a change (any method but GET
// and HEAD) is taken once: on plain http a neighbour can read it, and must not be able to send it again.
func (c *Checker) NIP98(r *http.Request, body []byte) (nostr.PubKey, error) {
	e, err := c.nip98(r, body)
	if err != nil {
		return nostr.PubKey{}, err
	}
	now := c.now()
	if now.Sub(time.Unix(e.CreatedAt, 0)).Abs() > Skew {
		return nostr.PubKey{}, refuse("the authorization was made more than %v from now: check this device's clock", Skew)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.used.add(e.ID, now) {
			return nostr.PubKey{}, refuse("the authorization was used already: sign a new one")
		}
	}
	return e.PubKey, nil
}

// NIP98AtAnyTime is NIP98 whenever the event was made, and however often it comes. Its body must hold something that is
// good only once.
func (c *Checker) NIP98AtAnyTime(r *http.Request, body []byte) (nostr.PubKey, error) {
	e, err := c.nip98(r, body)
	if err != nil {
		return nostr.PubKey{}, err
	}
	return e.PubKey, nil
}

// nip98 checks all but when the event was made and how often it came.
func (c *Checker) nip98(r *http.Request, body []byte) (*nostr.Event, error) {
	e, err := event(r, nostr.KindHTTPAuth)
	if err != nil {
		return nil, err
	}
	u, _ := e.Tags.First("u")
	sum := sha256.Sum256(body)
	switch payload, ok := e.Tags.First("payload"); {
	case !sameURL(u, r):
		return nil, refuse("the authorization is for another address")
	case !sameMethod(e.Tags, r.Method):
		return nil, refuse("the authorization is for another method than %s", r.Method)
	case len(body) > 0 && !ok:
		return nil, refuse("the authorization has no payload tag with the body's SHA-256")
	case ok && payload != hex.EncodeToString(sum[:]):
		return nil, refuse("the authorization is for another body")
	}
	return e, nil
}

// sameMethod reports whether the method tag names the request's; nostr-tools and what is made with it write "post".
func sameMethod(tags nostr.Tags, method string) bool {
	named, _ := tags.First("method")
	return strings.EqualFold(named, method)
}

// sameURL reports whether u is the absolute address of the request.
func sameURL(u string, r *http.Request) bool {
	want, err := url.Parse(u)
	if err != nil || schemePort[want.Scheme] == "" || want.User != nil || want.Fragment != "" {
		return false
	}
	path := want.EscapedPath()
	if path == "" {
		path = "/"
	}
	return withoutPort(want.Host, want.Scheme) == withoutPort(r.Host, want.Scheme) &&
		path == r.URL.EscapedPath() && want.RawQuery == r.URL.RawQuery
}

// withoutPort returns a host in lower case without its scheme's own port, which browsers leave out.
func withoutPort(host, scheme string) string {
	return strings.TrimSuffix(strings.ToLower(host), schemePort[scheme])
}

// schemePort are the schemes that a u tag may have.
var schemePort = map[string]string{"http": ":80", "ws": ":80", "https": ":443", "wss": ":443"}

const (
	// usedFor is longer than any event stays valid: from Skew before to Skew after its time.
	usedFor = 2*Skew + time.Minute
	maxUsed = 50_000 // ids in one half
)

// onceSet remembers ids for at least usedFor, in two halves of which the older is dropped whole. When a flood of
// events, each validly signed, fills a half early, the oldest are forgotten early.
type onceSet struct {
	newer, older map[nostr.ID]struct{}
	began        time.Time // of newer
}

// add reports whether the id is new.
func (s *onceSet) add(id nostr.ID, now time.Time) bool {
	if s.newer == nil || now.Sub(s.began).Abs() > usedFor || len(s.newer) >= maxUsed {
		s.older, s.newer, s.began = s.newer, make(map[nostr.ID]struct{}), now
	}
	_, inNewer := s.newer[id]
	_, inOlder := s.older[id]
	if inNewer || inOlder {
		return false
	}
	s.newer[id] = struct{}{}
	return true
}
