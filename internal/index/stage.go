package index

import (
	"bytes"
	"encoding/binary"
	"slices"

	"madang/internal/eventlog"
	"madang/internal/nostr"
	"madang/internal/verify"
)

// Stage is a group of events on its way into log and index: each is judged as if those before it were stored already.
// Between Take and Commit no other Stage may be committed: there is one entrance.
type Stage struct {
	x         *Index
	events    []*nostr.Event
	ids       map[nostr.ID]struct{}
	heads     map[address]head
	deleted   map[deletion]struct{}
	retracted map[address]int64
	// vanished has the requests of the group (NIP-62).
	vanished map[nostr.PubKey]int64
}

// head is the newest event seen at an address, whether or not it is still held: what was deleted by its id keeps older
// versions from coming back.
type head struct {
	createdAt int64
	id        nostr.ID
}

// deletion says that a key asked to delete an event (NIP-09, an e tag).
type deletion struct {
	id nostr.ID
	by nostr.PubKey
}

// Stage begins an empty group.
func (x *Index) Stage() *Stage { return &Stage{x: x} }

// Take adds an event to the group, or says why it is not to be stored: ErrDuplicate, ErrReplaced, ErrDeleted, or an
// error in reading the index.
func (s *Stage) Take(e verify.Event) error {
	if err := s.x.enter(); err != nil {
		return err
	}
	defer s.x.users.Done()
	return s.take(e.Event())
}

// Commit writes the group's keys, after the log has made the group durable: positions are its events', end is where the
// last one ends. On an error the index is as before, and CatchUp takes the group in from the log.
func (s *Stage) Commit(positions []eventlog.Position, end eventlog.Position) error {
	if err := s.x.enter(); err != nil {
		return err
	}
	defer s.x.users.Done()
	s.x.writing.Lock()
	defer s.x.writing.Unlock()
	return s.x.commit(s, positions, end)
}

func (s *Stage) take(e *nostr.Event) error {
	if err := s.check(e); err != nil {
		return err
	}
	if s.ids == nil {
		s.ids = map[nostr.ID]struct{}{}
		s.heads = map[address]head{}
		s.deleted = map[deletion]struct{}{}
		s.retracted = map[address]int64{}
		s.vanished = map[nostr.PubKey]int64{}
	}
	s.events = append(s.events, e)
	s.ids[e.ID] = struct{}{}
	if a, ok := addressOf(e); ok {
		s.heads[a] = head{e.CreatedAt, e.ID}
	}
	switch e.Kind {
	case nostr.KindVanish:
		s.vanished[e.PubKey] = max(s.vanished[e.PubKey], e.CreatedAt)
	case nostr.KindDeletion:
		ids, addresses := deletionTargets(e)
		for _, id := range ids {
			s.deleted[deletion{id, e.PubKey}] = struct{}{}
		}
		for _, a := range addresses {
			s.retracted[a] = max(s.retracted[a], e.CreatedAt)
		}
	}
	return nil
}

func (s *Stage) check(e *nostr.Event) error {
	if deleted, err := s.isDeleted(e); deleted || err != nil {
		return firstOf(err, ErrDeleted)
	}
	if held, err := s.isHeld(e.ID); held || err != nil {
		return firstOf(err, ErrDuplicate)
	}
	a, ok := addressOf(e)
	if !ok {
		return nil
	}
	newest, found, err := s.head(a)
	switch {
	case err != nil:
		return err
	case !found:
		return nil
	case newest.id == e.ID:
		return ErrDuplicate
	case !newest.replacedBy(head{e.CreatedAt, e.ID}):
		return ErrReplaced
	}
	return nil
}

// replacedBy reports whether the other is the version to keep: the newer, or of two of the same second the one with the
// lower id (NIP-01).
func (h head) replacedBy(other head) bool {
	if other.createdAt != h.createdAt {
		return other.createdAt > h.createdAt
	}
	return bytes.Compare(other.id[:], h.id[:]) < 0
}

func (s *Stage) isHeld(id nostr.ID) (bool, error) {
	if _, ok := s.ids[id]; ok {
		return true, nil
	}
	return s.x.lookup(idKey(id), nil)
}

func (s *Stage) head(a address) (head, bool, error) {
	if h, ok := s.heads[a]; ok {
		return h, true, nil
	}
	return s.x.head(a)
}

func (x *Index) head(a address) (h head, found bool, err error) {
	found, err = x.lookup(addressKey(familyHead, a), func(v []byte) {
		h.createdAt = int64(binary.BigEndian.Uint64(v))
		copy(h.id[:], v[8:])
	})
	return h, found, err
}

// isDeleted reports whether the event's author, or the recipient of a gift wrap, asked for its deletion (NIP-09, NIP-59)
// or to vanish (NIP-62). A deletion has no effect on another, and nothing has one on a request to vanish.
func (s *Stage) isDeleted(e *nostr.Event) (bool, error) {
	if e.Kind == nostr.KindVanish {
		return false, nil
	}
	for _, by := range deleters(e) {
		upTo, vanished := s.vanished[by]
		if !vanished || e.CreatedAt > upTo {
			var err error
			if upTo, vanished, err = s.x.vanishedUpTo(by); err != nil {
				return false, err
			}
		}
		if vanished && e.CreatedAt <= upTo {
			return true, nil
		}
		if e.Kind == nostr.KindDeletion {
			continue
		}
		if _, ok := s.deleted[deletion{e.ID, by}]; ok {
			return true, nil
		}
		if found, err := s.x.lookup(deletedKey(e.ID, by), nil); found || err != nil {
			return found, err
		}
	}
	a, ok := addressOf(e)
	if !ok {
		return false, nil
	}
	if upTo, ok := s.retracted[a]; ok && e.CreatedAt <= upTo {
		return true, nil
	}
	upTo, found, err := s.x.retractedUpTo(a)
	return found && e.CreatedAt <= upTo, err
}

func (x *Index) retractedUpTo(a address) (upTo int64, found bool, err error) {
	found, err = x.lookup(addressKey(familyRetracted, a), func(v []byte) { upTo = int64(binary.BigEndian.Uint64(v)) })
	return upTo, found, err
}

func (x *Index) vanishedUpTo(pk nostr.PubKey) (upTo int64, found bool, err error) {
	found, err = x.lookup(vanishedKey(pk), func(v []byte) { upTo = int64(binary.BigEndian.Uint64(v)) })
	return upTo, found, err
}

// deleters returns the keys whose wish deletes the event.
func deleters(e *nostr.Event) []nostr.PubKey {
	keys := []nostr.PubKey{e.PubKey}
	if e.Kind == nostr.KindGiftWrap {
		for _, t := range e.Tags {
			if t.Name() != "p" {
				continue
			}
			if pk, err := nostr.ParsePubKey(t.Value()); err == nil && !slices.Contains(keys, pk) {
				keys = append(keys, pk)
			}
		}
	}
	return keys
}

// deletionTargets returns what a deletion event names (NIP-09): ids, and addresses of its own author.
func deletionTargets(e *nostr.Event) (ids []nostr.ID, addresses []address) {
	for _, t := range e.Tags {
		switch t.Name() {
		case "e":
			if id, err := nostr.ParseID(t.Value()); err == nil {
				ids = append(ids, id)
			}
		case "a":
			a, err := nostr.ParseAddress(t.Value())
			if err == nil && a.PubKey == e.PubKey && (nostr.IsReplaceable(a.Kind) || nostr.IsAddressable(a.Kind)) {
				addresses = append(addresses, makeAddress(a))
			}
		}
	}
	return ids, addresses
}
