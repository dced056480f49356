// Package blob is the content-addressed store: blobs named by their SHA-256 (Blossom, BUD-01 and BUD-02). Dir keeps
// them in a directory, one file and one record a blob; docs/formats.md describes both. Package blobtest holds the
// tests that every Store passes.
package blob

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"madang/internal/durable"
	"madang/internal/nostr"
)

// Hash is a blob's SHA-256.
type Hash [32]byte

// Info describes a stored blob.
type Info struct {
	Hash     Hash
	Size     int64  // bytes
	Type     string // MIME type, well-formed, never empty
	Uploaded int64  // Unix seconds of the first upload; in List, of the owner's upload
	Owners   []nostr.PubKey
}

var (
	ErrNotFound = errors.New("no such blob")
	ErrNotOwner = errors.New("the blob is another's")
	ErrHash     = errors.New("content does not match its hash")
	ErrTooLarge = errors.New("blob too large")
	ErrFull     = durable.ErrFull
	// ErrDamaged is wrapped by what Check finds wrong.
	ErrDamaged = errors.New("damaged blob")
)

// Overhead is what a blob takes of the disk beside its content, in bytes, or more: its record, and the rest of the last
// block of either file. Without it, a quota would let somebody fill the disk with files of one byte.
const Overhead = 8 << 10

// Put says what is known of an upload beforehand.
type Put struct {
	Want  *Hash  // refuse other content with ErrHash
	Type  string // "", application/octet-stream or not a MIME type: sniffed
	Owner nostr.PubKey
	Max   int64 // bytes that are taken; more is ErrTooLarge
}

// Store is a content-addressed store. All methods are safe for concurrent use.
type Store interface {
	// Put stores r's bytes durably; created is false when the blob was there (the owner is added all the same). When
	// r or ctx ends with an error, nothing is stored.
	Put(ctx context.Context, r io.Reader, p Put) (info Info, created bool, err error)
	// Open reads a blob, or returns ErrNotFound. A blob that is deleted meanwhile can be read to its end.
	Open(ctx context.Context, h Hash) (io.ReadSeekCloser, Info, error)
	// Stat describes a blob, or returns ErrNotFound.
	Stat(ctx context.Context, h Hash) (Info, error)
	// Delete takes the owner away, and the blob with its last owner. ErrNotFound: no such blob; ErrNotOwner: it has
	// other owners only.
	Delete(ctx context.Context, h Hash, owner nostr.PubKey) error
	// List yields an owner's blobs, newest upload first, after cursor (exclusive; nil: from the start). A cursor that
	// is no blob of the owner is ErrNotFound.
	List(ctx context.Context, owner nostr.PubKey, cursor *Hash, limit int) ([]Info, error)
	// Used returns the bytes that an owner's blobs take, with Overhead for each.
	Used(ctx context.Context, owner nostr.PubKey) (int64, error)
	// Check reads every blob and calls bad, with an error that wraps ErrDamaged, for each that does not match its hash
	// or record.
	Check(ctx context.Context, bad func(Hash, error)) (count int, err error)
	Close() error
}

// String returns 64 lowercase hex digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads exactly 64 lowercase hex digits.
func ParseHash(s string) (h Hash, err error) { return h, h.UnmarshalText([]byte(s)) }

// MarshalText makes a hash a hex string in JSON.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads what MarshalText writes, and nothing else.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) != 2*len(h) {
		return fmt.Errorf("a SHA-256 has %d hex digits, this has %d characters", 2*len(h), len(text))
	}
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return errors.New("a SHA-256 is written in lowercase hex")
		}
	}
	_, err := hex.Decode(h[:], text)
	return err
}
