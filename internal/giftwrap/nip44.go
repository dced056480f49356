package giftwrap

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"unicode/utf8"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"golang.org/x/crypto/chacha20"

	"madang/internal/nostr"
)

var (
	// ErrKey is wrapped where a key is no key of the curve.
	ErrKey = errors.New("not a secp256k1 key")
	// ErrVersion is wrapped where a payload is of another version of NIP-44.
	ErrVersion = errors.New("encryption version is not supported")
	// ErrPayload is wrapped where a payload is malformed, was altered, or is for another key.
	ErrPayload = errors.New("payload cannot be opened")
	// ErrLength is wrapped where a text is empty or too long to be encrypted.
	ErrLength = errors.New("text is empty or too long")
)

// A payload is version (1 byte) || nonce (32) || ciphertext || MAC (32) in base64. The ciphertext is the padded text:
// its length (2 bytes; or, in the extended form, two zero bytes and 4 more), the text, and zeros.
const (
	version          = 2
	nonceSize        = 32
	macSize          = sha256.Size
	minPayload       = 132        // base64 characters
	maxPayload       = 512 << 10  // base64 characters: twice what an event may hold
	maxText          = 1<<16 - 1  // bytes that Encrypt takes: every reader knows the short form
	extendedMinimum  = 1 << 16    // bytes from which the extended form is used
	shortPrefix      = 2          // bytes
	extendedPrefix   = 6          // bytes
	conversationSalt = "nip44-v2" // of HKDF
)

// ConversationKey is the key that two people share (NIP-44): it is the same from either side.
type ConversationKey [32]byte

// NewConversationKey makes the key between the owner of sk and pk. It refuses keys that are none.
func NewConversationKey(sk nostr.SecretKey, pk nostr.PubKey) (ConversationKey, error) {
	if !sk.Valid() {
		return ConversationKey{}, fmt.Errorf("secret key: %w", ErrKey)
	}
	public, err := schnorr.ParsePubKey(pk[:])
	if err != nil {
		return ConversationKey{}, fmt.Errorf("public key: %w", ErrKey)
	}
	secret, _ := btcec.PrivKeyFromBytes(sk[:])
	key, err := hkdf.Extract(sha256.New, btcec.GenerateSharedSecret(secret, public), []byte(conversationSalt))
	if err != nil {
		return ConversationKey{}, err
	}
	return ConversationKey(key), nil
}

// Encrypt makes a payload of a text of 1 to 65,535 bytes.
func (k ConversationKey) Encrypt(text string) (string, error) {
	var nonce [nonceSize]byte
	if _, err := rand.Read(nonce[:]); err != nil {
		return "", err
	}
	if len(text) > maxText {
		return "", fmt.Errorf("%w: %d bytes, at most %d", ErrLength, len(text), maxText)
	}
	return k.encrypt(text, nonce)
}

// Decrypt opens a payload of either form, of up to 512 KiB.
func (k ConversationKey) Decrypt(payload string) (string, error) {
	nonce, ciphertext, mac, err := decodePayload(payload)
	if err != nil {
		return "", err
	}
	keys, err := k.messageKeys(nonce)
	if err != nil {
		return "", err
	}
	if !hmac.Equal(keys.authenticate(nonce, ciphertext), mac) {
		return "", fmt.Errorf("%w: it was altered, or is for another key", ErrPayload)
	}
	if err := keys.xor(ciphertext); err != nil {
		return "", err
	}
	return unpad(ciphertext)
}

func (k ConversationKey) encrypt(text string, nonce [nonceSize]byte) (string, error) {
	padded, err := pad(text)
	if err != nil {
		return "", err
	}
	keys, err := k.messageKeys(nonce[:])
	if err != nil {
		return "", err
	}
	if err := keys.xor(padded); err != nil {
		return "", err
	}
	payload := append([]byte{version}, nonce[:]...)
	payload = append(payload, padded...)
	payload = append(payload, keys.authenticate(nonce[:], padded)...)
	return base64.StdEncoding.EncodeToString(payload), nil
}

func decodePayload(payload string) (nonce, ciphertext, mac []byte, err error) {
	if strings.HasPrefix(payload, "#") {
		return nil, nil, nil, ErrVersion
	}
	if len(payload) < minPayload || len(payload) > maxPayload {
		return nil, nil, nil, fmt.Errorf("%w: %d characters", ErrPayload, len(payload))
	}
	// The decoder would skip line breaks.
	b, err := base64.StdEncoding.Strict().DecodeString(payload)
	if err != nil || strings.ContainsAny(payload, "\r\n") {
		return nil, nil, nil, fmt.Errorf("%w: not base64", ErrPayload)
	}
	if b[0] != version {
		return nil, nil, nil, fmt.Errorf("%w: %d", ErrVersion, b[0])
	}
	if len(b) < 1+nonceSize+shortPrefix+paddedSize(1)+macSize {
		return nil, nil, nil, fmt.Errorf("%w: too short", ErrPayload)
	}
	return b[1 : 1+nonceSize], b[1+nonceSize : len(b)-macSize], b[len(b)-macSize:], nil
}

// messageKeys are the keys of one message.
type messageKeys struct{ chacha, nonce, mac []byte }

func (k ConversationKey) messageKeys(nonce []byte) (messageKeys, error) {
	b, err := hkdf.Expand(sha256.New, k[:], string(nonce), chacha20.KeySize+chacha20.NonceSize+sha256.Size)
	if err != nil {
		return messageKeys{}, err
	}
	const nonceAt, macAt = chacha20.KeySize, chacha20.KeySize + chacha20.NonceSize
	return messageKeys{b[:nonceAt], b[nonceAt:macAt], b[macAt:]}, nil
}

func (m messageKeys) authenticate(nonce, ciphertext []byte) []byte {
	h := hmac.New(sha256.New, m.mac)
	h.Write(nonce)
	h.Write(ciphertext)
	return h.Sum(nil)
}

// xor encrypts or decrypts b where it lies.
func (m messageKeys) xor(b []byte) error {
	c, err := chacha20.NewUnauthenticatedCipher(m.chacha, m.nonce)
	if err == nil {
		c.XORKeyStream(b, b)
	}
	return err
}

func pad(text string) ([]byte, error) {
	n := len(text)
	if n == 0 || n > maxPayload {
		return nil, fmt.Errorf("%w: %d bytes", ErrLength, n)
	}
	var prefix []byte
	if n < extendedMinimum {
		prefix = binary.BigEndian.AppendUint16(nil, uint16(n))
	} else {
		prefix = binary.BigEndian.AppendUint32([]byte{0, 0}, uint32(n))
	}
	padded := make([]byte, len(prefix)+paddedSize(n))
	copy(padded[copy(padded, prefix):], text)
	return padded, nil
}

// unpad takes at least the smallest padded text.
func unpad(padded []byte) (string, error) {
	prefix, n := shortPrefix, uint64(binary.BigEndian.Uint16(padded))
	if n == 0 {
		prefix, n = extendedPrefix, uint64(binary.BigEndian.Uint32(padded[shortPrefix:]))
		if n < extendedMinimum {
			return "", fmt.Errorf("%w: bad padding", ErrPayload)
		}
	}
	// Before paddedSize: n may be above what an int holds.
	if n > uint64(len(padded)-prefix) || len(padded) != prefix+paddedSize(int(n)) {
		return "", fmt.Errorf("%w: bad padding", ErrPayload)
	}
	text := string(padded[prefix : prefix+int(n)])
	if !utf8.ValidString(text) {
		return "", fmt.Errorf("%w: not UTF-8", ErrPayload)
	}
	return text, nil
}

// paddedSize returns the length to which n bytes are padded, n being 1 or more: a multiple of an eighth of the next
// power of two, of 32 at least.
func paddedSize(n int) int {
	const smallest = 32
	chunk := max(smallest, 1<<bits.Len(uint(n-1))/8)
	return chunk * ((n-1)/chunk + 1)
}
