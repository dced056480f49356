package giftwrap

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"madang/internal/nostr"
	"madang/internal/verify"
)

var now = time.Unix(1_700_000_000, 0)

func TestWrap(t *testing.T) {
	alice, bob := newKey(t), newKey(t)
	rumor := Rumor(alice.PubKey(), nostr.KindChat, nostr.Tags{{"p", bob.PubKey().String()}}, "저녁에 와요 🌙", now)
	times := map[int64]bool{}
	for range 20 {
		wrap, err := Wrap(rumor, alice, bob.PubKey(), now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verify.One(wrap); err != nil {
			t.Errorf("the wrap's signature: %v", err)
		}
		if wrap.Kind != nostr.KindGiftWrap || !reflect.DeepEqual(wrap.Tags, nostr.Tags{{"p", bob.PubKey().String()}}) {
			t.Errorf("wrap %+v", wrap)
		}
		if wrap.PubKey == alice.PubKey() || strings.Contains(string(wrap.AppendJSON(nil)), alice.PubKey().String()) {
			t.Error("the wrap tells its author")
		}
		if age := now.Unix() - wrap.CreatedAt; age < 0 || age > 2*24*3600 {
			t.Errorf("the wrap is %d s old", age)
		}
		times[wrap.CreatedAt] = true

		got, err := Unwrap(wrap, bob)
		if err != nil || !reflect.DeepEqual(got, rumor) {
			t.Errorf("unwrapped %+v, %v; want %+v", got, err, rumor)
		}
		if _, err := Unwrap(wrap, alice); !errors.Is(err, ErrWrap) || !errors.Is(err, ErrPayload) {
			t.Errorf("unwrapped by another: error %v", err)
		}
		seal := openSeal(t, wrap, bob)
		if seal.Kind != nostr.KindSeal || len(seal.Tags) != 0 || seal.PubKey != alice.PubKey() {
			t.Errorf("seal %+v", seal)
		}
		times[seal.CreatedAt] = true
	}
	if len(times) < 10 {
		t.Errorf("40 covers are of %d times", len(times))
	}
}

func TestWrapRefuses(t *testing.T) {
	alice, bob := newKey(t), newKey(t)
	rumor := Rumor(alice.PubKey(), nostr.KindChat, nil, "x", now)
	if _, err := Wrap(rumor, bob, alice.PubKey(), now); err == nil {
		t.Error("wrapped another's rumor")
	}
	if _, err := Wrap(rumor, alice, nostr.PubKey{}, now); !errors.Is(err, ErrKey) {
		t.Errorf("no recipient: error %v", err)
	}
	altered := *rumor
	altered.Content = "y"
	if _, err := Wrap(&altered, alice, bob.PubKey(), now); err == nil {
		t.Error("wrapped a rumor with a wrong id")
	}
	long := Rumor(alice.PubKey(), nostr.KindChat, nil, strings.Repeat("x", 60_000), now)
	if _, err := Wrap(long, alice, bob.PubKey(), now); !errors.Is(err, ErrLength) {
		t.Errorf("too long: error %v", err)
	}
	fits := Rumor(alice.PubKey(), nostr.KindChat, nil, strings.Repeat("x", 40_000), now)
	wrap, err := Wrap(fits, alice, bob.PubKey(), now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verify.One(wrap); err != nil {
		t.Errorf("40,000 bytes: %v", err)
	}
	if wrap, err := Wrap(rumor, alice, bob.PubKey(), time.Unix(5, 0)); err != nil || wrap.CreatedAt < 0 {
		t.Errorf("a box without a clock: %+v, %v", wrap, err)
	}
}

func TestUnwrapTolerates(t *testing.T) {
	alice, bob := newKey(t), newKey(t)
	rumor := Rumor(alice.PubKey(), nostr.KindChat, nil, "x", now)
	seal := coverFor(t, nostr.KindSeal, nostr.Tags{{"expiration", "1"}}, string(rumor.AppendRumor(nil)), alice, bob)
	tags := nostr.Tags{{"p", alice.PubKey().String()}, {"p", bob.PubKey().String()}}
	for _, kind := range []uint16{nostr.KindGiftWrap, nostr.KindEphemeralWrap} {
		wrap := coverFor(t, kind, tags, string(seal.AppendJSON(nil)), newKey(t), bob)
		if got, err := Unwrap(wrap, bob); err != nil || got.ID != rumor.ID {
			t.Errorf("kind %d: got %+v, %v", kind, got, err)
		}
	}
}

func TestUnwrapRefuses(t *testing.T) {
	alice, bob, mallory := newKey(t), newKey(t), newKey(t)
	rumor := Rumor(alice.PubKey(), nostr.KindChat, nil, "x", now)
	wrongID := *rumor
	wrongID.ID[0] ^= 1
	sealOf := func(text string, author nostr.SecretKey) *nostr.Event {
		return coverFor(t, nostr.KindSeal, nil, text, author, bob)
	}
	wrapOf := func(text string) *nostr.Event {
		return coverFor(t, nostr.KindGiftWrap, nil, text, newKey(t), bob)
	}
	good := sealOf(string(rumor.AppendRumor(nil)), alice)
	badSig := *good
	badSig.Sig[0] ^= 1
	alteredWrap := *wrapOf(string(good.AppendJSON(nil)))
	alteredWrap.Content += "A"
	for name, wrap := range map[string]*nostr.Event{
		"no wrap":                    good,
		"an altered wrap":            &alteredWrap,
		"no NIP-44":                  sign(t, &nostr.Event{Kind: nostr.KindGiftWrap, Content: "hello"}, newKey(t)),
		"no event in it":             wrapOf("hello"),
		"a note in it":               wrapOf(string(sign(t, &nostr.Event{Kind: 1}, alice).AppendJSON(nil))),
		"a rumor in it":              wrapOf(string(rumor.AppendRumor(nil))),
		"a seal not signed":          wrapOf(string(good.AppendRumor(nil))),
		"a seal's signature altered": wrapOf(string(badSig.AppendJSON(nil))),
		"a seal with no event":       wrapOf(string(sealOf("hello", alice).AppendJSON(nil))),
		"a seal by another":          wrapOf(string(sealOf(string(rumor.AppendRumor(nil)), mallory).AppendJSON(nil))),
		"a rumor with a wrong id":    wrapOf(string(sealOf(string(wrongID.AppendRumor(nil)), alice).AppendJSON(nil))),
	} {
		if got, err := Unwrap(wrap, bob); !errors.Is(err, ErrWrap) {
			t.Errorf("%s: got %+v, error %v", name, got, err)
		}
	}
	if _, err := Unwrap(wrapOf(string(good.AppendJSON(nil))), bob); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

// TestNIP59Example opens the example of NIP-59's text.
func TestNIP59Example(t *testing.T) {
	text, err := os.ReadFile("../../testdata/nostr/nip59.json")
	if err != nil {
		t.Fatal(err)
	}
	var example struct{ Wrap, Seal *nostr.Event }
	if err := json.Unmarshal(text, &example); err != nil {
		t.Fatal(err)
	}
	recipient := secret(t, "e108399bd8424357a710b606ae0c13166d853d327e47a6e5e038197346bdbf45")
	rumor, err := Unwrap(example.Wrap, recipient)
	if err != nil {
		t.Fatal(err)
	}
	author := secret(t, "0beebd062ec8735f4243466049d7747ef5d6594ee838de147f8aab842b15e273").PubKey()
	want := Rumor(author, 1, nostr.Tags{}, "Are you going to the party tonight?", time.Unix(1691518405, 0))
	if !reflect.DeepEqual(rumor, want) {
		t.Errorf("got %+v, want %+v", rumor, want)
	}
	if got := rumor.ID.String(); got != "9dd003c6d3b73b74a85a9ab099469ce251653a7af76f523671ab828acd2a0ef9" {
		t.Errorf("the rumor's id is %s", got)
	}
	if seal := openSeal(t, example.Wrap, recipient); !reflect.DeepEqual(seal, example.Seal) {
		t.Errorf("the seal is %+v", seal)
	}
}

func openSeal(t *testing.T, wrap *nostr.Event, recipient nostr.SecretKey) *nostr.Event {
	t.Helper()
	text, err := uncover(wrap, recipient)
	if err != nil {
		t.Fatal(err)
	}
	seal, err := nostr.DecodeEvent([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return seal
}

func coverFor(t *testing.T, kind uint16, tags nostr.Tags, text string, author, to nostr.SecretKey) *nostr.Event {
	t.Helper()
	e, err := cover(kind, tags, text, author, to.PubKey(), now)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func sign(t *testing.T, e *nostr.Event, sk nostr.SecretKey) *nostr.Event {
	t.Helper()
	if err := e.Sign(sk); err != nil {
		t.Fatal(err)
	}
	return e
}

func newKey(t *testing.T) nostr.SecretKey {
	t.Helper()
	sk, err := nostr.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return sk
}
