package account

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"madang/internal/nostr"
)

// vaultVectors is testdata/vault.json, which the TypeScript side reads too.
type vaultVectors struct {
	Normalise []struct{ In, Out string }
	Refused   []struct{ N, R, P, Salt int }
	Vectors   []struct {
		Note, Passphrase, Normalised                                  string
		Salt, Master, AuthKey, WrapKey, Secret, PubKey, Nonce, Sealed string
		N, R, P                                                       int
	}
}

func readVaultVectors(t *testing.T) vaultVectors {
	t.Helper()
	b, err := os.ReadFile("../../testdata/vault.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vaultVectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Vectors) < 3 || len(v.Normalise) == 0 || len(v.Refused) == 0 {
		t.Fatal("vectors are missing")
	}
	return v
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVaultVectors(t *testing.T) {
	for _, v := range readVaultVectors(t).Vectors {
		t.Run(v.Note, func(t *testing.T) {
			words, err := NormalizePassphrase(v.Passphrase)
			if err != nil || words != v.Normalised {
				t.Fatalf("normalised to %q, %v; want %q", words, err, v.Normalised)
			}
			keys, err := DeriveKeys(v.Passphrase, unhex(t, v.Salt), v.N, v.R, v.P)
			if err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(keys.Auth); got != v.AuthKey {
				t.Errorf("authKey %s, want %s", got, v.AuthKey)
			}
			if got := hex.EncodeToString(keys.Wrap); got != v.WrapKey {
				t.Errorf("wrapKey %s, want %s", got, v.WrapKey)
			}
			sk, err := nostr.ParseSecretKey(v.Secret)
			if err != nil {
				t.Fatal(err)
			}
			if got := sk.PubKey().String(); got != v.PubKey {
				t.Errorf("public key %s, want %s", got, v.PubKey)
			}
			sealed, err := keys.Seal(sk, unhex(t, v.Nonce))
			if err != nil {
				t.Fatal(err)
			}
			if got := base64.StdEncoding.EncodeToString(sealed); got != v.Sealed {
				t.Errorf("sealed %s, want %s", got, v.Sealed)
			}
			if opened, err := keys.Open(sk.PubKey(), sealed); err != nil || opened != sk {
				t.Errorf("opened to another key: %v", err)
			}
			for i := range sealed {
				broken := bytes.Clone(sealed)
				broken[i] ^= 1
				if _, err := keys.Open(sk.PubKey(), broken); err == nil {
					t.Fatalf("opened though byte %d was changed", i)
				}
			}
		})
	}
}

func TestNormalizePassphrase(t *testing.T) {
	for _, v := range readVaultVectors(t).Normalise {
		if got, err := NormalizePassphrase(v.In); err != nil || got != v.Out {
			t.Errorf("%q became %q, %v; want %q", v.In, got, err, v.Out)
		}
	}
	for _, s := range []string{"", " \t\u3000\ufeff", string(make([]byte, maxPassphrase+1))} {
		if _, err := NormalizePassphrase(s); err == nil {
			t.Errorf("took a passphrase of %d bytes without words", len(s))
		}
	}
}

func TestVaultParameters(t *testing.T) {
	for _, v := range readVaultVectors(t).Refused {
		if _, err := DeriveKeys("six words", make([]byte, v.Salt), v.N, v.R, v.P); !errors.Is(err, ErrVaultWeak) {
			t.Errorf("%+v: got %v, want ErrVaultWeak", v, err)
		}
	}
	good := Vault{Salt: make([]byte, 16), N: DefaultN, R: 8, P: 1, Auth: make([]byte, 32), Sealed: make([]byte, sealedLen)}
	good.Sealed[0] = sealedVersion
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Vault){
		"short auth":      func(v *Vault) { v.Auth = v.Auth[:31] },
		"short seal":      func(v *Vault) { v.Sealed = v.Sealed[:sealedLen-1] },
		"long seal":       func(v *Vault) { v.Sealed = append(bytes.Clone(v.Sealed), 0) },
		"unknown version": func(v *Vault) { v.Sealed = make([]byte, sealedLen) },
	} {
		v := good
		if spoil(&v); !errors.Is(v.check(), ErrVaultWeak) {
			t.Errorf("%s: got %v, want ErrVaultWeak", name, v.check())
		}
	}
}

func TestVaultRoundTrip(t *testing.T) {
	sk, err := nostr.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	v, err := NewVault("lamp goat harbour", sk)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenVault(" lamp  goat harbour", sk.PubKey(), v); err != nil || got != sk {
		t.Fatalf("did not open: %v", err)
	}
	if _, err := OpenVault("lamp goat harbor", sk.PubKey(), v); !errors.Is(err, ErrWrongPassphrase) {
		t.Fatalf("got %v, want ErrWrongPassphrase", err)
	}
}
