package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"time"
)

// stopTime is how long a server may take to end after SIGTERM: the 5 s that it promises, and as much again.
const stopTime = 10 * time.Second

// server is a madang process that serves.
type server struct {
	cmd  *exec.Cmd
	addr string
	log  string // file of its log

	// What its start took until it listened.
	startWall, startCPU time.Duration
}

var listening = regexp.MustCompile(`listening on ([0-9.:]+)\)`)

// startServer returns when the server listens on a port of its own. It is killed when ctx ends.
func startServer(ctx context.Context, program, data, log string) (s *server, err error) {
	cmd := exec.CommandContext(ctx, program, "serve", "--data", data, "--listen", "127.0.0.1:0", "--open")
	s = &server{cmd: cmd, log: log}
	file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	s.cmd.Stderr = file
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		found := listening.FindStringSubmatch(lines.Text())
		if found == nil {
			continue
		}
		s.addr, s.startWall = found[1], time.Since(began)
		s.startCPU, err = s.cpu()
		go io.Copy(io.Discard, stdout) // ends with the process
		if err != nil {
			return nil, errors.Join(err, s.kill())
		}
		return s, nil
	}
	return nil, errors.Join(fmt.Errorf("%s does not listen: %s", program, lastWords(log)), s.kill(), ctx.Err())
}

// cpu returns what the server has used since it began.
func (s *server) cpu() (time.Duration, error) { return cpuTime(s.cmd.Process.Pid) }

func (s *server) disk() (disk, error) { return diskOf(s.cmd.Process.Pid) }

func (s *server) memory() (memory, error) { return memoryOf(s.cmd.Process.Pid) }

// spent is what the server used for a while.
type spent struct {
	cpu  time.Duration
	wall time.Duration
	disk disk
}

// measure tells what the server uses while f runs.
func (s *server) measure(f func() error) (used spent, err error) {
	cpu, err := s.cpu()
	if err != nil {
		return spent{}, err
	}
	before, err := s.disk()
	if err != nil {
		return spent{}, err
	}
	began := time.Now()
	if err := f(); err != nil {
		return spent{}, errors.Join(err, s.health())
	}
	used.wall = time.Since(began)
	after, err := s.cpu()
	if err != nil {
		return spent{}, err
	}
	used.cpu = after - cpu
	written, err := s.disk()
	used.disk = written.since(before)
	return used, err
}

// What a server does in the background when it has time, such as taking new events into the search index, begins after
// a pause and goes on in spells. It is at rest when it has used next to nothing for longer than that.
const (
	restSlice  = 500 * time.Millisecond
	restSlices = 7
	restShare  = 0.04 // of a core
)

// rest waits until the server is at rest, so that nothing that was asked before counts to what is asked next.
func (s *server) rest(ctx context.Context) error {
	tick := time.NewTicker(restSlice)
	defer tick.Stop()
	before, err := s.cpu()
	for idle := 0; idle < restSlices && err == nil; {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server does not come to rest: %w", context.Cause(ctx))
		case <-tick.C:
		}
		var now time.Duration
		now, err = s.cpu()
		if idle++; (now - before).Seconds() > restShare*restSlice.Seconds() {
			idle = 0
		}
		before = now
	}
	return err
}

// health is an error if the server has ended by itself.
func (s *server) health() error {
	if err := s.cmd.Process.Signal(syscall.Signal(0)); err != nil {
		return fmt.Errorf("the server is gone: %s", lastWords(s.log))
	}
	return nil
}

// stop ends the server as an operator does. One that does not end is made to write into its log where it hangs.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return errors.Join(err, s.kill())
	}
	late := time.AfterFunc(stopTime, func() { s.cmd.Process.Signal(syscall.SIGQUIT) })
	defer late.Stop()
	never := time.AfterFunc(2*stopTime, func() { s.cmd.Process.Kill() })
	defer never.Stop()
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("the server did not end well: %w: %s", err, lastWords(s.log))
	}
	return nil
}

// kill ends the server as a power cut does, but for what the system has not yet written.
func (s *server) kill() error {
	err := s.cmd.Process.Kill()
	_ = s.cmd.Wait() // says that it was killed
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// lastWords returns the end of a log.
func lastWords(log string) string {
	const most = 2000
	b, err := os.ReadFile(log)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-most):])
}
