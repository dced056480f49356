package giftwrap

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"madang/internal/nostr"
)

// vectors is nip44.vectors.json as NIP-44's text explains it.
type vectors struct {
	V2 struct {
		Valid struct {
			GetConversationKey []struct{ Sec1, Pub2, ConversationKey string } `json:"get_conversation_key"`
			GetMessageKeys     struct {
				ConversationKey string
				Keys            []struct{ Nonce, ChachaKey, ChachaNonce, HmacKey string }
			} `json:"get_message_keys"`
			CalcPaddedLen  [][2]int `json:"calc_padded_len"`
			EncryptDecrypt []struct {
				Sec1, Sec2, ConversationKey, Nonce, Plaintext, Payload string
			} `json:"encrypt_decrypt"`
			EncryptDecryptLongMsg []struct {
				ConversationKey, Nonce, Pattern string
				Repeat                          int
				PlaintextSha256, PayloadSha256  string
			} `json:"encrypt_decrypt_long_msg"`
		}
		Invalid struct {
			EncryptMsgLengths  []int `json:"encrypt_msg_lengths"`
			GetConversationKey []struct {
				Sec1, Pub2, Note string
			} `json:"get_conversation_key"`
			Decrypt []struct{ ConversationKey, Payload, Note string }
		}
	}
}

// loadVectors also checks the file's sum, which NIP-44's text gives.
func loadVectors(t *testing.T) vectors {
	t.Helper()
	text, err := os.ReadFile("../../testdata/nostr/nip44.vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	const sum = "269ed0f69e4c192512cc779e78c555090cebc7c785b609e338a62afc3ce25040"
	if got := sha256Hex(string(text)); got != sum {
		t.Fatalf("the file's SHA-256 is %s", got)
	}
	// The names of the file's inner fields, as encoding/json would match them without a tag on each.
	for _, name := range []string{
		"conversation_key", "chacha_key", "chacha_nonce", "hmac_key", "plaintext_sha256", "payload_sha256",
	} {
		text = []byte(strings.ReplaceAll(string(text), `"`+name+`"`, `"`+strings.ReplaceAll(name, "_", "")+`"`))
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestConversationKeyVectors(t *testing.T) {
	v := loadVectors(t).V2
	for _, c := range v.Valid.GetConversationKey {
		key, err := NewConversationKey(secret(t, c.Sec1), nostr.PubKey(unhex(t, c.Pub2)))
		if err != nil || hex.EncodeToString(key[:]) != c.ConversationKey {
			t.Errorf("%s and %s: got %x, %v", c.Sec1, c.Pub2, key, err)
		}
	}
	for _, c := range v.Invalid.GetConversationKey {
		if _, err := NewConversationKey(secret(t, c.Sec1), nostr.PubKey(unhex(t, c.Pub2))); !errors.Is(err, ErrKey) {
			t.Errorf("%s: error %v", c.Note, err)
		}
	}
	if len(v.Valid.GetConversationKey) == 0 || len(v.Invalid.GetConversationKey) == 0 {
		t.Error("no vectors were read")
	}
}

func TestMessageKeyVectors(t *testing.T) {
	v := loadVectors(t).V2.Valid.GetMessageKeys
	if len(v.Keys) == 0 {
		t.Error("no vectors were read")
	}
	for _, c := range v.Keys {
		keys, err := ConversationKey(unhex(t, v.ConversationKey)).messageKeys(unhex(t, c.Nonce))
		if err != nil {
			t.Fatal(err)
		}
		got := hex.EncodeToString(keys.chacha) + hex.EncodeToString(keys.nonce) + hex.EncodeToString(keys.mac)
		if want := c.ChachaKey + c.ChachaNonce + c.HmacKey; got != want {
			t.Errorf("nonce %s: got %s, want %s", c.Nonce, got, want)
		}
	}
}

func TestPaddingVectors(t *testing.T) {
	v := loadVectors(t).V2.Valid.CalcPaddedLen
	if len(v) == 0 {
		t.Error("no vectors were read")
	}
	for _, c := range append(v, [2]int{1, 32}, [2]int{65535, 65536}, [2]int{65537, 81920}) {
		if got := paddedSize(c[0]); got != c[1] {
			t.Errorf("%d bytes: got %d, want %d", c[0], got, c[1])
		}
	}
}

func TestEncryptDecryptVectors(t *testing.T) {
	v := loadVectors(t).V2.Valid
	if len(v.EncryptDecrypt) == 0 || len(v.EncryptDecryptLongMsg) == 0 {
		t.Error("no vectors were read")
	}
	for _, c := range v.EncryptDecrypt {
		sk1, sk2 := secret(t, c.Sec1), secret(t, c.Sec2)
		key, err := NewConversationKey(sk1, sk2.PubKey())
		if err != nil || hex.EncodeToString(key[:]) != c.ConversationKey {
			t.Errorf("conversation key %x, %v", key, err)
		}
		if other, err := NewConversationKey(sk2, sk1.PubKey()); err != nil || other != key {
			t.Errorf("from the other side: %x, %v", other, err)
		}
		if payload, err := key.encrypt(c.Plaintext, [nonceSize]byte(unhex(t, c.Nonce))); err != nil || payload != c.Payload {
			t.Errorf("%q: got %s, %v; want %s", c.Plaintext, payload, err, c.Payload)
		}
		if text, err := key.Decrypt(c.Payload); err != nil || text != c.Plaintext {
			t.Errorf("%s: got %q, %v; want %q", c.Payload, text, err, c.Plaintext)
		}
	}
	for _, c := range v.EncryptDecryptLongMsg {
		testLong(t, c.ConversationKey, c.Nonce, strings.Repeat(c.Pattern, c.Repeat), c.PlaintextSha256, c.PayloadSha256)
	}
}

// TestExtendedForm checks the table of NIP-44's text, at the border between the two forms.
func TestExtendedForm(t *testing.T) {
	const (
		key   = "c41c775356fd92eadc63ff5a0dc1da211b268cbea22316767095b2871ea1412d"
		nonce = "0000000000000000000000000000000000000000000000000000000000000001"
	)
	for _, c := range []struct {
		size           int
		plain, payload string
	}{
		{65535, "6e1bebca6a8229364a162a72ef064826c4cd7457bf54f190ef782bd9deff3e42",
			"6d8c2810d1e870fbaa1f0a0937126cca837a15f9260e27060c331d70a3c0bc84"},
		{65536, "bf718b6f653bebc184e1479f1935b8da974d701b893afcf49e701f3e2f9f9c5a",
			"b7b4edb36ba92e267d322d56d9aebc22e7fa96ff52e3c12adc07f07a43cbc616"},
		{65537, "008ffc88d3c96a9f307524eb361e47c5222a887fc45fa0c1fb8d429c5c23b430",
			"eeb7c7c5373894ea2c1547cfd3ccb15d5a0b2d619da852e5c79df792dcc9e435"},
	} {
		testLong(t, key, nonce, strings.Repeat("a", c.size), c.plain, c.payload)
	}
}

func testLong(t *testing.T, key, nonce, text, textSum, payloadSum string) {
	t.Helper()
	k := ConversationKey(unhex(t, key))
	payload, err := k.encrypt(text, [nonceSize]byte(unhex(t, nonce)))
	if err != nil || sha256Hex(text) != textSum || sha256Hex(payload) != payloadSum {
		t.Errorf("%d bytes: payload of SHA-256 %s, %v; want %s", len(text), sha256Hex(payload), err, payloadSum)
	}
	if got, err := k.Decrypt(payload); err != nil || got != text {
		t.Errorf("%d bytes came back as %d, %v", len(text), len(got), err)
	}
}

func TestEncryptLengths(t *testing.T) {
	lengths := loadVectors(t).V2.Invalid.EncryptMsgLengths
	if len(lengths) == 0 {
		t.Error("no vectors were read")
	}
	for _, n := range lengths {
		if _, err := (ConversationKey{}).Encrypt(strings.Repeat("x", n)); !errors.Is(err, ErrLength) {
			t.Errorf("%d bytes: error %v", n, err)
		}
	}
}

func TestDecryptRefuses(t *testing.T) {
	for _, c := range loadVectors(t).V2.Invalid.Decrypt {
		_, err := ConversationKey(unhex(t, c.ConversationKey)).Decrypt(c.Payload)
		want := ErrPayload
		if strings.Contains(c.Note, "version") {
			want = ErrVersion
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: error %v, want %v", c.Note, err, want)
		}
	}

	good, err := (ConversationKey{}).Encrypt("a text of more than 32 bytes, for its = ")
	if err != nil || !strings.HasSuffix(good, "=") {
		t.Fatalf("%s, %v", good, err)
	}
	for name, payload := range map[string]string{
		"a line break":   good[:76] + "\n" + good[76:],
		"too long":       strings.Repeat("A", maxPayload+4),
		"no padding":     strings.TrimRight(good, "="),
		"padding bits":   good[:len(good)-2] + "B=",
		"another key's":  sealRaw(t, ConversationKey{1}, make([]byte, 34)),
		"zero length":    sealRaw(t, ConversationKey{}, make([]byte, 34)),
		"zeros are none": sealRaw(t, ConversationKey{}, append([]byte{0, 33}, make([]byte, 65)...)),
		"length too big": sealRaw(t, ConversationKey{}, append([]byte{0, 33}, make([]byte, 32)...)),
		"extended short": sealRaw(t, ConversationKey{}, append([]byte{0, 0, 0, 0, 0, 5}, make([]byte, 32)...)),
		"extended huge":  sealRaw(t, ConversationKey{}, append([]byte{0, 0, 255, 255, 255, 255}, make([]byte, 65536)...)),
		"not UTF-8":      sealRaw(t, ConversationKey{}, append([]byte{0, 1, 0xff}, make([]byte, 31)...)),
	} {
		if _, err := (ConversationKey{}).Decrypt(payload); !errors.Is(err, ErrPayload) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// sealRaw makes a payload whose MAC is right, whatever its padding is.
func sealRaw(t *testing.T, k ConversationKey, padded []byte) string {
	t.Helper()
	nonce := make([]byte, nonceSize)
	keys, err := k.messageKeys(nonce)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.xor(padded); err != nil {
		t.Fatal(err)
	}
	b := append([]byte{version}, nonce...)
	return base64.StdEncoding.EncodeToString(append(append(b, padded...), keys.authenticate(nonce, padded)...))
}

func TestEncryptRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(1, 500, maxText).Draw(t, "text")
		key := ConversationKey(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key"))
		payload, err := key.Encrypt(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := key.Decrypt(payload); err != nil || got != text {
			t.Errorf("%q came back as %q, %v", text, got, err)
		}
		if again, err := key.Encrypt(text); err != nil || again == payload {
			t.Errorf("one text twice is one payload, %v", err)
		}
	})
}

func FuzzDecrypt(f *testing.F) {
	payload, err := (ConversationKey{}).Encrypt("hello")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload, []byte{0, 5, 'h', 'e', 'l', 'l', 'o'})
	f.Add("#", append([]byte{0, 0, 0, 1, 0, 0}, make([]byte, 65536)...))
	f.Fuzz(func(t *testing.T, payload string, padded []byte) {
		known := func(err error) bool { return errors.Is(err, ErrPayload) || errors.Is(err, ErrVersion) }
		if _, err := (ConversationKey{}).Decrypt(payload); err != nil && !known(err) {
			t.Errorf("error %v", err)
		}
		// The MAC stops whoever has no key; one who has it may still pad as he likes.
		text, err := (ConversationKey{}).Decrypt(sealRaw(t, ConversationKey{}, append([]byte(nil), padded...)))
		if err != nil {
			if !known(err) {
				t.Errorf("error %v", err)
			}
			return
		}
		want, err := pad(text)
		if err != nil || len(want) != len(padded) {
			t.Errorf("%d padded bytes gave a text of %d, which pads to %d, %v", len(padded), len(text), len(want), err)
		}
	})
}

func secret(t *testing.T, s string) nostr.SecretKey {
	t.Helper()
	return nostr.SecretKey(unhex(t, s))
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sha256Hex(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
