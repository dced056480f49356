package blob

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"

	"madang/internal/nostr"
)

const (
	maxRecord = 4 << 20 // bytes of a record that are read
	maxOwners = 10_000  // of one blob; a record of so many is 1.2 MB
)

// record is what stands beside each blob, as <hash>.json.
type record struct {
	Type     string  `json:"type"`
	Size     int64   `json:"size"`     // bytes
	Uploaded int64   `json:"uploaded"` // Unix seconds of the first upload
	Owners   []owner `json:"owners"`   // in the order they came; never empty
}

type owner struct {
	PubKey   hexKey `json:"pubkey"`
	Uploaded int64  `json:"uploaded"` // Unix seconds
}

// hexKey is a public key that is a hex string in JSON.
type hexKey nostr.PubKey

func (k hexKey) MarshalText() ([]byte, error) { return []byte(nostr.PubKey(k).String()), nil }

func (k *hexKey) UnmarshalText(text []byte) error {
	pk, err := nostr.ParsePubKey(string(text))
	*k = hexKey(pk)
	return err
}

// of returns the place of an owner, or -1.
func (r *record) of(pk nostr.PubKey) int {
	for i, o := range r.Owners {
		if o.PubKey == hexKey(pk) {
			return i
		}
	}
	return -1
}

// with returns the record with an owner more, or the record itself if the owner is in it.
func (r *record) with(pk nostr.PubKey, now int64) (*record, error) {
	if r.of(pk) >= 0 {
		return r, nil
	}
	if len(r.Owners) >= maxOwners {
		return nil, fmt.Errorf("this blob has %d owners already", maxOwners)
	}
	more := *r
	more.Owners = append(r.Owners[:len(r.Owners):len(r.Owners)], owner{hexKey(pk), now})
	return &more, nil
}

// without returns the record without its owner at place i.
func (r *record) without(i int) *record {
	rest := *r
	rest.Owners = slices.Concat(r.Owners[:i], r.Owners[i+1:])
	return &rest
}

// info describes the blob to whoever asks.
func (r *record) info(h Hash) Info {
	owners := make([]nostr.PubKey, len(r.Owners))
	for i, o := range r.Owners {
		owners[i] = nostr.PubKey(o.PubKey)
	}
	return Info{Hash: h, Size: r.Size, Type: r.Type, Uploaded: r.Uploaded, Owners: owners}
}

func readRecord(path string) (*record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxRecord))
	if err != nil {
		return nil, err
	}
	r := new(record)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%w: unreadable record: %w", ErrDamaged, err)
	}
	if r.Size < 0 || r.Type == "" || len(r.Owners) == 0 {
		return nil, fmt.Errorf("%w: incomplete record", ErrDamaged)
	}
	return r, nil
}
