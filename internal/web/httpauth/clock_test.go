package httpauth_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"madang/internal/nostr"
	"madang/internal/web/httpauth"
)

func TestTokensOfPeopleWhoKnowTheTimeBetter(t *testing.T) {
	sk, known := newKey(t), false
	c := httpauth.New(httpauth.Config{
		Now: func() time.Time { return time.Unix(now, 0) }, Known: func() bool { return known },
	})
	const later = now + 1_000_000
	blob := token()
	blob.CreatedAt, blob.Tags[1][1] = later, fmt.Sprint(later+60)
	upload := request(http.MethodPut, "http://madang.lan/upload", nostrHeader(sign(t, sk, blob)))
	if _, err := c.Blossom(upload, "upload"); err != nil {
		t.Errorf("without a clock: %v", err)
	}
	known = true
	_, err := c.Blossom(upload, "upload")
	refused(t, err, "from the future")
}

func TestNIP98AtAnyTime(t *testing.T) {
	sk, c := newKey(t), checker()
	const url = "http://madang.lan/api/clock"
	signedAt := func(tags ...nostr.Tag) *http.Request {
		e := nostr.Event{Kind: nostr.KindHTTPAuth, CreatedAt: 20, Tags: append(nostr.Tags{{"u", url}}, tags...)}
		return request(http.MethodPost, url, nostrHeader(sign(t, sk, e)))
	}
	r := signedAt(nostr.Tag{"method", "POST"})
	for range 2 {
		if pk, err := c.NIP98AtAnyTime(r, nil); pk != sk.PubKey() || err != nil {
			t.Errorf("from 1970: %v, %v", pk, err)
		}
	}
	_, err := c.NIP98(r, nil)
	refused(t, err, "this device's clock")
	_, err = c.NIP98AtAnyTime(r, []byte("{}"))
	refused(t, err, "payload")
	_, err = c.NIP98AtAnyTime(signedAt(), nil)
	refused(t, err, "method")
}
