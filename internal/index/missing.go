package index

import "madang/internal/nostr"

// Missing returns those of the ids that no held event has, in their order.
func (x *Index) Missing(ids []nostr.ID) (missing []nostr.ID, err error) {
	if err := x.enter(); err != nil {
		return nil, err
	}
	defer x.users.Done()
	for _, id := range ids {
		held, err := get(x.db, idKey(id), nil)
		if err != nil {
			return nil, err
		}
		if !held {
			missing = append(missing, id)
		}
	}
	return missing, nil
}
