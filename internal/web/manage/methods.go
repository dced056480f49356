package manage

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"

	"madang/internal/account"
	"madang/internal/index"
	"madang/internal/nostr"
	"madang/internal/policy"
)

const (
	maxReason      = 300 // bytes
	maxName        = 100
	maxDescription = 5000
	maxIcon        = 2000
	maxReports     = 500 // reports that are looked through, the newest
	kindReport     = 1984
)

// listed is one line of a list of keys or events.
type listed struct {
	PubKey string `json:"pubkey,omitempty"`
	ID     string `json:"id,omitempty"`
	Reason string `json:"reason,omitempty"`
}

func (s *server) banPubKey(ctx context.Context, p params) (any, error) {
	pk, err := p.pubKey()
	reason, err2 := p.text(1, maxReason)
	if err := cmp.Or(err, err2); err != nil {
		return nil, err
	}
	return true, s.cfg.Accounts.Ban(ctx, policy.Ban{PubKey: pk, Reason: reason})
}

func (s *server) unbanPubKey(ctx context.Context, p params) (any, error) {
	pk, err := p.pubKey()
	if err != nil {
		return nil, err
	}
	return true, s.cfg.Accounts.Unban(ctx, policy.Ban{PubKey: pk})
}

func (s *server) listBannedPubKeys(context.Context, params) (any, error) {
	list := []listed{}
	for _, b := range s.cfg.Policy.Bans() {
		if b.PubKey != (nostr.PubKey{}) {
			list = append(list, listed{PubKey: b.PubKey.String(), Reason: b.Reason})
		}
	}
	return list, nil
}

func (s *server) banEvent(ctx context.Context, p params) (any, error) {
	id, err := p.eventID()
	reason, err2 := p.text(1, maxReason)
	if err := cmp.Or(err, err2); err != nil {
		return nil, err
	}
	return true, s.cfg.Accounts.Ban(ctx, policy.Ban{Event: id, Reason: reason})
}

// allowEvent takes back a ban: no event waits here to be allowed.
func (s *server) allowEvent(ctx context.Context, p params) (any, error) {
	id, err := p.eventID()
	if err != nil {
		return nil, err
	}
	return true, s.cfg.Accounts.Unban(ctx, policy.Ban{Event: id})
}

func (s *server) listBannedEvents(context.Context, params) (any, error) {
	list := []listed{}
	for _, b := range s.cfg.Policy.Bans() {
		if b.Event != (nostr.ID{}) {
			list = append(list, listed{ID: b.Event.String(), Reason: b.Reason})
		}
	}
	return list, nil
}

// listReported lists what members have reported (NIP-56) and nobody has banned. What strangers say counts for nothing.
func (s *server) listReported(ctx context.Context, _ params) (any, error) {
	f := nostr.All()
	f.Kinds, f.Limit, f.Authors = []uint16{kindReport}, maxReports, []nostr.PubKey{}
	for _, m := range s.cfg.Policy.Members() {
		f.Authors = append(f.Authors, m.PubKey)
	}
	list, seen := []listed{}, map[string]bool{}
	for _, b := range s.cfg.Policy.Bans() {
		seen[b.Event.String()] = true
	}
	err := s.cfg.Index.Events(ctx, index.Query{Filters: []nostr.Filter{f}}, func(e *nostr.Event) error {
		for _, t := range e.Tags {
			if _, err := nostr.ParseID(t.Value()); t.Name() != "e" || err != nil || seen[t.Value()] {
				continue
			}
			seen[t.Value()] = true
			reason := e.Content
			if len(t) > 2 {
				reason = strings.TrimSuffix(t[2]+": "+e.Content, ": ")
			}
			list = append(list, listed{ID: t.Value(), Reason: reason})
		}
		return nil
	})
	return list, err
}

// allowPubKey makes a key a member, as NIP-86's list of allowed keys is the roster here.
func (s *server) allowPubKey(ctx context.Context, p params) (any, error) {
	pk, err := p.pubKey()
	if err != nil {
		return nil, err
	}
	if err := s.cfg.Accounts.Admit(ctx, pk); !errors.Is(err, account.ErrAlreadyMember) {
		return true, err
	}
	return true, nil
}

func (s *server) unallowPubKey(ctx context.Context, p params) (any, error) {
	pk, err := p.pubKey()
	if err != nil {
		return nil, err
	}
	return true, s.cfg.Accounts.RemoveMember(ctx, pk)
}

func (s *server) listAllowedPubKeys(context.Context, params) (any, error) {
	list := []listed{}
	for _, m := range s.cfg.Policy.Members() {
		list = append(list, listed{PubKey: m.PubKey.String(), Reason: m.Role.String()})
	}
	return list, nil
}

// assignRole gives a member the role editor or operator, by the ids that the node's roles have (NIP-43).
func (s *server) assignRole(ctx context.Context, p params) (any, error) {
	pk, role, err := p.memberAndRole()
	if err != nil {
		return nil, err
	}
	if s.cfg.Policy.Role(pk) >= role {
		return true, nil // an operator is an editor, too
	}
	return true, s.cfg.Accounts.SetRole(ctx, pk, role)
}

// unassignRole leaves the role below: of an operator an editor, of an editor a member.
func (s *server) unassignRole(ctx context.Context, p params) (any, error) {
	pk, role, err := p.memberAndRole()
	if err != nil {
		return nil, err
	}
	if s.cfg.Policy.Role(pk) != role {
		return nil, badParams("this key has not that role as its highest")
	}
	return true, s.cfg.Accounts.SetRole(ctx, pk, role-1)
}

func (p params) memberAndRole() (pk nostr.PubKey, role policy.Role, err error) {
	if pk, err = p.pubKey(); err != nil {
		return pk, role, err
	}
	switch id, _ := p.text(1, maxName); id {
	case policy.Editor.String():
		return pk, policy.Editor, nil
	case policy.Operator.String():
		return pk, policy.Operator, nil
	}
	return pk, role, badParams("the roles here are editor and operator")
}

func (s *server) changeName(ctx context.Context, p params) (any, error) {
	name, err := p.text(0, maxName)
	if name = strings.TrimSpace(name); err != nil || name == "" || strings.ContainsFunc(name, isControl) {
		return nil, badParams("a name is one line of 1 to 100 bytes")
	}
	return true, s.cfg.Identity.SetName(ctx, name)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func (s *server) changeDescription(ctx context.Context, p params) (any, error) {
	text, err := p.text(0, maxDescription)
	if err != nil {
		return nil, err
	}
	return true, s.cfg.Identity.SetDescription(ctx, strings.TrimSpace(text))
}

func (s *server) changeIcon(ctx context.Context, p params) (any, error) {
	text, err := p.text(0, maxIcon)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(text)
	if err != nil || text != "" && (u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return nil, badParams("an icon's address begins with http:// or https://")
	}
	return true, s.cfg.Identity.SetIcon(ctx, text)
}
