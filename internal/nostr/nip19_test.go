package nostr

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestNIP19Examples checks the examples of NIP-19's text.
func TestNIP19Examples(t *testing.T) {
	const (
		npub = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg"
		nsec = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5"
	)
	pk, err := ParsePubKey("7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e")
	if err != nil {
		t.Fatal(err)
	}
	sk, err := ParseSecretKey("67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa")
	if err != nil {
		t.Fatal(err)
	}
	profile, err := ParsePubKey("3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d")
	if err != nil {
		t.Fatal(err)
	}
	if got := pk.Npub(); got != npub {
		t.Errorf("npub %s", got)
	}
	if got := sk.Nsec(); got != nsec {
		t.Errorf("nsec %s", got)
	}
	for text, want := range map[string]any{
		npub:                  pk,
		strings.ToUpper(npub): pk,
		nsec:                  sk,
		"nprofile1qqsrhuxx8l9ex335q7he0f09aej04zpazpl0ne2cgukyawd24mayt8gpp4mhxue69uhhytnc9e3k7mgpz4mhxue69uhkg6nzv9" +
			"ejuumpv34kytnrdaksjlyr9p": profile,
	} {
		if got, err := ParseNIP19(text); err != nil || got != want {
			t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
		}
	}
	if got, err := ParseSecretKey(nsec); err != nil || got != sk {
		t.Errorf("nsec as a secret key: %v", err)
	}
}

func TestParseNIP19Refuses(t *testing.T) {
	pk := PubKey{1}
	for name, text := range map[string]string{
		"nothing":            "",
		"no bech32":          "npub",
		"a wrong checksum":   pk.Npub()[:62] + "q",
		"mixed case":         "N" + pk.Npub()[1:],
		"another prefix":     encodeNIP19("nrelay", pk[:]),
		"too short":          encodeNIP19("npub", pk[:31]),
		"too long":           encodeNIP19("note", append(pk[:], 0)),
		"no key":             encodeNIP19("nsec", make([]byte, 32)),
		"no items":           encodeNIP19("nprofile", nil),
		"half an item":       encodeNIP19("nevent", []byte{0}),
		"an item cut off":    encodeNIP19("nevent", append([]byte{0, 33}, pk[:]...)),
		"a short id":         encodeNIP19("nevent", []byte{0, 1, 1}),
		"only a d tag":       encodeNIP19("naddr", []byte{0, 1, 'd'}),
		"a kind too high":    encodeNIP19("naddr", append([]byte{0, 0, 3, 4, 0, 1, 0, 0, 2, 32}, pk[:]...)),
		"longer than NIP-19": encodeNIP19("nprofile", make([]byte, 4000)),
	} {
		if v, err := ParseNIP19(text); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v, error %v", name, v, err)
		}
	}
	if _, err := ParseSecretKey(pk.Npub()); !errors.Is(err, ErrInvalid) {
		t.Errorf("npub as a secret key: error %v", err)
	}
}

func TestParseNIP19ItemsInAnyOrder(t *testing.T) {
	pk := PubKey{1}
	b := append([]byte{1, 3, 'w', 's', ':', 3, 4, 0, 0, 0x75, 0x37, 9, 0, 2, 32}, pk[:]...)
	got, err := ParseNIP19(encodeNIP19("naddr", append(b, 0, 1, 'd', 0, 1, 'e')))
	if want := (Address{Kind: KindFollowSet + 7, PubKey: pk, D: "d"}); err != nil || got != want {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	got, err = ParseNIP19(encodeNIP19("nevent", append([]byte{0, 32}, pk[:]...)))
	if err != nil || got != ID(pk) {
		t.Errorf("nevent: got %v, %v", got, err)
	}
}

func TestNIP19RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "bytes")
		a := Address{
			Kind: rapid.Uint16().Draw(t, "kind"), PubKey: PubKey(b),
			D: string(rapid.SliceOfN(rapid.Byte(), 0, 255).Draw(t, "d")),
		}
		for text, want := range map[string]any{PubKey(b).Npub(): PubKey(b), ID(b).Note(): ID(b), a.Naddr(): a} {
			if got, err := ParseNIP19(text); err != nil || got != want {
				t.Errorf("%s: got %v, %v; want %v", text, got, err, want)
			}
		}
	})
	if got := (Address{D: strings.Repeat("x", 256)}).Naddr(); got != "" {
		t.Errorf("a d tag that does not fit: %s", got)
	}
}
