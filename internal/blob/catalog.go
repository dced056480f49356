package blob

import (
	"bytes"
	"cmp"
	"slices"
	"sync"

	"madang/internal/nostr"
)

// catalog is the index of a Dir in memory: every record, and each owner's blobs in order. A record in it is never
// altered, only replaced.
type catalog struct {
	mu      sync.RWMutex // guards all below
	records map[Hash]*record
	owned   map[nostr.PubKey]*shelf
	damaged map[Hash]error // found at open: not served, reported by Check, mended by a Put of the same content
}

// shelf is what one owner has.
type shelf struct {
	used  int64
	items []item // oldest upload first
}

type item struct {
	uploaded int64
	hash     Hash
}

func (a item) compare(b item) int {
	return cmp.Or(cmp.Compare(a.uploaded, b.uploaded), bytes.Compare(a.hash[:], b.hash[:]))
}

func newCatalog() *catalog {
	return &catalog{
		records: make(map[Hash]*record),
		owned:   make(map[nostr.PubKey]*shelf),
		damaged: make(map[Hash]error),
	}
}

func (c *catalog) get(h Hash) (*record, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	r, ok := c.records[h]
	return r, ok
}

// set takes in a blob's new record, or takes the blob out where it is nil.
func (c *catalog) set(h Hash, r *record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.damaged, h)
	if old := c.records[h]; old != nil {
		for _, o := range old.Owners {
			c.take(o, old.Size, h)
		}
	}
	if r == nil {
		delete(c.records, h)
		return
	}
	c.records[h] = r
	for _, o := range r.Owners {
		c.give(o, r.Size, h)
	}
}

func (c *catalog) give(o owner, size int64, h Hash) {
	s := c.owned[nostr.PubKey(o.PubKey)]
	if s == nil {
		s = new(shelf)
		c.owned[nostr.PubKey(o.PubKey)] = s
	}
	it := item{o.Uploaded, h}
	if i, found := slices.BinarySearchFunc(s.items, it, item.compare); !found {
		s.items = slices.Insert(s.items, i, it)
		s.used += size + Overhead
	}
}

func (c *catalog) take(o owner, size int64, h Hash) {
	s := c.owned[nostr.PubKey(o.PubKey)]
	if s == nil {
		return
	}
	if i, found := slices.BinarySearchFunc(s.items, item{o.Uploaded, h}, item.compare); found {
		s.items = slices.Delete(s.items, i, i+1)
		s.used -= size + Overhead
	}
	if len(s.items) == 0 {
		delete(c.owned, nostr.PubKey(o.PubKey))
	}
}

func (c *catalog) used(pk nostr.PubKey) int64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if s := c.owned[pk]; s != nil {
		return s.used
	}
	return 0
}

func (c *catalog) list(pk nostr.PubKey, cursor *Hash, limit int) ([]Info, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var items []item
	if s := c.owned[pk]; s != nil {
		items = s.items
	}
	if cursor != nil {
		r := c.records[*cursor]
		if r == nil || r.of(pk) < 0 {
			return nil, ErrNotFound
		}
		at := item{r.Owners[r.of(pk)].Uploaded, *cursor}
		i, _ := slices.BinarySearchFunc(items, at, item.compare)
		items = items[:i]
	}
	list := make([]Info, 0, max(0, min(limit, len(items))))
	for i := len(items) - 1; i >= 0 && len(list) < limit; i-- {
		info := c.records[items[i].hash].info(items[i].hash)
		info.Uploaded = items[i].uploaded
		list = append(list, info)
	}
	return list, nil
}

// hashes lists every blob that is or should be there, in order.
// total returns how many blobs there are, and their bytes together.
func (c *catalog) total() (count int, bytes int64) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, r := range c.records {
		bytes += r.Size
	}
	return len(c.records), bytes
}

func (c *catalog) hashes() []Hash {
	c.mu.RLock()
	defer c.mu.RUnlock()
	all := make([]Hash, 0, len(c.records)+len(c.damaged))
	for h := range c.records {
		all = append(all, h)
	}
	for h := range c.damaged {
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b Hash) int { return bytes.Compare(a[:], b[:]) })
	return all
}

func (c *catalog) damage(h Hash) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.damaged[h]
}
