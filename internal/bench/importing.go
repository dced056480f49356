package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// imported is what an import took.
type imported struct {
	cpu  time.Duration
	peak int64 // bytes resident
	disk disk
}

// importing measures madang import.
func (r *run) importing(ctx context.Context) error {
	data := filepath.Join(r.dir, "data")
	took, err := r.importInto(ctx, data)
	if err != nil {
		return err
	}
	r.data = data
	n, raw := float64(r.stored.count), float64(r.stored.bytes)
	r.add(row{
		what: "CPU an event", unit: seconds, figure: took.cpu.Seconds() / n, target: 55e-6,
		limit: r.machine.check, limitName: "one signature check",
	})
	r.add(row{what: "memory at its peak", unit: bytesOf, figure: float64(took.peak), target: 500 << 20})
	r.add(row{
		what: "sent to the disk, of the raw JSON", unit: times, figure: float64(took.disk.written) / raw, target: 1.6,
		limit: 1, limitName: "the raw JSON",
		note: fmt.Sprintf("handed to the system: %s", times.format(float64(took.disk.handed)/raw)),
	})
	var on int64
	var parts []string
	for _, part := range []string{"log", "index"} {
		size, err := sizeOnDisk(filepath.Join(data, part))
		if err != nil {
			return err
		}
		on += size
		parts = append(parts, fmt.Sprintf("%s %s", part, times.format(float64(size)/raw)))
	}
	all, err := sizeOnDisk(data)
	if err != nil {
		return err
	}
	parts = append(parts, fmt.Sprintf("all else %s", times.format(float64(all-on)/raw)))
	r.add(row{
		what: "log and index on the disk, of the raw JSON", unit: times, figure: float64(on) / raw, target: 1.25,
		limit: 1, limitName: "the raw JSON", note: strings.Join(parts, ", "),
	})
	return nil
}

// importInto runs madang import with the events on its standard input.
func (r *run) importInto(ctx context.Context, data string) (took imported, err error) {
	in, err := os.Open(r.stored.file)
	if err != nil {
		return took, err
	}
	defer in.Close()
	cmd := exec.CommandContext(ctx, r.cfg.Program, "import", "--data", data, "-")
	var out, complaints bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = io.LimitReader(in, r.stored.bytes), &out, &complaints
	if err := cmd.Start(); err != nil {
		return took, err
	}
	pid := cmd.Process.Pid
	ended := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { took.peak = peakUntil(ended, pid) })
	waitErr := awaitEnd(pid)
	took.disk, err = diskOf(pid) // while its parent has not asked how it ended, the system still knows
	close(ended)
	watching.Wait()
	err = errors.Join(waitErr, err, cmd.Wait())
	if err != nil {
		return took, fmt.Errorf("madang import: %w: %s", err, &complaints)
	}
	want := fmt.Sprintf("imported %d, duplicates 0, refused 0\n", r.stored.count)
	if !strings.HasSuffix(out.String(), want) {
		return took, fmt.Errorf("madang import says %q, not %q", &out, want)
	}
	took.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return took, nil
}

// awaitEnd waits until the process has ended, and leaves the rest to its parent.
func awaitEnd(pid int) error {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// peakUntil reads the peak of resident memory again and again: the system forgets it when the process ends, and what
// wait4(2) tells instead counts this process before it became the other one.
func peakUntil(ended <-chan struct{}, pid int) (peak int64) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if m, err := memoryOf(pid); err == nil {
			peak = max(peak, m.peak)
		}
		select {
		case <-ended:
			return peak
		case <-tick.C:
		}
	}
}

// sizeOnDisk returns how many bytes of the disk everything below dir takes.
func sizeOnDisk(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if s, ok := info.Sys().(*syscall.Stat_t); ok {
			size += 512 * s.Blocks
		}
		return nil
	})
	return size, err
}
