package feed

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"

	"madang/internal/nostr"
)

// keySalt separates feeds' keys from whatever else is derived from the node's. See docs/formats.md.
const keySalt = "madang feed v1"

// deriveKey returns a feed's own key: the same for the same feed on the same node, and telling nothing of the node's.
func deriveKey(node nostr.SecretKey, identity string) (nostr.SecretKey, error) {
	for counter := range 256 {
		info := identity
		if counter > 0 { // a derived number that is no key comes once in 2^128 feeds
			info += string([]byte{byte(counter)})
		}
		b, err := hkdf.Key(sha256.New, node[:], []byte(keySalt), info, 32)
		if err != nil {
			return nostr.SecretKey{}, fmt.Errorf("derive the feed's key: %w", err)
		}
		if sk := nostr.SecretKey(b); sk.Valid() {
			return sk, nil
		}
	}
	return nostr.SecretKey{}, errors.New("derive the feed's key: no valid key")
}
