// Package httpauth reads the Authorization headers of HTTP requests that are signed events: Blossom's tokens (BUD-11,
// kind 24242) and Nostr's HTTP Auth (NIP-98, kind 27235). It says whose key signed; what that key may do is for others
// to decide.
package httpauth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"madang/internal/nostr"
	"madang/internal/verify"
)

// ErrUnauthorized is wrapped by every refusal; the error's text says why, fit for a person to read.
var ErrUnauthorized = errors.New("not authorized")

const (
	maxHeader = 64 << 10 // bytes of an Authorization header: a token may name some hundreds of blobs
	// Skew is how far a signer's clock may be from the node's.
	Skew = 10 * time.Minute
)

// Config of a Checker.
type Config struct {
	Now   func() time.Time // the node's clock; nil: time.Now
	Known func() bool      // whether Now is to be believed; nil: always
}

// Checker checks Authorization headers. Its methods are safe for concurrent use.
type Checker struct {
	now   func() time.Time
	known func() bool

	mu   sync.Mutex // guards used
	used onceSet    // NIP-98 events that have been taken
}

// New returns a Checker.
func New(cfg Config) *Checker {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Known == nil {
		cfg.Known = func() bool { return true }
	}
	return &Checker{now: cfg.Now, known: cfg.Known}
}

// Token is a valid BUD-11 token for one verb on this server.
type Token struct {
	PubKey nostr.PubKey
	Hashes []string // the x tags' values as they stand
}

// Allows returns an error unless the token names this blob (64 lowercase hex digits) in an x tag.
func (t Token) Allows(hash string) error {
	if !slices.Contains(t.Hashes, hash) {
		return refuse("the authorization is not for this blob: no x tag names it")
	}
	return nil
}

// Blossom checks a BUD-11 token for a verb: get, upload, list, delete or media. Which blobs it is for, the caller asks
// Token.Allows.
func (c *Checker) Blossom(r *http.Request, verb string) (Token, error) {
	e, err := event(r, nostr.KindBlossomAuth)
	if err != nil {
		return Token{}, err
	}
	now := c.now().Unix()
	expires, ok := e.Expiration()
	switch {
	case e.CreatedAt > now+int64(Skew/time.Second) && c.known(): // else it is the node whose clock is to be checked
		return Token{}, refuse("the authorization is from the future: check this device's clock")
	case !ok:
		return Token{}, refuse("the authorization has no expiration")
	case expires <= now:
		return Token{}, refuse("the authorization has expired")
	case !e.Tags.Has("t", verb):
		return Token{}, refuse("the authorization is not for the action %q", verb)
	case !servesHere(e.Tags, r.Host):
		return Token{}, refuse("the authorization is for another server")
	}
	token := Token{PubKey: e.PubKey}
	for _, t := range e.Tags {
		if t.Name() == "x" {
			token.Hashes = append(token.Hashes, t.Value())
		}
	}
	return token, nil
}

// servesHere reports whether the server tags, if any, name this host.
func servesHere(tags nostr.Tags, host string) bool {
	here, any := hostName(host), false
	for _, t := range tags {
		if t.Name() == "server" {
			any = true
			if strings.Trim(t.Value(), "[]") == here {
				return true
			}
		}
	}
	return !any
}

// hostName returns a Host header's name in lower case, without port and brackets.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

// event reads the header's event and checks its signature and kind.
func event(r *http.Request, kind uint16) (*nostr.Event, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return nil, refuse("an Authorization header is needed")
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Nostr") {
		return nil, refuse("the Authorization header must be of the scheme Nostr")
	}
	if len(token) > maxHeader {
		return nil, refuse("the Authorization header is larger than %d bytes", maxHeader)
	}
	data, err := decodeBase64(strings.TrimSpace(token))
	if err != nil {
		return nil, refuse("the Authorization header is not base64")
	}
	e, err := nostr.DecodeEvent(data)
	if err != nil {
		return nil, refuse("the Authorization header holds no event: %w", err)
	}
	if e.Kind != kind {
		return nil, refuse("the authorization must be an event of kind %d, not %d", kind, e.Kind)
	}
	if _, err := verify.One(e); err != nil {
		return nil, refuse("the authorization does not verify: %w", err)
	}
	return e, nil
}

// decodeBase64 takes the URL alphabet of BUD-11 and the standard one of NIP-98, with padding or without.
func decodeBase64(s string) ([]byte, error) {
	s = strings.TrimRight(s, "=")
	s = strings.NewReplacer("+", "-", "/", "_").Replace(s)
	return base64.RawURLEncoding.DecodeString(s)
}

func refuse(format string, args ...any) error { return &refusal{fmt.Errorf(format, args...)} }

// refusal is an ErrUnauthorized with its own text.
type refusal struct{ error }

func (r *refusal) Is(target error) bool { return target == ErrUnauthorized }
func (r *refusal) Unwrap() error        { return r.error }

// Origin returns the address that a request was sent to, as in "http://madang.lan:8080". A proxy in front says by
// X-Forwarded-Proto that it spoke https; whoever else says so is only told so in turn.
func Origin(r *http.Request) string {
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
