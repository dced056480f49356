package durable

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// FS is what the event log needs of a file system. Names are paths as in package os.
type FS interface {
	// MkdirAll makes a directory and its parents, and makes the directory's own name durable.
	MkdirAll(dir string) error
	// ReadDir returns the names in a directory, sorted.
	ReadDir(dir string) ([]string, error)
	// Create makes a file, or empties one that exists.
	Create(name string, perm os.FileMode) (File, error)
	// Open opens a file that exists, for reading and writing.
	Open(name string) (File, error)
	Rename(from, to string) error
	Remove(name string) error
	// SyncDir makes the names in a directory durable.
	SyncDir(dir string) error
	// Free returns the bytes that may still be written to the file system that holds dir.
	Free(dir string) (int64, error)
}

// File is an open file of an FS. Written data is durable once Sync has returned nil.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
	Size() (int64, error)
}

// OS is the operating system's file system.
type OS struct{}

func (OS) MkdirAll(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(filepath.Clean(dir)))
}

func (OS) ReadDir(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

func (OS) Create(name string, perm os.FileMode) (File, error) {
	return openOS(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, perm)
}

func (OS) Open(name string) (File, error) { return openOS(name, os.O_RDWR, 0) }

func (OS) Rename(from, to string) error { return os.Rename(from, to) }
func (OS) Remove(name string) error     { return os.Remove(name) }
func (OS) SyncDir(dir string) error     { return SyncDir(dir) }

func (OS) Free(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

type osFile struct{ *os.File }

func openOS(name string, flag int, perm os.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// Sync writes the data and the size, but not the times, which spares an SD card one more block on every commit.
func (f osFile) Sync() error { return datasync(f.File) }

func (f osFile) Size() (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}
