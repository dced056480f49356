package blobtest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"madang/internal/blob"
	"madang/internal/nostr"
)

// Mem is a blob.Store in memory.
type Mem struct {
	mu    sync.Mutex // guards blobs
	blobs map[blob.Hash]*memBlob
}

type memBlob struct {
	content  []byte
	mime     string
	uploaded int64
	owners   []nostr.PubKey
	since    map[nostr.PubKey]int64
}

// NewMem returns an empty store.
func NewMem() *Mem { return &Mem{blobs: make(map[blob.Hash]*memBlob)} }

func (m *memBlob) info(h blob.Hash) blob.Info {
	return blob.Info{
		Hash: h, Size: int64(len(m.content)), Type: m.mime, Uploaded: m.uploaded, Owners: slices.Clone(m.owners),
	}
}

// Put implements blob.Store.
func (m *Mem) Put(ctx context.Context, r io.Reader, p blob.Put) (blob.Info, bool, error) {
	var content bytes.Buffer
	chunk := make([]byte, 4096)
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return blob.Info{}, false, err
		}
		n, err := r.Read(chunk)
		content.Write(chunk[:n])
		if int64(content.Len()) > p.Max {
			return blob.Info{}, false, blob.ErrTooLarge
		}
		done = errors.Is(err, io.EOF)
		if err != nil && !done {
			return blob.Info{}, false, err
		}
	}
	h := blob.Hash(sha256.Sum256(content.Bytes()))
	if p.Want != nil && *p.Want != h {
		return blob.Info{}, false, blob.ErrHash
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	b, there := m.blobs[h]
	now := time.Now().Unix()
	if !there {
		b = &memBlob{content: content.Bytes(), mime: memType(p.Type, content.Bytes()), uploaded: now}
		b.since = make(map[nostr.PubKey]int64)
		m.blobs[h] = b
	}
	if !slices.Contains(b.owners, p.Owner) {
		b.owners = append(b.owners, p.Owner)
		b.since[p.Owner] = now
	}
	return b.info(h), !there, nil
}

func memType(given string, content []byte) string {
	name, params, err := mime.ParseMediaType(given)
	if err != nil || len(given) > 255 || !strings.Contains(name, "/") || name == "application/octet-stream" {
		return http.DetectContentType(content)
	}
	return mime.FormatMediaType(name, params)
}

type memReader struct{ *bytes.Reader }

func (memReader) Close() error { return nil }

// Open implements blob.Store.
func (m *Mem) Open(_ context.Context, h blob.Hash) (io.ReadSeekCloser, blob.Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.blobs[h]
	if !ok {
		return nil, blob.Info{}, blob.ErrNotFound
	}
	return memReader{bytes.NewReader(b.content)}, b.info(h), nil
}

// Stat implements blob.Store.
func (m *Mem) Stat(_ context.Context, h blob.Hash) (blob.Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.blobs[h]
	if !ok {
		return blob.Info{}, blob.ErrNotFound
	}
	return b.info(h), nil
}

// Delete implements blob.Store.
func (m *Mem) Delete(_ context.Context, h blob.Hash, owner nostr.PubKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.blobs[h]
	if !ok {
		return blob.ErrNotFound
	}
	i := slices.Index(b.owners, owner)
	if i < 0 {
		return blob.ErrNotOwner
	}
	b.owners = slices.Delete(b.owners, i, i+1)
	delete(b.since, owner)
	if len(b.owners) == 0 {
		delete(m.blobs, h)
	}
	return nil
}

// List implements blob.Store.
func (m *Mem) List(_ context.Context, owner nostr.PubKey, cursor *blob.Hash, limit int) ([]blob.Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := []blob.Info{}
	for h, b := range m.blobs {
		if slices.Contains(b.owners, owner) {
			info := b.info(h)
			info.Uploaded = b.since[owner]
			list = append(list, info)
		}
	}
	slices.SortFunc(list, func(a, b blob.Info) int {
		return cmp.Or(cmp.Compare(b.Uploaded, a.Uploaded), bytes.Compare(b.Hash[:], a.Hash[:]))
	})
	if cursor != nil {
		i := slices.IndexFunc(list, func(info blob.Info) bool { return info.Hash == *cursor })
		if i < 0 {
			return nil, blob.ErrNotFound
		}
		list = list[i+1:]
	}
	return list[:min(limit, len(list))], nil
}

// Used implements blob.Store.
func (m *Mem) Used(_ context.Context, owner nostr.PubKey) (n int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range m.blobs {
		if slices.Contains(b.owners, owner) {
			n += int64(len(b.content)) + blob.Overhead
		}
	}
	return n, nil
}

// Check implements blob.Store.
func (m *Mem) Check(context.Context, func(blob.Hash, error)) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.blobs), nil
}

// Close implements blob.Store.
func (m *Mem) Close() error { return nil }
