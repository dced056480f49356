package nostr

import (
	"strconv"
	"strings"
)

// The kinds that Madang itself reads or writes, by the NIP or BUD that defines each.
const (
	KindProfile          uint16 = 0     // NIP-01
	KindNote             uint16 = 1     // NIP-10
	KindContacts         uint16 = 3     // NIP-02
	KindDeletion         uint16 = 5     // NIP-09
	KindReaction         uint16 = 7     // NIP-25
	KindSeal             uint16 = 13    // NIP-59
	KindChat             uint16 = 14    // NIP-17; only ever inside a seal
	KindVideo            uint16 = 21    // NIP-71
	KindShortVideo       uint16 = 22    // NIP-71
	KindVanish           uint16 = 62    // NIP-62
	KindGiftWrap         uint16 = 1059  // NIP-59
	KindComment          uint16 = 1111  // NIP-22
	KindAddUser          uint16 = 8000  // NIP-43
	KindRemoveUser       uint16 = 8001  // NIP-43
	KindMuteList         uint16 = 10000 // NIP-51
	KindDMRelays         uint16 = 10050 // NIP-17
	KindMembers          uint16 = 13534 // NIP-43
	KindEphemeralWrap    uint16 = 21059 // NIP-59
	KindAuth             uint16 = 22242 // NIP-42
	KindBlossomAuth      uint16 = 24242 // BUD-11
	KindHTTPAuth         uint16 = 27235 // NIP-98
	KindJoin             uint16 = 28934 // NIP-43
	KindLeave            uint16 = 28936 // NIP-43
	KindFollowSet        uint16 = 30000 // NIP-51
	KindArticle          uint16 = 30023 // NIP-23
	KindArticleDraft     uint16 = 30024 // NIP-23
	KindRole             uint16 = 33534 // NIP-43
	KindAddressableVideo uint16 = 34235 // NIP-71
	KindAddressableShort uint16 = 34236 // NIP-71
)

// IsReplaceable reports whether a relay keeps only the newest event of this kind for each author (NIP-01).
func IsReplaceable(kind uint16) bool {
	return kind == KindProfile || kind == KindContacts || kind >= 10000 && kind < 20000
}

// IsEphemeral reports whether events of this kind are passed on but never stored (NIP-01).
func IsEphemeral(kind uint16) bool { return kind >= 20000 && kind < 30000 }

// IsAddressable reports whether a relay keeps only the newest event of this kind for each author and d tag (NIP-01).
func IsAddressable(kind uint16) bool { return kind >= 30000 && kind < 40000 }

// Address names a replaceable (D is "") or addressable event, whatever its version: an a tag's value.
type Address struct {
	Kind   uint16
	PubKey PubKey
	D      string
}

// Address returns the event's address, and whether its kind has one.
func (e *Event) Address() (Address, bool) {
	switch {
	case IsReplaceable(e.Kind):
		return Address{Kind: e.Kind, PubKey: e.PubKey}, true
	case IsAddressable(e.Kind):
		d, _ := e.Tags.First("d")
		return Address{Kind: e.Kind, PubKey: e.PubKey, D: d}, true
	}
	return Address{}, false
}

// String returns kind:pubkey:d, the value of an a tag.
func (a Address) String() string {
	return strconv.Itoa(int(a.Kind)) + ":" + a.PubKey.String() + ":" + a.D
}

// ParseAddress reads an a tag's value.
func ParseAddress(s string) (Address, error) {
	kind, rest, ok := strings.Cut(s, ":")
	pubkey, d, ok2 := strings.Cut(rest, ":")
	if !ok || !ok2 {
		return Address{}, ErrInvalid
	}
	k, err := strconv.ParseUint(kind, 10, 16)
	if err != nil {
		return Address{}, ErrInvalid
	}
	pk, err := ParsePubKey(pubkey)
	if err != nil {
		return Address{}, err
	}
	return Address{Kind: uint16(k), PubKey: pk, D: d}, nil
}

// Expiration returns the Unix second at which the event expires (NIP-40), and whether it ever does. A tag that is not
// a number is as no tag.
func (e *Event) Expiration() (int64, bool) {
	v, ok := e.Tags.First("expiration")
	if !ok {
		return 0, false
	}
	t, err := strconv.ParseInt(v, 10, 64)
	return t, err == nil
}
