package api

import (
	"encoding/json"
	"net/http"

	"madang/internal/account"
	"madang/internal/nostr"
	"madang/internal/policy"
)

// checkInvite tells an invited person what the invite is for.
func (s *server) checkInvite(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Code string }
	if _, err := decode(w, r, &in); err != nil {
		return err
	}
	inv, err := s.cfg.Accounts.CheckInvite(in.Code)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, map[string]any{"role": account.RoleName(inv.Role), "node": s.cfg.Name()})
}

// createInvite makes an invite: operators for any role, editors for members.
func (s *server) createInvite(w http.ResponseWriter, r *http.Request) error {
	in := struct {
		Role string
		Uses int
	}{Uses: 1}
	body, err := decode(w, r, &in)
	if err != nil {
		return err
	}
	_, own, err := s.signer(r, body)
	if err != nil {
		return err
	}
	role, ok := account.ParseRole(in.Role)
	switch {
	case !ok:
		return badRequest("An invite is for a member, an editor or an operator.")
	case in.Uses < 1 || in.Uses > account.MaxInviteUses:
		return badRequest("An invite may be used 1 to 100 times.")
	case own < policy.Editor, own < policy.Operator && role > policy.Member:
		return errNotAllowed
	}
	expires := s.cfg.Clock.Now().Add(account.DefaultInviteLife)
	code, err := s.cfg.Accounts.CreateInvite(account.Invite{Role: role, Uses: in.Uses, Expires: expires})
	if err != nil {
		return err
	}
	return reply(w, http.StatusCreated, map[string]any{
		"code": code, "url": account.InviteLink(s.publicURL(r), code), "expires": expires.Unix(),
	})
}

// join admits a new member.
func (s *server) join(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name  string
		Event json.RawMessage
		Vault vault
	}
	if _, err := decode(w, r, &in); err != nil {
		return err
	}
	request, err := nostr.DecodeEvent(in.Event)
	if err != nil {
		return badRequest("The join request is not an event: " + err.Error())
	}
	role, local, err := s.cfg.Accounts.Join(r.Context(), request, in.Name, in.Vault.account())
	if err != nil {
		return err
	}
	return reply(w, http.StatusCreated, map[string]any{
		"pubkey": request.PubKey.String(), "role": account.RoleName(role), "nip05": local,
	})
}
