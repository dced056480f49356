package app

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
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

// maxControl bounds a request and a line of an answer on the control socket, in bytes.
const maxControl = 64 << 10

// lineWriter returns what answers a request on the control socket with JSON lines, one at a time.
func lineWriter(w http.ResponseWriter) func(line any) {
	w.Header().Set("Content-Type", "application/jsonl")
	lines, control := json.NewEncoder(w), http.NewResponseController(w)
	return func(line any) {
		// Who does not listen any more has ended the request's context, and with it the work.
		_ = lines.Encode(line)
		_ = control.Flush()
	}
}

// askNode has the node that serves from a data directory do something, and calls line with each line of its answer,
// until that says that it was the last. It returns ErrNotRunning where no node serves.
func askNode(ctx context.Context, dataDir, path string, question any,
	line func(text []byte) (last bool, err error)) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://node"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	client := ControlClient(dataDir)
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	var asked *url.Error
	if errors.As(err, &asked) {
		err = asked.Err // the address is none that a person knows
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10)) // as far as it goes
		return fmt.Errorf("the node answers %s: %s", resp.Status, bytes.TrimSpace(why))
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, maxControl)
	for lines.Scan() {
		if last, err := line(lines.Bytes()); last || err != nil {
			return err
		}
	}
	if err := cmp.Or(ctx.Err(), lines.Err()); err != nil {
		return err
	}
	return errors.New("the node stopped before this was done; what came so far stays")
}

// asError is the error that a line tells of, if it does.
func asError(text string) error {
	if text == "" {
		return nil
	}
	return errors.New(text)
}
