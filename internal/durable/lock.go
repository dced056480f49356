package durable

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ErrLocked: another process holds the lock.
var ErrLocked = errors.New("in use by another process")

// LockFile is a held lock.
type LockFile struct{ f *os.File }

// Lock takes the lock that the file name stands for, making the file if absent, without waiting: an error wrapping
// ErrLocked says that another holds it, in this process or any other. The system frees it when the process ends,
// however it ends; the file stays, since removing it would let two holders in.
func Lock(name string) (*LockFile, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w", name, ErrLocked)
		}
		return nil, &os.PathError{Op: "flock", Path: name, Err: err}
	}
	return &LockFile{f}, nil
}

// Unlock gives the lock back.
func (l *LockFile) Unlock() error { return l.f.Close() }
