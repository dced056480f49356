// Package durable keeps files whole through power cuts: atomic replacement, directory syncs, a lock between processes,
// and the small file system interface (FS) over which the event log is written, so that tests can cut the power and
// fill the disk (package durabletest). POSIX is its spec: fsync, rename, flock.
package durable

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// ErrFull is wrapped by errors that mean no room (ENOSPC, EDQUOT).
var ErrFull = errors.New("no room on the disk")

// Full adds ErrFull to an error that means no room, and returns any other as it is.
func Full(err error) error {
	if (errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)) && !errors.Is(err, ErrFull) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// AtomicWriteFile gives name the content data and the mode perm: after a power cut the file has either its old content
// or the new one, and once this returns nil it has the new one. Only one writer at a time may write the same name.
func AtomicWriteFile(name string, data []byte, perm os.FileMode) error {
	return WriteFile(OS{}, name, data, perm)
}

// WriteFile is AtomicWriteFile on any FS.
func WriteFile(fsys FS, name string, data []byte, perm os.FileMode) error {
	temp := name + ".tmp"
	if err := writeSynced(fsys, temp, data, perm); err != nil {
		fsys.Remove(temp)
		return Full(fmt.Errorf("writing %s: %w", name, err))
	}
	if err := fsys.Rename(temp, name); err != nil {
		fsys.Remove(temp)
		return Full(fmt.Errorf("writing %s: %w", name, err))
	}
	return Full(fsys.SyncDir(filepath.Dir(name)))
}

// ReadFile reads a file of at most max bytes. A missing one is fs.ErrNotExist.
func ReadFile(fsys FS, name string, max int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > max {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, max)
	}
	b := make([]byte, size)
	if n, err := f.ReadAt(b, 0); n < len(b) {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return b, nil
}

func writeSynced(fsys FS, name string, data []byte, perm os.FileMode) error {
	f, err := fsys.Create(name, perm)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// SyncDir makes the names in a directory durable: what was made, renamed or removed in it.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// WriteJSON is AtomicWriteFile with v as indented JSON.
func WriteJSON(name string, v any, perm os.FileMode) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return AtomicWriteFile(name, append(data, '\n'), perm)
}

// ReadJSON reads a JSON file of at most max bytes into v. A missing file is fs.ErrNotExist.
func ReadJSON(name string, v any, max int64) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, max+1))
	if err != nil {
		return err
	}
	if int64(len(data)) > max {
		return fmt.Errorf("%s is larger than %d bytes", name, max)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
