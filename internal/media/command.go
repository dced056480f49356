package media

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	niceness  = 10      // of ffmpeg: the node's own work goes first
	maxStderr = 4 << 10 // bytes of its standard error that are kept, the last ones
)

// command runs one program in a process group of its own, at low priority, until it ends or ctx does; then the whole
// group is killed. onLine gets each line of its standard output. The error of a program that failed is *failure.
//
// The caller's goroutine must be locked to its thread: the kernel kills the program when that thread ends, so that not
// even a killed node leaves ffmpeg behind.
func command(ctx context.Context, onLine func(string), path string, args ...string) error {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second // for pipes that a grandchild might hold open
	stderr := &tail{max: maxStderr}
	cmd.Stderr = stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	// Without a lower priority the work is the same, only less polite.
	_ = unix.Setpriority(unix.PRIO_PGRP, cmd.Process.Pid, niceness)

	lines := bufio.NewScanner(stdout) // refuses a line of more than 64 KiB
	for lines.Scan() {
		onLine(lines.Text())
	}
	_, _ = io.Copy(io.Discard, stdout) // after such a line, so that the program does not wait for a reader
	err = cmd.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return &failure{err, stderr.String()}
	}
	return nil
}

// failure is a program that ended with an error.
type failure struct {
	err    error
	stderr string
}

func (f *failure) Error() string { return f.err.Error() + ": " + lastLine(f.stderr) }
func (f *failure) Unwrap() error { return f.err }

// diskFull reports whether the program had no room to write.
func (f *failure) diskFull() bool {
	return strings.Contains(f.stderr, syscall.ENOSPC.Error()) ||
		strings.Contains(f.stderr, "No space left on device")
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// tail keeps the last bytes written to it.
type tail struct {
	max int
	mu  sync.Mutex // guards buf: exec copies from a goroutine of its own
	buf []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p[max(0, len(p)-t.max):]...)
	t.buf = t.buf[max(0, len(t.buf)-t.max):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf)
}

var errTooSlow = errors.New("ffmpeg took too long")

// within bounds a program's time.
func within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, limit, errTooSlow)
}
