package nostr

import (
	"errors"
	"testing"
)

func TestKindClasses(t *testing.T) {
	for kind, want := range map[uint16]string{
		0: "replaceable", 1: "regular", 2: "regular", 3: "replaceable", 4: "regular", 1059: "regular", 9999: "regular",
		10000: "replaceable", 19999: "replaceable", 20000: "ephemeral", 29999: "ephemeral", 30000: "addressable",
		39999: "addressable", 40000: "regular", 65535: "regular",
	} {
		got := "regular"
		switch {
		case IsReplaceable(kind):
			got = "replaceable"
		case IsEphemeral(kind):
			got = "ephemeral"
		case IsAddressable(kind):
			got = "addressable"
		}
		if got != want {
			t.Errorf("kind %d is %s, want %s", kind, got, want)
		}
	}
}

func TestAddress(t *testing.T) {
	article := &Event{Kind: KindArticle, Tags: Tags{{"title", "x"}, {"d", "a:b"}, {"d", "second"}}}
	a, ok := article.Address()
	if want := (Address{Kind: KindArticle, D: "a:b"}); !ok || a != want {
		t.Errorf("got %v, %v; want %v", a, ok, want)
	}
	if got, err := ParseAddress(a.String()); err != nil || got != a {
		t.Errorf("%s came back as %v, %v", a, got, err)
	}
	profile := &Event{Kind: KindProfile, Tags: Tags{{"d", "ignored"}}}
	if a, ok := profile.Address(); !ok || a != (Address{}) {
		t.Errorf("profile: got %v, %v", a, ok)
	}
	if _, ok := (&Event{Kind: KindNote}).Address(); ok {
		t.Error("a note has an address")
	}
	pk := PubKey{}.String()
	for _, text := range []string{"", "1", "1:" + pk, "65536:" + pk + ":", "-1:" + pk + ":", "+1:" + pk + ":", "1:ab:c"} {
		if _, err := ParseAddress(text); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: error %v", text, err)
		}
	}
}

func TestExpiration(t *testing.T) {
	for _, c := range []struct {
		tags Tags
		at   int64
		ok   bool
	}{
		{nil, 0, false},
		{Tags{{"expiration"}}, 0, false},
		{Tags{{"expiration", "soon"}}, 0, false},
		{Tags{{"expiration", "1700000000"}}, 1700000000, true},
	} {
		at, ok := (&Event{Tags: c.tags}).Expiration()
		if ok != c.ok || ok && at != c.at {
			t.Errorf("%v: got %d, %v", c.tags, at, ok)
		}
	}
}
