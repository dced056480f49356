package nostr

import (
	"crypto/sha256"
	"encoding/hex"
	"math/bits"
)

// HyperLogLog estimates how many keys it was shown (NIP-45): those of several relays merge without counting anyone
// twice.
type HyperLogLog struct {
	offset    int        // of the byte of a key that names its register: 8 to 23
	registers [256]uint8 // each the longest run of zero bits seen after that byte, and 1; 0: none
}

// NewHyperLogLog returns the empty value for what these filters find. They are eligible where there is one filter, and
// it names a tag: its first tag's first value says which bytes of the keys count, the same on every relay.
func NewHyperLogLog(filters []Filter) (h *HyperLogLog, eligible bool) {
	if len(filters) != 1 || len(filters[0].Tags) == 0 || len(filters[0].Tags[0].Values) == 0 {
		return nil, false
	}
	seed := hyperLogLogSeed(filters[0].Tags[0].Values[0])
	return &HyperLogLog{offset: 8 + int(seed[16]>>4)}, true // hex digit 32
}

// hyperLogLogSeed: an id or key stands for itself, an address for its author, and anything else for its hash.
func hyperLogLogSeed(value string) [32]byte {
	if id, err := ParseID(value); err == nil {
		return id
	}
	if address, err := ParseAddress(value); err == nil {
		return address.PubKey
	}
	return sha256.Sum256([]byte(value))
}

// Add shows it the author of an event that is counted.
func (h *HyperLogLog) Add(pk PubKey) {
	register, zeros := &h.registers[pk[h.offset]], 0
	for _, b := range pk[h.offset+1:] {
		zeros += bits.LeadingZeros8(b)
		if b != 0 {
			break
		}
	}
	*register = max(*register, uint8(zeros+1))
}

// String returns the registers as 512 lowercase hex digits.
func (h *HyperLogLog) String() string { return hex.EncodeToString(h.registers[:]) }
