package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
)

// ErrNotRunning is returned when no node serves from a data directory.
var ErrNotRunning = errors.New("no node is running on this data directory")

const controlSocket = "control.sock"

// listenControl makes the socket by which commands on this machine reach the node. Whoever holds the lock may take the
// place of one that a killed node left.
func listenControl(dataDir string) (net.Listener, error) {
	dir, err := os.Open(dataDir)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	name := filepath.Join(dataDir, controlSocket)
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", shortPath(dir))
	if err != nil {
		return nil, fmt.Errorf("making the control socket: %w", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // it would remove the short path, which ends with dir
	if err := os.Chmod(name, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return &controlListener{l, name}, nil
}

// controlListener removes its socket when it closes.
type controlListener struct {
	net.Listener
	name string
}

func (l *controlListener) Close() error {
	err := l.Listener.Close()
	if err == nil {
		err = os.Remove(l.name)
	}
	return err
}

// shortPath names the socket in an open directory. A socket's address has room for about a hundred bytes, fewer than
// many a path has.
func shortPath(dir *os.File) string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), controlSocket)
}

// ControlClient returns a client that reaches the node serving from a data directory, whatever host its URLs name.
// Requests fail with ErrNotRunning where none does.
func ControlClient(dataDir string) *http.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		dir, err := os.Open(dataDir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, ErrNotRunning
		}
		if err != nil {
			return nil, err
		}
		defer dir.Close()
		c, err := new(net.Dialer).DialContext(ctx, "unix", shortPath(dir))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
			return nil, ErrNotRunning
		}
		return c, err
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial}}
}
