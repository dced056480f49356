// Package dataset makes the events that benchmarks store and send: profiles, notes, reactions, gift wraps, articles and
// videos by 1,000 authors, about 1 KB each, the same ones every time. A stream of events has no end: what is asked for
// is its beginning, so that the events of a small run are the first ones of a large run. They are signed as any other,
// which takes a while, and kept in a file.
package dataset

import (
	"crypto/sha256"
	"encoding/binary"

	"madang/internal/nostr"
)

// Stream is a sequence of events.
type Stream byte

const (
	Stored Stream = 1 // what a node has before it is measured
	Live   Stream = 2 // what it gets while it is measured; newer than all that is stored
)

// Authors is how many write all but gift wraps. The lower an author's number, the more events it has.
const Authors = 1000

// LiveRecipients is how many the gift wraps of Live are for: the recipients from 0 on, each as often as any other.
const LiveRecipients = 1000

const (
	version   = 1 // of what is made: files of another version are not read
	blockSize = 1000
)

// Author returns the key of author number i, 0 to Authors-1.
func Author(i int) nostr.SecretKey { return key("author", i) }

// Recipient returns the key of whom gift wraps are for. Those of low numbers have most of them.
func Recipient(i int) nostr.SecretKey { return key("recipient", i) }

// key derives a key from what it is for. That the hash is no valid key has a chance of one in 2^127.
func key(what string, i int) nostr.SecretKey {
	return nostr.SecretKey(sha256.Sum256(binary.BigEndian.AppendUint64([]byte("madang bench "+what), uint64(i))))
}
