package blob

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"madang/internal/durable"
	"madang/internal/nostr"
)

// Dir is a Store in a directory:
//
//	tmp/              uploads on their way, emptied at open
//	ab/cdef…          the blob whose hash is abcdef…: 2 hex digits, then 62
//	ab/cdef….json     its record
//
// A blob is there when both its files are. The blob's name is made before the record's, and the record's name is taken
// away before the blob's: whatever a power cut leaves of a Put or a Delete is a blob without a record, which open
// removes.
type Dir struct {
	path    string
	catalog *catalog
	now     func() time.Time
	create  func(dir string) (file, error)
	free    func(dir string) (int64, error)

	// locks[b] is held while the files of directory b, or the catalog's records of them, change.
	locks [256]sync.Mutex
}

var _ Store = (*Dir)(nil)

// OpenDir opens or makes a store in a directory that no other process uses. It reads every record. now dates uploads;
// nil: time.Now.
func OpenDir(path string, now func() time.Time) (*Dir, error) {
	if now == nil {
		now = time.Now
	}
	d := &Dir{path: path, catalog: newCatalog(), now: now, create: createTemp,
		free: durable.OS{}.Free}
	if err := os.RemoveAll(d.tmp()); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(d.tmp(), 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var group errgroup.Group
	group.SetLimit(8) // the disk's latency is what there is to hide
	for _, e := range entries {
		if e.IsDir() && len(e.Name()) == 2 {
			group.Go(func() error { return d.load(e.Name()) })
		}
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("open blob store: %w", err)
	}
	return d, nil
}

// load takes one directory's blobs into the catalog, and removes what a power cut left of unfinished ones.
func (d *Dir) load(prefix string) error {
	entries, err := os.ReadDir(filepath.Join(d.path, prefix))
	if err != nil {
		return err
	}
	names := make(map[string]bool, len(entries))
	for _, e := range entries {
		names[e.Name()] = true
	}
	for name := range names {
		digits, isRecord := strings.CutSuffix(name, ".json")
		h, err := ParseHash(prefix + digits)
		if err != nil {
			continue // not ours: leave it alone
		}
		if !isRecord {
			if !names[name+".json"] {
				if err := os.Remove(d.Path(h)); err != nil {
					return err
				}
			}
			continue
		}
		r, err := readRecord(d.recordPath(h))
		if err == nil && !names[digits] {
			err = fmt.Errorf("%w: the file is missing", ErrDamaged)
		}
		switch {
		case err == nil:
			d.catalog.set(h, r)
		case errors.Is(err, ErrDamaged):
			d.catalog.mu.Lock()
			d.catalog.damaged[h] = err
			d.catalog.mu.Unlock()
		default:
			return err
		}
	}
	return nil
}

func (d *Dir) tmp() string { return filepath.Join(d.path, "tmp") }

// Path returns the file of a stored blob, for ffmpeg to read. The file must not be altered.
func (d *Dir) Path(h Hash) string {
	s := h.String()
	return filepath.Join(d.path, s[:2], s[2:])
}

func (d *Dir) recordPath(h Hash) string { return d.Path(h) + ".json" }

// Open implements Store. What it returns is an *os.File, which a web server can hand to the kernel.
func (d *Dir) Open(_ context.Context, h Hash) (io.ReadSeekCloser, Info, error) {
	r, ok := d.catalog.get(h)
	if !ok {
		return nil, Info{}, ErrNotFound
	}
	f, err := os.Open(d.Path(h))
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNotFound // deleted a moment ago
	}
	if err != nil {
		return nil, Info{}, err
	}
	return f, r.info(h), nil
}

// Stat implements Store.
func (d *Dir) Stat(_ context.Context, h Hash) (Info, error) {
	r, ok := d.catalog.get(h)
	if !ok {
		return Info{}, ErrNotFound
	}
	return r.info(h), nil
}

// Delete implements Store.
func (d *Dir) Delete(_ context.Context, h Hash, pk nostr.PubKey) error {
	lock := &d.locks[h[0]]
	lock.Lock()
	defer lock.Unlock()
	r, ok := d.catalog.get(h)
	if !ok {
		return ErrNotFound
	}
	i := r.of(pk)
	if i < 0 {
		return ErrNotOwner
	}
	if len(r.Owners) > 1 {
		return d.writeRecord(h, r.without(i))
	}
	dir := filepath.Dir(d.Path(h))
	if err := os.Remove(d.recordPath(h)); err != nil {
		return err
	}
	d.catalog.set(h, nil)
	if err := durable.SyncDir(dir); err != nil {
		return err
	}
	return os.Remove(d.Path(h))
}

// List implements Store.
func (d *Dir) List(_ context.Context, pk nostr.PubKey, cursor *Hash, limit int) ([]Info, error) {
	return d.catalog.list(pk, cursor, limit)
}

// Used implements Store.
func (d *Dir) Used(_ context.Context, pk nostr.PubKey) (int64, error) { return d.catalog.used(pk), nil }

// Total returns how many blobs there are, and their bytes together.
func (d *Dir) Total() (count int, bytes int64) { return d.catalog.total() }

// Check implements Store.
func (d *Dir) Check(ctx context.Context, bad func(Hash, error)) (count int, err error) {
	for _, h := range d.catalog.hashes() {
		if err := ctx.Err(); err != nil {
			return count, err
		}
		count++
		if err := d.check(ctx, h); errors.Is(err, ErrDamaged) {
			bad(h, err)
		} else if err != nil {
			return count, err
		}
	}
	return count, nil
}

func (d *Dir) check(ctx context.Context, h Hash) error {
	if err := d.catalog.damage(h); err != nil {
		return err
	}
	r, ok := d.catalog.get(h)
	if !ok {
		return nil // deleted meanwhile
	}
	f, err := os.Open(d.Path(h))
	if errors.Is(err, fs.ErrNotExist) {
		if _, ok := d.catalog.get(h); !ok {
			return nil
		}
		return fmt.Errorf("%w: the file is missing", ErrDamaged)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, contextReader{ctx, f})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("%w: %w", ErrDamaged, err) // a disk that cannot read it back
	case Hash(sum.Sum(nil)) != h:
		return fmt.Errorf("%w: %w", ErrDamaged, ErrHash)
	case n != r.Size:
		return fmt.Errorf("%w: the record says %d bytes, there are %d", ErrDamaged, r.Size, n)
	}
	return nil
}

// Close implements Store. There is nothing to write: whatever was acknowledged is on the disk.
func (d *Dir) Close() error { return nil }

// contextReader ends with ctx.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
