package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"madang/internal/nostr"
	"madang/internal/policy"
	"madang/internal/verify"
)

// requestWindow is how far a join request's time may be from the node's (NIP-43: a few minutes; but clocks of phones
// without a network are off).
const requestWindow = 15 * time.Minute

// Join admits the author of a join request (NIP-43, kind 28934) under a name and returns the role and the local part of
// the NIP-05 address. Its errors are the package's.
//
// It writes four times, each durable before the next:
//  1. the invite, with the joiner among the pending claims, which count as uses;
//  2. the account;
//  3. the roster and the notice of the new member, in one commit: from here on the person is a member;
//  4. the invite, with the claim counted as used.
//
// A crash or an error in between neither burns the invite nor admits twice, because of settle, which runs at Open,
// after an error, and before an invite is looked at: a pending key that the roster lists has been admitted, and its
// claim is counted; any other has not, and its claim goes together with the account that it brought. Nobody was told of
// success before step 3 was done, so nothing is lost with it. Where it cannot be known yet whether step 3 was done, the
// claim stays pending until it is: see resolve.
//
// Someone whom the answer did not reach asks again with the very same request and vault, and gets the same answer.
func (a *Accounts) Join(ctx context.Context, request *nostr.Event, name string, v Vault) (policy.Role, string, error) {
	code, err := a.checkRequest(request)
	if err != nil {
		return policy.Stranger, "", err
	}
	parsed, err := ParseName(name)
	if err != nil {
		return policy.Stranger, "", err
	}
	if err := v.check(); err != nil {
		return policy.Stranger, "", err
	}
	acct := newAccount(parsed, request.PubKey, v)
	acct.created = a.cfg.Now().Unix()
	role, err := a.admit(ctx, request.PubKey, code, acct)
	return role, parsed.Local, err
}

// JoinByEvent admits the author of a join request that came over the relay, from any client that knows NIP-43: without
// a name and without a vault, which the person may set later. The message is for the relay's OK; errors are
// *policy.Error in NIP-01's words, unless the node itself failed.
func (a *Accounts) JoinByEvent(ctx context.Context, request *nostr.Event) (message string, err error) {
	code, err := a.checkRequest(request)
	if err != nil {
		return "", &policy.Error{Prefix: "invalid", Text: err.Error()}
	}
	role, err := a.admit(ctx, request.PubKey, code, nil)
	switch {
	case err == nil:
		return "info: welcome, you are now " + withArticle(RoleName(role)), nil
	case errors.Is(err, ErrAlreadyMember):
		return "duplicate: you are already a member of this relay", nil
	case errors.Is(err, ErrInviteInvalid):
		return "", &policy.Error{Prefix: "restricted", Text: "that is an invalid invite code"}
	case errors.Is(err, ErrInviteUsed):
		return "", &policy.Error{Prefix: "restricted", Text: "that invite code has been used"}
	case errors.Is(err, ErrInviteExpired):
		return "", &policy.Error{Prefix: "restricted", Text: "that invite code is expired"}
	}
	return "", err
}

func withArticle(role string) string {
	if role == RoleName(policy.Member) {
		return "a " + role
	}
	return "an " + role
}

// LeaveByEvent takes a member off the roster who asks for it over the relay (NIP-43, kind 28936): see RemoveMember.
// That the request comes from its author is the relay's to know. Message and errors are as JoinByEvent's.
func (a *Accounts) LeaveByEvent(ctx context.Context, request *nostr.Event) (message string, err error) {
	if err := a.checkSigned(request, nostr.KindLeave); err != nil {
		return "", &policy.Error{Prefix: "invalid", Text: err.Error()}
	}
	if !slices.ContainsFunc(request.Tags, func(t nostr.Tag) bool { return t.Name() == "-" }) {
		return "", &policy.Error{Prefix: "invalid", Text: "a request to leave must be protected by a - tag"}
	}
	switch err := a.RemoveMember(ctx, request.PubKey); {
	case err == nil:
		return "info: you have left this relay", nil
	case errors.Is(err, ErrNotMember):
		return "duplicate: you are not a member of this relay", nil
	case errors.Is(err, ErrLastOperator):
		return "", &policy.Error{Prefix: "restricted", Text: "you are the last operator: make somebody else one first"}
	default:
		return "", err
	}
}

// checkSigned verifies a request and its time.
func (a *Accounts) checkSigned(request *nostr.Event, kind uint16) error {
	if request.Kind != kind {
		return fmt.Errorf("%w: kind %d, want %d", ErrRequestInvalid, request.Kind, kind)
	}
	if _, err := verify.One(request); err != nil {
		return fmt.Errorf("%w: %v", ErrRequestInvalid, err)
	}
	off := a.cfg.Now().Sub(time.Unix(request.CreatedAt, 0))
	if off.Abs() > requestWindow {
		return fmt.Errorf("%w: its time is %v off this node's", ErrRequestInvalid, off.Abs().Round(time.Minute))
	}
	return nil
}

// checkRequest verifies a join request and returns the code it claims.
func (a *Accounts) checkRequest(request *nostr.Event) (code string, err error) {
	if err := a.checkSigned(request, nostr.KindJoin); err != nil {
		return "", err
	}
	code, ok := request.Tags.First("claim")
	if !ok {
		return "", fmt.Errorf("%w: it has no claim tag", ErrRequestInvalid)
	}
	return code, nil
}

// admit is Join after the checks that need no lock. acct is nil for a person without a name.
func (a *Accounts) admit(ctx context.Context, pk nostr.PubKey, code string, acct *account) (policy.Role, error) {
	a.admission.Lock()
	defer a.admission.Unlock()
	if role := a.cfg.Policy.Role(pk); role >= policy.Member {
		if known := a.accountOf(pk); acct != nil && known != nil && known.sameAs(acct) {
			return role, nil
		}
		return policy.Stranger, ErrAlreadyMember
	}
	inv, path, err := a.findInvite(code)
	if err != nil {
		return policy.Stranger, err
	}
	if acct != nil {
		if err := a.nameFree(acct.name, pk); err != nil {
			return policy.Stranger, err
		}
	}
	role, _ := ParseRole(inv.Role)
	inv.Pending = append(inv.Pending, claim{PubKey: pk.String(), Fresh: a.accountOf(pk) == nil})
	if err := inv.write(a.cfg.FS, path); err != nil { // step 1
		return policy.Stranger, err
	}
	if acct != nil {
		err = a.putAccount(acct) // step 2
	}
	if err == nil {
		err = a.setMember(background(ctx), pk, role) // step 3
	}
	if settleErr := a.settle(inv, path); settleErr != nil { // step 4, or back to before step 1
		// The claim stays pending, which holds until the invite is looked at next.
		a.cfg.Logger.Warn("an invite could not be settled", "err", settleErr)
	}
	if err != nil {
		return policy.Stranger, err
	}
	return role, nil
}

// settle ends an invite's pending claims as the roster says. a.admission is held, so no join is under way but those that
// a crash or an error has ended.
func (a *Accounts) settle(inv *invite, path string) error {
	if err := a.resolve(context.Background()); err != nil {
		return err
	}
	for _, c := range inv.Pending {
		pk, err := nostr.ParsePubKey(c.PubKey)
		if err != nil {
			return fmt.Errorf("pending claim: %w", err)
		}
		if a.cfg.Policy.Role(pk) >= policy.Member {
			inv.Used++
			continue
		}
		if c.Fresh {
			if err := a.removeAccount(pk); err != nil {
				return err
			}
		}
	}
	inv.Pending = nil
	return inv.write(a.cfg.FS, path)
}

func (a *Accounts) accountOf(pk nostr.PubKey) *account {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.records.byPubKey[pk]
}

func (a *Accounts) nameFree(name Name, pk nostr.PubKey) error {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.records.free(name, pk)
}

func (a *Accounts) putAccount(acct *account) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.records.put(acct)
}

func (a *Accounts) removeAccount(pk nostr.PubKey) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	acct := a.records.byPubKey[pk]
	if acct == nil {
		return nil
	}
	return a.records.remove(acct)
}
