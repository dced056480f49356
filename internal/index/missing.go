package index

import (
	"github.com/cockroachdb/pebble/v2"

	"madang/internal/nostr"
)

// Missing returns those of the ids that no held event has, in their order, as of one moment. One iterator serves all:
// opening what a lookup needs costs more than the lookup.
func (x *Index) Missing(ids []nostr.ID) (missing []nostr.ID, err error) {
	if err := x.enter(); err != nil {
		return nil, err
	}
	defer x.users.Done()
	it, err := x.db.NewIter(&pebble.IterOptions{LowerBound: []byte{familyID}, UpperBound: []byte{familyID + 1}})
	if err != nil {
		return nil, err
	}
	defer func() { err = firstOf(err, it.Close()) }()
	for _, id := range ids {
		key := idKey(id)
		if x.sieve != nil && !x.sieve.mayHave(key) || !it.SeekPrefixGE(key) {
			if err := it.Error(); err != nil {
				return nil, err
			}
			missing = append(missing, id)
		}
	}
	return missing, nil
}

// Check says what Take would of an event whose signature nobody has checked yet.
func (s *Stage) Check(e *nostr.Event) error {
	if err := s.x.enter(); err != nil {
		return err
	}
	defer s.x.users.Done()
	return s.check(e)
}
