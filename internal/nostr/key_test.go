package nostr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretKeyRange(t *testing.T) {
	for text, ok := range map[string]bool{
		strings.Repeat("0", 64):       false,
		strings.Repeat("0", 63) + "1": true,
		"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140": true, // the order less one
		"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141": false,
		strings.Repeat("f", 64):           false,
		strings.Repeat("A", 64):           false,
		strings.Repeat("a", 62):           false,
		"nsec1" + strings.Repeat("q", 58): false,
		"":                                false,
	} {
		sk, err := ParseSecretKey(text)
		if ok != (err == nil) || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: error %v", text, err)
		}
		if err == nil && sk.Hex() != text {
			t.Errorf("%s came back as %s", text, sk.Hex())
		}
	}
}

func TestPubKey(t *testing.T) {
	sk, err := ParseSecretKey(strings.Repeat("0", 63) + "1")
	if err != nil {
		t.Fatal(err)
	}
	const generator = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	if got := sk.PubKey().String(); got != generator {
		t.Errorf("got %s, want %s", got, generator)
	}
}

func TestSecretKeyIsNeverPrinted(t *testing.T) {
	sk, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", sk)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", sk, "in", struct{ Key SecretKey }{sk})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&log, verb, sk)
		fmt.Fprintf(&log, verb, struct{ Key SecretKey }{sk})
	}
	for _, shown := range []string{
		sk.Hex(), strings.ToUpper(sk.Hex()), fmt.Sprint([32]byte(sk)), strings.Trim(fmt.Sprint([32]byte(sk)), "[]"),
	} {
		if strings.Contains(log.String(), shown) {
			t.Errorf("the key is in %s", log.String())
		}
	}
	if _, err := json.Marshal(sk); err == nil {
		t.Error("encoding/json wrote the key")
	}
}

func TestSign(t *testing.T) {
	sk, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	e := &Event{CreatedAt: 1, Kind: 1, Content: "x"}
	if err := e.Sign(sk); err != nil {
		t.Fatal(err)
	}
	if e.PubKey != sk.PubKey() || e.ID != e.ComputeID() || e.Sig == (Sig{}) {
		t.Errorf("signed event %+v", e)
	}
	for name, bad := range map[string]*Event{
		"before 1970":      {CreatedAt: -1},
		"too late":         {CreatedAt: maxSafeInteger + 1},
		"an empty tag":     {Tags: Tags{{}}},
		"too many tags":    {Tags: make(Tags, MaxTags+1)},
		"tag not UTF-8":    {Tags: Tags{{"t", "\xff"}}},
		"text not UTF-8":   {Content: "\xff"},
		"half a surrogate": {Content: "\xed\xa0\xbd"},
	} {
		if err := bad.Sign(sk); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if err := (&Event{}).Sign(SecretKey{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("no key: error %v", err)
	}
}
