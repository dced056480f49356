package account

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"madang/internal/index"
	"madang/internal/nostr"
	"madang/internal/policy"
)

// Admit makes a key a plain member without an invite. It fails with ErrAlreadyMember.
func (a *Accounts) Admit(ctx context.Context, pk nostr.PubKey) error {
	a.admission.Lock()
	defer a.admission.Unlock()
	ctx = background(ctx)
	if err := a.resolve(ctx); err != nil { // who is a member must be known first
		return err
	}
	if a.cfg.Policy.Role(pk) != policy.Stranger {
		return ErrAlreadyMember
	}
	return a.setMember(ctx, pk, policy.Member)
}

// SetRole gives a member another role. It fails with ErrNotMember, or with ErrLastOperator, since nobody would be left
// to take care of the place.
func (a *Accounts) SetRole(ctx context.Context, pk nostr.PubKey, role policy.Role) error {
	if RoleName(role) == "" {
		return fmt.Errorf("role %d cannot be given", role)
	}
	return a.changeMember(ctx, pk, role)
}

// RemoveMember takes a member off the roster. The account stays, so that the person can still fetch the sealed key and
// the name is not given to another. It fails as SetRole does.
func (a *Accounts) RemoveMember(ctx context.Context, pk nostr.PubKey) error {
	return a.changeMember(ctx, pk, policy.Stranger)
}

func (a *Accounts) changeMember(ctx context.Context, pk nostr.PubKey, role policy.Role) error {
	a.admission.Lock()
	defer a.admission.Unlock()
	ctx = background(ctx)
	if err := a.resolve(ctx); err != nil { // who is an operator must be known first
		return err
	}
	switch now := a.cfg.Policy.Role(pk); {
	case now < policy.Member || now == policy.Node:
		return ErrNotMember
	case now == role:
		return nil
	case now == policy.Operator && !a.operatorBeside(pk):
		return ErrLastOperator
	}
	return a.setMember(ctx, pk, role)
}

// operatorBeside reports whether anyone but pk is an operator.
func (a *Accounts) operatorBeside(pk nostr.PubKey) bool {
	return slices.ContainsFunc(a.cfg.Policy.Members(), func(m policy.Membership) bool {
		return m.Role == policy.Operator && m.PubKey != pk
	})
}

// setMember publishes the roster with pk in that role (Stranger: without pk) and, for who comes or goes, the notice of
// it (NIP-43). a.admission is held.
func (a *Accounts) setMember(ctx context.Context, pk nostr.PubKey, role policy.Role) error {
	if err := a.resolve(ctx); err != nil {
		return err
	}
	old, err := a.newest(ctx, nostr.KindMembers)
	if err != nil {
		return err
	}
	roster := &nostr.Event{
		Kind:      nostr.KindMembers,
		CreatedAt: max(a.cfg.Now().Unix(), old.CreatedAt+1), // else a clock set back would keep everybody out
		Tags:      nostr.Tags{{"-"}},
	}
	known := false
	for _, tag := range old.Tags {
		if tag.Name() != "member" {
			continue
		}
		if tag.Value() == pk.String() {
			known = true
			continue
		}
		roster.Tags = append(roster.Tags, tag)
	}
	notice := nostr.KindRemoveUser
	if role != policy.Stranger {
		roster.Tags = append(roster.Tags, memberTag(pk, role))
		notice = nostr.KindAddUser
	}
	slices.SortStableFunc(roster.Tags[1:], func(a, b nostr.Tag) int { return slices.Compare(a, b) })
	events := []*nostr.Event{roster}
	if known == (role == policy.Stranger) {
		events = append(events, &nostr.Event{
			Kind: notice, CreatedAt: roster.CreatedAt, Tags: nostr.Tags{{"-"}, {"p", pk.String()}},
		})
	}
	return a.publish(ctx, events)
}

// memberTag is one line of the roster; a plain member has no role there.
func memberTag(pk nostr.PubKey, role policy.Role) nostr.Tag {
	tag := nostr.Tag{"member", pk.String()}
	if role > policy.Member {
		tag = append(tag, RoleName(role))
	}
	return tag
}

// newest returns the newest event of this kind that the node has signed, or an empty one.
func (a *Accounts) newest(ctx context.Context, kind uint16) (*nostr.Event, error) {
	filter := nostr.All()
	filter.Kinds = []uint16{kind}
	filter.Authors = []nostr.PubKey{a.cfg.NodeKey.PubKey()}
	filter.Limit = 1
	found := &nostr.Event{}
	err := a.cfg.Index.Events(ctx, index.Query{Filters: []nostr.Filter{filter}, Now: a.cfg.Now().Unix()},
		func(e *nostr.Event) error { found = e; return nil })
	if err != nil {
		return nil, fmt.Errorf("reading the node's own kind %d: %w", kind, err)
	}
	return found, nil
}

// publish signs events in the node's name and takes them through the entrance. The roster, which comes first, decides; a
// notice that is not taken is only missed by who watches for it.
func (a *Accounts) publish(ctx context.Context, events []*nostr.Event) error {
	for _, e := range events {
		if err := e.Sign(a.cfg.NodeKey); err != nil {
			return fmt.Errorf("roster: %w", err)
		}
	}
	results := a.cfg.Ingest.SubmitMany(ctx, events, policy.Writer{Road: policy.Self})
	if !results[0].OK {
		a.unsure = events[0]
		return errors.New("roster: " + results[0].Message)
	}
	for _, result := range results[1:] {
		if !result.OK {
			a.cfg.Logger.Warn("a notice of membership was not taken", "reason", result.Message)
		}
	}
	return nil
}

// resolve ends the doubt about a roster whose commit failed: on a full disk the log may have had room for it and the
// index not, and then it counts from the next start on, or sooner. Sending it once more either stores it or shows that
// it is stored; while neither can be had, nobody joins or goes. a.admission is held.
func (a *Accounts) resolve(ctx context.Context) error {
	if a.unsure == nil {
		return nil
	}
	result := a.cfg.Ingest.Submit(ctx, a.unsure, policy.Writer{Road: policy.Self})
	if !result.OK {
		return errors.New("roster: " + result.Message)
	}
	a.cfg.Policy.Observe(a.unsure) // what the index caught up with, nobody has shown to the policy
	a.unsure = nil
	return nil
}
