package index

import (
	"encoding/hex"
	"encoding/json"
	"fmt"

	"madang/internal/eventlog"
	"madang/internal/nostr"
)

// tombstone is what stays in the log of an erased event where an index that is made again must know of it: the head of an
// address, which keeps older versions out, what a deletion (NIP-09) keeps out, or that somebody asked to vanish (NIP-62)
// in a request that has expired. Most events leave nothing.
type tombstone struct {
	PubKey    hex32      `json:"pubkey"`
	CreatedAt int64      `json:"created_at"`
	ID        *hex32     `json:"id,omitempty"`      // of the head of an address
	Address   *shortName `json:"address,omitempty"` // likewise

	DeletedIDs       []hex32     `json:"deleted_ids,omitempty"`
	DeletedAddresses []shortName `json:"deleted_addresses,omitempty"` // of the same public key

	Vanished bool `json:"vanished,omitempty"`
}

// hex32 is an id or a public key, shortName an address without its public key: kind(2) d(16).
type (
	hex32     [32]byte
	shortName [2 + 16]byte
)

func (h hex32) MarshalText() ([]byte, error)      { return hexText(h[:]), nil }
func (n shortName) MarshalText() ([]byte, error)  { return hexText(n[:]), nil }
func (h *hex32) UnmarshalText(b []byte) error     { return fromHex(h[:], b) }
func (n *shortName) UnmarshalText(b []byte) error { return fromHex(n[:], b) }

func hexText(b []byte) []byte { return hex.AppendEncode(nil, b) }

func fromHex(dst, text []byte) error {
	if hex.DecodedLen(len(text)) != len(dst) || len(text)%2 != 0 {
		return fmt.Errorf("%d hex digits, want %d", len(text), 2*len(dst))
	}
	_, err := hex.Decode(dst, text)
	return err
}

func (a address) short() (n shortName) {
	copy(n[:2], a[:2])
	copy(n[2:], a[34:])
	return n
}

func (n shortName) by(pk hex32) (a address) {
	copy(a[:2], n[:2])
	copy(a[2:], pk[:])
	copy(a[34:], n[2:])
	return a
}

// nothing is what stays of an event that another one has taken the place of.
func nothing(*nostr.Event) []byte { return nil }

// tombstoneOf returns an event's tombstone as the log has it; it is never longer than the event.
func tombstoneOf(e *nostr.Event) []byte {
	t := tombstone{PubKey: hex32(e.PubKey), CreatedAt: e.CreatedAt}
	switch a, ok := addressOf(e); {
	case ok:
		id, short := hex32(e.ID), a.short()
		t.ID, t.Address = &id, &short
	case e.Kind == nostr.KindDeletion:
		ids, addresses := deletionTargets(e)
		for _, id := range ids {
			t.DeletedIDs = append(t.DeletedIDs, hex32(id))
		}
		for _, a := range addresses {
			t.DeletedAddresses = append(t.DeletedAddresses, a.short())
		}
	case e.Kind == nostr.KindVanish:
		t.Vanished = true
	default:
		return nil
	}
	text, err := json.Marshal(t)
	if err != nil {
		panic(err) // no part of it can fail
	}
	return text
}

// remember does again what an erased event did, when the log is taken in. x.writing is held.
func (x *Index) remember(r eventlog.Record) error {
	var t tombstone
	if err := json.Unmarshal(r.JSON, &t); err != nil {
		x.cfg.Logger.Error("index passes over what an erased event has left", "position", r.Pos, "error", err)
		return nil
	}
	c := x.newCommit()
	defer func() { _ = c.batch.Close() }()
	if err := c.remember(t); err != nil {
		return err
	}
	return c.finish()
}

func (c *commit) remember(t tombstone) error {
	if t.Vanished {
		if err := c.vanish(nostr.PubKey(t.PubKey), t.CreatedAt); err != nil {
			return err
		}
	}
	if t.ID != nil && t.Address != nil {
		a, h := t.Address.by(t.PubKey), head{t.CreatedAt, nostr.ID(*t.ID)}
		newest, found, err := c.head(a)
		if err == nil && (!found || newest.replacedBy(h)) {
			err = c.setHead(a, h)
		}
		if err != nil {
			return err
		}
	}
	ids := make([]nostr.ID, len(t.DeletedIDs))
	for i, id := range t.DeletedIDs {
		ids[i] = nostr.ID(id)
	}
	addresses := make([]address, len(t.DeletedAddresses))
	for i, n := range t.DeletedAddresses {
		addresses[i] = n.by(t.PubKey)
	}
	return c.deleteTargets(nostr.PubKey(t.PubKey), t.CreatedAt, ids, addresses)
}
