package nostr

import "testing"

// TestLeadingZeros: the examples of NIP-13's text, and the ends.
func TestLeadingZeros(t *testing.T) {
	for text, want := range map[string]int{
		"000000000e9d97a1ab09fc381030b346cdd7a142ad57e6df0b46dc9bef6c7e2d": 36,
		"000006d8c378af1779d2feebc7603a125d99eca0ccf1085959b307f64e5dd358": 21,
		"002f000000000000000000000000000000000000000000000000000000000000": 10,
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff": 0,
		"0000000000000000000000000000000000000000000000000000000000000000": 256,
		"0000000000000000000000000000000000000000000000000000000000000001": 255,
	} {
		id, err := ParseID(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := id.LeadingZeros(); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}
