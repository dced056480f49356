package api

import (
	"errors"
	"net/http"

	"madang/internal/account"
	"madang/internal/nostr"
	"madang/internal/policy"
)

var errNoMember = &problem{http.StatusNotFound, "not-found", "There is no such member."}

// changeMember is /api/members/<pubkey>, for operators: PUT gives a member another role, DELETE sends one away.
func (s *server) changeMember(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Role string }
	var body []byte
	var err error
	if r.Method == http.MethodPut {
		if body, err = decode(w, r, &in); err != nil {
			return err
		}
	}
	switch _, own, err := s.signer(r, body); {
	case err != nil:
		return err
	case own < policy.Operator:
		return errNotAllowed
	}
	pk, err := nostr.ParsePubKey(r.PathValue("pubkey"))
	if err != nil {
		return badRequest("The address names no public key.")
	}
	if r.Method == http.MethodDelete {
		return s.removeMember(w, r, pk)
	}
	return s.setRole(w, r, pk, in.Role)
}

func (s *server) setRole(w http.ResponseWriter, r *http.Request, pk nostr.PubKey, name string) error {
	role, ok := account.ParseRole(name)
	if !ok {
		return badRequest("A member's role is member, editor or operator.")
	}
	if err := s.cfg.Accounts.SetRole(r.Context(), pk, role); err != nil {
		return asNoMember(err)
	}
	return reply(w, http.StatusOK, map[string]any{"pubkey": pk.String(), "role": account.RoleName(role)})
}

func (s *server) removeMember(w http.ResponseWriter, r *http.Request, pk nostr.PubKey) error {
	if err := s.cfg.Accounts.RemoveMember(r.Context(), pk); err != nil {
		return asNoMember(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// asNoMember says of who is no member that there is none: here it is another than the caller.
func asNoMember(err error) error {
	if errors.Is(err, account.ErrNotMember) {
		return errNoMember
	}
	return err
}
