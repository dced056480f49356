package httpauth_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"madang/internal/nostr"
	"madang/internal/web/httpauth"
)

const now = 1_800_000_000

var hash = strings.Repeat("ab", 32)

func checker() *httpauth.Checker {
	return httpauth.New(httpauth.Config{Now: func() time.Time { return time.Unix(now, 0) }})
}

func newKey(t testing.TB) nostr.SecretKey {
	t.Helper()
	sk, err := nostr.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return sk
}

func sign(t testing.TB, sk nostr.SecretKey, e nostr.Event) []byte {
	t.Helper()
	if err := e.Sign(sk); err != nil {
		t.Fatal(err)
	}
	return e.AppendJSON(nil)
}

func request(method, url, authorization string) *http.Request {
	r := httptest.NewRequest(method, url, nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return r
}

func nostrHeader(event []byte) string { return "Nostr " + base64.RawURLEncoding.EncodeToString(event) }

func token() nostr.Event {
	return nostr.Event{
		Kind:      nostr.KindBlossomAuth,
		CreatedAt: now - 5,
		Content:   "Upload Blob",
		Tags:      nostr.Tags{{"t", "upload"}, {"expiration", fmt.Sprint(now + 60)}, {"x", hash}},
	}
}

// refused checks that err is a refusal whose text holds a word.
func refused(t *testing.T, err error, word string) {
	t.Helper()
	if !errors.Is(err, httpauth.ErrUnauthorized) || !strings.Contains(err.Error(), word) {
		t.Errorf("got %v, want a refusal with %q", err, word)
	}
}

func TestBlossomToken(t *testing.T) {
	sk := newKey(t)
	for name, c := range map[string]struct {
		host   string
		change func(*nostr.Event)
		want   string // in the refusal; "" where it is valid
	}{
		"plain":                 {"", func(*nostr.Event) {}, ""},
		"wrong kind":            {"", func(e *nostr.Event) { e.Kind = nostr.KindHTTPAuth }, "kind 24242"},
		"clock a little ahead":  {"", func(e *nostr.Event) { e.CreatedAt = now + 599 }, ""},
		"from the future":       {"", func(e *nostr.Event) { e.CreatedAt = now + 601 }, "clock"},
		"years old but valid":   {"", func(e *nostr.Event) { e.CreatedAt = 1 }, ""},
		"no expiration":         {"", func(e *nostr.Event) { e.Tags = nostr.Tags{{"t", "upload"}} }, "expiration"},
		"expiration no number":  {"", func(e *nostr.Event) { e.Tags[1] = nostr.Tag{"expiration", "soon"} }, "expiration"},
		"expired this second":   {"", func(e *nostr.Event) { e.Tags[1][1] = fmt.Sprint(now) }, "expired"},
		"other verb":            {"", func(e *nostr.Event) { e.Tags[0] = nostr.Tag{"t", "delete"} }, "upload"},
		"no verb":               {"", func(e *nostr.Event) { e.Tags[0] = nostr.Tag{"t"} }, "upload"},
		"this server":           {"Madang.Example:8080", serverTag("madang.example"), ""},
		"one of servers":        {"madang.example", serverTag("other.example", "madang.example"), ""},
		"other server":          {"madang.example", serverTag("other.example"), "another server"},
		"server with its port":  {"madang.example:8080", serverTag("madang.example:8080"), "another server"},
		"this server's address": {"192.168.0.7:8080", serverTag("192.168.0.7"), ""},
		"IPv6":                  {"[fd00::1]:8080", serverTag("[fd00::1]"), ""},
		"IPv6 without brackets": {"[fd00::1]", serverTag("fd00::1"), ""},
		"empty server tag":      {"madang.example", serverTag(""), "another server"},
	} {
		t.Run(name, func(t *testing.T) {
			e := token()
			c.change(&e)
			r := request("PUT", "http://localhost:8080/upload", nostrHeader(sign(t, sk, e)))
			if c.host != "" {
				r.Host = c.host
			}
			got, err := checker().Blossom(r, "upload")
			if c.want != "" {
				refused(t, err, c.want)
				return
			}
			if err != nil || got.PubKey != sk.PubKey() {
				t.Errorf("got %v, %v", got.PubKey, err)
			}
		})
	}
}

func serverTag(names ...string) func(*nostr.Event) {
	return func(e *nostr.Event) {
		for _, name := range names {
			e.Tags = append(e.Tags, nostr.Tag{"server", name})
		}
	}
}

func TestTokenAllows(t *testing.T) {
	sk := newKey(t)
	e := token()
	other := strings.Repeat("cd", 32)
	e.Tags = append(e.Tags, nostr.Tag{"x", other}, nostr.Tag{"x"})
	got, err := checker().Blossom(request("PUT", "/upload", nostrHeader(sign(t, sk, e))), "upload")
	if err != nil || !slices.Equal(got.Hashes, []string{hash, other, ""}) {
		t.Fatalf("hashes %v, %v", got.Hashes, err)
	}
	if got.Allows(hash) != nil || got.Allows(other) != nil {
		t.Error("a blob that is named is refused")
	}
	refused(t, got.Allows(strings.Repeat("ef", 32)), "x tag")
	refused(t, httpauth.Token{}.Allows(hash), "x tag")
}

func TestHeaderForms(t *testing.T) {
	sk := newKey(t)
	event := token()
	event.Content = "???>>>~~~ÿÿÿ" // bytes whose base64 differs between the alphabets
	data := sign(t, sk, event)
	for name, enc := range map[string]*base64.Encoding{
		"url": base64.RawURLEncoding, "url padded": base64.URLEncoding,
		"standard": base64.RawStdEncoding, "standard padded": base64.StdEncoding,
	} {
		for _, scheme := range []string{"Nostr ", "nostr "} {
			_, err := checker().Blossom(request("PUT", "/upload", scheme+enc.EncodeToString(data)), "upload")
			if err != nil {
				t.Errorf("%s, %q: %v", name, scheme, err)
			}
		}
	}
	forged := []byte(strings.Replace(string(data), `"upload"`, `"delete"`, 1))
	resigned := []byte(strings.Replace(string(data), sk.PubKey().String(), newKey(t).PubKey().String(), 1))
	for header, word := range map[string]string{
		"":                                     "needed",
		"Bearer abc":                           "scheme Nostr",
		"Nostr":                                "no event",
		"Nostr !!!":                            "base64",
		"Nostr " + hash:                        "no event",
		nostrHeader(forged):                    "verify",
		"Nostr " + strings.Repeat("A", 70_000): "larger",
		nostrHeader(resigned):                  "verify",
	} {
		_, err := checker().Blossom(request("PUT", "/upload", header), "delete")
		refused(t, err, word)
	}
}

func httpAuth(method, url string, tags ...nostr.Tag) nostr.Event {
	return nostr.Event{
		Kind: nostr.KindHTTPAuth, CreatedAt: now, Tags: append(nostr.Tags{{"u", url}, {"method", method}}, tags...),
	}
}

func TestNIP98(t *testing.T) {
	const url = "http://madang.example:8080/api/media?a=1&b=%20"
	body := `{"sha256":"ab"}`
	sum := sha256.Sum256([]byte(body))
	payload := nostr.Tag{"payload", hex.EncodeToString(sum[:])}
	at := func(e nostr.Event, seconds int64) nostr.Event { e.CreatedAt += seconds; return e }
	elsewhere := func(was, is string) nostr.Event {
		return httpAuth("POST", strings.Replace(url, was, is, 1), payload)
	}
	for name, c := range map[string]struct {
		event nostr.Event
		body  string
		want  string
	}{
		"plain":           {httpAuth("POST", url, payload), body, ""},
		"no body":         {httpAuth("POST", url), "", ""},
		"https outside":   {httpAuth("POST", "https"+url[4:], payload), body, ""},
		"host in capital": {elsewhere("madang", "Madang"), body, ""},
		"ten minutes old": {at(httpAuth("POST", url, payload), -600), body, ""},
		"too old":         {at(httpAuth("POST", url, payload), -601), body, "clock"},
		"from the future": {at(httpAuth("POST", url, payload), 601), body, "clock"},
		"time's end":      {at(httpAuth("POST", url, payload), 1<<51), body, "clock"},
		"no payload":      {httpAuth("POST", url), body, "payload"},
		"other payload":   {httpAuth("POST", url, payload), body + " ", "another body"},
		"payload, none":   {httpAuth("POST", url, payload), "", "another body"},
		"other method":    {httpAuth("PUT", url, payload), body, "method"},
		"method in small": {httpAuth("post", url, payload), body, ""},
		"no u":            {nostr.Event{Kind: nostr.KindHTTPAuth, CreatedAt: now}, "", "another address"},
		"other host":      {elsewhere("madang.", "evil."), body, "another address"},
		"other port":      {elsewhere(":8080", ""), body, "another address"},
		"other path":      {elsewhere("media", "invites"), body, "another address"},
		"other query":     {elsewhere("&b=%20", ""), body, "another address"},
		"with user":       {elsewhere("//", "//me@"), body, "another address"},
		"relative":        {httpAuth("POST", "/api/media?a=1&b=%20", payload), body, "another address"},
		"other scheme":    {httpAuth("POST", "ftp"+url[4:], payload), body, "another address"},
		"no URL":          {httpAuth("POST", "http://%zz", payload), body, "another address"},
		"other kind":      {token(), body, "kind 27235"},
	} {
		t.Run(name, func(t *testing.T) {
			sk := newKey(t)
			r := request("POST", url, nostrHeader(sign(t, sk, c.event)))
			pk, err := checker().NIP98(r, []byte(c.body))
			if c.want != "" {
				refused(t, err, c.want)
			} else if err != nil || pk != sk.PubKey() {
				t.Errorf("got %v, %v", pk, err)
			}
		})
	}
}

func TestNIP98DefaultPort(t *testing.T) {
	for _, u := range []string{"http://madang.example:80", "http://madang.example/", "https://madang.example:443/",
		"ws://madang.example", "wss://madang.example/"} {
		r := request("GET", "http://madang.example/", nostrHeader(sign(t, newKey(t), httpAuth("GET", u))))
		if _, err := checker().NIP98(r, nil); err != nil {
			t.Errorf("%s: %v", u, err)
		}
	}
}

func TestNIP98Once(t *testing.T) {
	clock := time.Unix(now, 0)
	c := httpauth.New(httpauth.Config{Now: func() time.Time { return clock }})
	const url = "http://madang.example/api/invites"
	sk := newKey(t)
	early := httpAuth("POST", url)
	early.CreatedAt = now + 600 // its clock is ahead, so that it stays valid longest
	change := request("POST", url, nostrHeader(sign(t, sk, early)))
	if _, err := c.NIP98(change, nil); err != nil {
		t.Fatal(err)
	}
	for range 20 { // to the last minute of its validity
		_, err := c.NIP98(change, nil)
		refused(t, err, "used already")
		clock = clock.Add(time.Minute)
		other := httpAuth("POST", url)
		other.CreatedAt = clock.Unix()
		if _, err := c.NIP98(request("POST", url, nostrHeader(sign(t, newKey(t), other))), nil); err != nil {
			t.Fatal(err)
		}
	}
	read := httpAuth("GET", url)
	read.CreatedAt = clock.Unix()
	for range 2 {
		if _, err := c.NIP98(request("GET", url, nostrHeader(sign(t, sk, read))), nil); err != nil {
			t.Errorf("reading twice: %v", err)
		}
	}
}

func FuzzAuthorization(f *testing.F) {
	sk := nostr.SecretKey{31: 7} // the same in every worker
	valid := nostrHeader(sign(f, sk, token()))
	f.Add(valid, "localhost:8080")
	f.Add("Nostr e30", "[::1]")
	f.Add("Nostr", "")
	f.Fuzz(func(t *testing.T, header, host string) {
		r := request("PUT", "/upload", header)
		r.Host = host
		if got, err := checker().Blossom(r, "upload"); err == nil && got.PubKey != sk.PubKey() {
			t.Errorf("a stranger's token is taken: %q", header)
		}
		if _, err := checker().NIP98(r, nil); err == nil {
			t.Errorf("a token for nothing is taken: %q", header)
		}
	})
}
