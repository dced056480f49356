// Package durabletest is a file system in memory that loses what was not synced when its power is cut, and fails where
// a test tells it to. It implements durable.FS.
package durabletest

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"madang/internal/durable"
)

// ErrPower is what every operation returns after a power cut.
var ErrPower = errors.New("the power is cut")

// Op is one operation about to be done.
type Op struct {
	N    int    // counts all operations of this FS that change something, from 1
	Kind string // "create", "write", "truncate", "sync", "rename", "remove", "syncdir"
	Name string
	Size int // bytes of a write
}

// FS is the file system. The zero value is not usable: call New.
type FS struct {
	mu      sync.Mutex
	files   map[string]*inode // as a running process sees it
	durable map[string]*inode // names that survive a power cut for certain
	ops     int
	free    int64

	// fail, if not nil, is asked before each operation that changes something. Of a write that fails, the first short
	// bytes are written all the same.
	fail func(Op) (short int, err error)
}

type inode struct {
	data    []byte
	synced  []byte
	pending []change
}

// change is a write (or, with trunc, a new size) that no sync has yet made durable.
type change struct {
	at    int64
	data  []byte
	trunc bool
}

// New returns an empty file system with plenty of room.
func New() *FS {
	return &FS{files: map[string]*inode{}, durable: map[string]*inode{}, free: 1 << 40}
}

// SetFail sets what decides which operations fail; nil: none does.
func (f *FS) SetFail(fail func(Op) (short int, err error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = fail
}

// SetFree sets what Free answers.
func (f *FS) SetFree(n int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.free = n
}

// Ops returns how many changing operations were tried.
func (f *FS) Ops() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ops
}

// Crash returns the file system that the next boot finds: what was synced, and of the rest whatever the chance of rng
// let reach the disk: each change whole, in part or not at all, in any order.
func (f *FS) Crash(rng *rand.Rand) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	names := map[string]bool{}
	for name := range f.files {
		names[name] = true
	}
	for name := range f.durable {
		names[name] = true
	}
	next := New()
	for _, name := range slices.Sorted(maps.Keys(names)) {
		now, was := f.files[name], f.durable[name]
		node := was
		if now != was && rng.IntN(2) == 0 {
			node = now
		}
		if node == nil {
			continue
		}
		data := node.survivor(rng)
		fresh := &inode{data: data, synced: slices.Clone(data)}
		next.files[name], next.durable[name] = fresh, fresh
	}
	return next
}

func (n *inode) survivor(rng *rand.Rand) []byte {
	data := slices.Clone(n.synced)
	for _, c := range n.pending {
		switch rng.IntN(3) {
		case 0: // lost
		case 1: // torn
			if c.trunc {
				continue
			}
			from, to := rng.IntN(len(c.data)+1), rng.IntN(len(c.data)+1)
			if from > to {
				from, to = to, from
			}
			data = c.part(from, to).apply(data)
		default:
			data = c.apply(data)
		}
	}
	return data
}

func (c change) part(from, to int) change {
	return change{at: c.at + int64(from), data: c.data[from:to]}
}

func (c change) apply(data []byte) []byte {
	if c.trunc {
		return resize(data, c.at)
	}
	if len(c.data) == 0 {
		return data
	}
	if end := c.at + int64(len(c.data)); end > int64(len(data)) {
		data = resize(data, end)
	}
	copy(data[c.at:], c.data)
	return data
}

func resize(data []byte, size int64) []byte {
	if size <= int64(len(data)) {
		return data[:size:size]
	}
	return append(data, make([]byte, size-int64(len(data)))...)
}

// begin counts an operation and asks whether it fails. f.mu is held.
func (f *FS) begin(kind, name string, size int) (short int, err error) {
	f.ops++
	if f.fail == nil {
		return 0, nil
	}
	short, err = f.fail(Op{N: f.ops, Kind: kind, Name: name, Size: size})
	if err != nil {
		err = &fs.PathError{Op: kind, Path: name, Err: err}
	}
	return short, err
}

func (f *FS) MkdirAll(string) error { return nil }

func (f *FS) ReadDir(dir string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for name := range f.files {
		if filepath.Dir(name) == filepath.Clean(dir) {
			names = append(names, filepath.Base(name))
		}
	}
	slices.Sort(names)
	return names, nil
}

func (f *FS) Create(name string, _ os.FileMode) (durable.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.begin("create", name, 0); err != nil {
		return nil, err
	}
	node := f.files[name]
	if node == nil {
		node = &inode{}
		f.files[name] = node
	} else {
		node.change(change{trunc: true})
	}
	return &file{fs: f, name: name, node: node}, nil
}

func (f *FS) Open(name string) (durable.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	node := f.files[name]
	if node == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &file{fs: f, name: name, node: node}, nil
}

func (f *FS) Rename(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.begin("rename", from, 0); err != nil {
		return err
	}
	if f.files[from] == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	f.files[to] = f.files[from]
	delete(f.files, from)
	return nil
}

func (f *FS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.begin("remove", name, 0); err != nil {
		return err
	}
	if f.files[name] == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	delete(f.files, name)
	return nil
}

func (f *FS) SyncDir(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.begin("syncdir", dir, 0); err != nil {
		return err
	}
	in := filepath.Clean(dir)
	for name := range f.durable {
		if filepath.Dir(name) == in && f.files[name] == nil {
			delete(f.durable, name)
		}
	}
	for name, node := range f.files {
		if filepath.Dir(name) == in {
			f.durable[name] = node
		}
	}
	return nil
}

func (f *FS) Free(string) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.free, nil
}

// Flip turns one bit of a file over, on the disk and in the running process's sight alike.
func (f *FS) Flip(name string, at int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[name].data[at] ^= 1
	f.files[name].synced = slices.Clone(f.files[name].data)
	f.files[name].pending = nil
}

// Sizes returns each file's size whose name ends so.
func (f *FS) Sizes(suffix string) map[string]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	sizes := map[string]int64{}
	for name, node := range f.files {
		if strings.HasSuffix(name, suffix) {
			sizes[name] = int64(len(node.data))
		}
	}
	return sizes
}

func (n *inode) change(c change) {
	n.data = c.apply(n.data)
	n.pending = append(n.pending, c)
}

type file struct {
	fs   *FS
	name string
	node *inode
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if off >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	n := len(p)
	short, err := f.fs.begin("write", f.name, len(p))
	if err != nil {
		n = min(short, len(p))
	}
	if n > 0 {
		f.node.change(change{at: off, data: slices.Clone(p[:n])})
	}
	return n, err
}

func (f *file) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if _, err := f.fs.begin("truncate", f.name, 0); err != nil {
		return err
	}
	f.node.change(change{at: size, trunc: true})
	return nil
}

// Sync makes the file's data durable. Like Linux, a failed sync forgets what was waiting: it stays in sight of the
// running process, but no later sync writes it.
func (f *file) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	_, err := f.fs.begin("sync", f.name, 0)
	if errors.Is(err, ErrPower) {
		return err
	}
	if err != nil {
		f.node.pending = nil
		return err
	}
	for _, c := range f.node.pending {
		f.node.synced = c.apply(f.node.synced)
	}
	f.node.pending = nil
	return nil
}

func (f *file) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return int64(len(f.node.data)), nil
}

func (f *file) Close() error { return nil }
