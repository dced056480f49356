package account

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/crypto/scrypt"
	"golang.org/x/text/unicode/norm"

	"madang/internal/nostr"
)

// What a vault is made of, and the least and most that its parameters may be. The bounds hold on both sides: a client
// refuses a server that asks for less (which would make the passphrase easy to guess) and either refuses what would
// exhaust a phone.
const (
	DefaultN = 1 << 16
	DefaultR = 8
	DefaultP = 1

	maxN      = 1 << 20
	maxR      = 32
	maxP      = 16
	maxMemory = 1 << 30 // bytes that scrypt takes: 128 * N * r

	minSalt     = 16 // bytes
	maxSalt     = 64
	defaultSalt = 32
	authLen     = 32

	// sealed = version || nonce || box, the box being the 32-byte secret key and its tag. The version and the public
	// key are what the tag covers besides.
	sealedVersion = 1
	sealedLen     = 1 + chacha20poly1305.NonceSizeX + 32 + chacha20poly1305.Overhead

	authInfo = "madang vault auth v1"
	wrapInfo = "madang vault wrap v1"

	maxPassphrase = 1024 // bytes, before normalising
)

// Vault is one person's sealed key and how to derive the keys that open it.
type Vault struct {
	Salt    []byte // 16 to 64 bytes
	N, R, P int
	Auth    []byte // 32 bytes; only its SHA-256 is kept
	Sealed  []byte // version, nonce, XChaCha20-Poly1305 box: 73 bytes
}

// VaultKeys are what a passphrase yields: Auth is shown to the node, Wrap never leaves the person's device.
type VaultKeys struct{ Auth, Wrap []byte }

// DeriveKeys stretches a passphrase with scrypt and splits it with HKDF-SHA256. It refuses weak or absurd parameters
// with ErrVaultWeak, whoever asks for them.
func DeriveKeys(passphrase string, salt []byte, n, r, p int) (VaultKeys, error) {
	if err := checkParameters(salt, n, r, p); err != nil {
		return VaultKeys{}, err
	}
	words, err := NormalizePassphrase(passphrase)
	if err != nil {
		return VaultKeys{}, err
	}
	master, err := scrypt.Key([]byte(words), salt, n, r, p, 32)
	if err != nil {
		return VaultKeys{}, fmt.Errorf("scrypt: %w", err)
	}
	auth, err := hkdf.Key(sha256.New, master, nil, authInfo, authLen)
	if err != nil {
		return VaultKeys{}, fmt.Errorf("hkdf: %w", err)
	}
	wrap, err := hkdf.Key(sha256.New, master, nil, wrapInfo, chacha20poly1305.KeySize)
	if err != nil {
		return VaultKeys{}, fmt.Errorf("hkdf: %w", err)
	}
	return VaultKeys{Auth: auth, Wrap: wrap}, nil
}

// Seal encrypts a secret key to the wrapping key. nonce is 24 bytes, never used twice with one key.
func (k VaultKeys) Seal(sk nostr.SecretKey, nonce []byte) ([]byte, error) {
	box, err := chacha20poly1305.NewX(k.Wrap)
	if err != nil {
		return nil, err
	}
	if len(nonce) != box.NonceSize() {
		return nil, fmt.Errorf("nonce has %d bytes, want %d", len(nonce), box.NonceSize())
	}
	sealed := append([]byte{sealedVersion}, nonce...)
	return box.Seal(sealed, nonce, sk[:], sealedAAD(sk.PubKey())), nil
}

// Open decrypts what Seal made, and makes sure that it is the secret key of pk. It fails with ErrWrongPassphrase.
func (k VaultKeys) Open(pk nostr.PubKey, sealed []byte) (sk nostr.SecretKey, err error) {
	box, err := chacha20poly1305.NewX(k.Wrap)
	if err != nil {
		return sk, err
	}
	if len(sealed) != sealedLen || sealed[0] != sealedVersion {
		return sk, errors.New("sealed key has an unknown form")
	}
	nonce, text := sealed[1:1+box.NonceSize()], sealed[1+box.NonceSize():]
	plain, err := box.Open(nil, nonce, text, sealedAAD(pk))
	if err != nil {
		return sk, ErrWrongPassphrase
	}
	copy(sk[:], plain)
	if got := sk.PubKey(); !bytes.Equal(got[:], pk[:]) {
		return nostr.SecretKey{}, errors.New("sealed key belongs to another public key")
	}
	return sk, nil
}

// NewVault seals a secret key with a passphrase, under a fresh salt and the default parameters.
func NewVault(passphrase string, sk nostr.SecretKey) (Vault, error) {
	salt, nonce := make([]byte, defaultSalt), make([]byte, chacha20poly1305.NonceSizeX)
	rand.Read(salt)
	rand.Read(nonce)
	keys, err := DeriveKeys(passphrase, salt, DefaultN, DefaultR, DefaultP)
	if err != nil {
		return Vault{}, err
	}
	sealed, err := keys.Seal(sk, nonce)
	if err != nil {
		return Vault{}, err
	}
	return Vault{Salt: salt, N: DefaultN, R: DefaultR, P: DefaultP, Auth: keys.Auth, Sealed: sealed}, nil
}

// OpenVault is what a client does with the answers to Params and Unseal.
func OpenVault(passphrase string, pk nostr.PubKey, v Vault) (nostr.SecretKey, error) {
	keys, err := DeriveKeys(passphrase, v.Salt, v.N, v.R, v.P)
	if err != nil {
		return nostr.SecretKey{}, err
	}
	return keys.Open(pk, v.Sealed)
}

// NormalizePassphrase makes one byte string of all the ways in which keyboards write the same words: NFKC, no white
// space at the ends, one space for each run of it within. White space is Unicode's White_Space property and U+FEFF.
func NormalizePassphrase(s string) (string, error) {
	if len(s) > maxPassphrase {
		return "", fmt.Errorf("passphrase has more than %d bytes", maxPassphrase)
	}
	words := strings.FieldsFunc(norm.NFKC.String(s), isSpace)
	if len(words) == 0 {
		return "", errors.New("passphrase is empty")
	}
	return strings.Join(words, " "), nil
}

// isSpace adds to White_Space the one character that JavaScript counts too.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r == '\uFEFF' }

// check refuses a vault that could not be opened, is easy to guess, or would exhaust a device.
func (v *Vault) check() error {
	if err := checkParameters(v.Salt, v.N, v.R, v.P); err != nil {
		return err
	}
	if len(v.Auth) != authLen {
		return fmt.Errorf("%w: auth has %d bytes, want %d", ErrVaultWeak, len(v.Auth), authLen)
	}
	return checkSealed(v.Sealed)
}

func checkSealed(sealed []byte) error {
	if len(sealed) != sealedLen || sealed[0] != sealedVersion {
		return fmt.Errorf("%w: sealed key has an unknown form", ErrVaultWeak)
	}
	return nil
}

func checkParameters(salt []byte, n, r, p int) error {
	switch {
	case len(salt) < minSalt || len(salt) > maxSalt:
		return fmt.Errorf("%w: salt has %d bytes, want %d to %d", ErrVaultWeak, len(salt), minSalt, maxSalt)
	case n < DefaultN || n > maxN || n&(n-1) != 0:
		return fmt.Errorf("%w: N is %d, want a power of two from %d to %d", ErrVaultWeak, n, DefaultN, maxN)
	case r < DefaultR || r > maxR:
		return fmt.Errorf("%w: r is %d, want %d to %d", ErrVaultWeak, r, DefaultR, maxR)
	case p < DefaultP || p > maxP:
		return fmt.Errorf("%w: p is %d, want %d to %d", ErrVaultWeak, p, DefaultP, maxP)
	case int64(n)*int64(r)*128 > maxMemory:
		return fmt.Errorf("%w: N and r ask for more than %d bytes of memory", ErrVaultWeak, maxMemory)
	}
	return nil
}

// sealedAAD is what the seal covers besides the key: its version and whose it is, so that neither can be swapped.
func sealedAAD(pk nostr.PubKey) []byte { return append([]byte{sealedVersion}, pk[:]...) }
