package api

import (
	"net/http"

	"madang/internal/account"
)

// vault is account.Vault in JSON.
type vault struct {
	Salt   hexBytes `json:"salt"`
	N      int      `json:"n"`
	R      int      `json:"r"`
	P      int      `json:"p"`
	Auth   hexBytes `json:"auth"`
	Sealed []byte   `json:"sealed"` // base64
}

func (v vault) account() account.Vault {
	return account.Vault{Salt: v.Salt, N: v.N, R: v.R, P: v.P, Auth: v.Auth, Sealed: v.Sealed}
}

// vaultParams answers how to derive the keys of a name, whether or not anybody has it.
func (s *server) vaultParams(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Name string }
	if _, err := decode(w, r, &in); err != nil {
		return err
	}
	salt, n, cost, p := s.cfg.Accounts.Params(in.Name)
	return reply(w, http.StatusOK, map[string]any{"salt": hexBytes(salt), "n": n, "r": cost, "p": p})
}

// openVault hands out the sealed key to who can show the authentication key.
func (s *server) openVault(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name string
		Auth hexBytes
	}
	if _, err := decode(w, r, &in); err != nil {
		return err
	}
	pk, sealed, err := s.cfg.Accounts.Unseal(in.Name, in.Auth, r.RemoteAddr)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, map[string]any{"pubkey": pk.String(), "sealed": sealed})
}

// setVault stores a member's new record: another passphrase, another name, or the first one.
func (s *server) setVault(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name  string
		Vault vault
	}
	body, err := decode(w, r, &in)
	if err != nil {
		return err
	}
	pk, _, err := s.signer(r, body)
	if err != nil {
		return err
	}
	if err := s.cfg.Accounts.SetVault(pk, in.Name, in.Vault.account()); err != nil {
		return err
	}
	return reply(w, http.StatusOK, map[string]any{"pubkey": pk.String()})
}
