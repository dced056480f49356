package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime returns what all threads of a running process have used, those that have ended among them, in user and system
// mode. It is the process's CPU clock (clock_getcpuclockid(3)), which counts nanoseconds: /proc/PID/stat counts ticks
// of 10 ms, and /proc/PID/task/*/schedstat forgets threads that have ended.
func cpuTime(pid int) (time.Duration, error) {
	const cpuClock = 2 // CPUCLOCK_SCHED, of a whole process
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|cpuClock), &t); err != nil {
		return 0, fmt.Errorf("CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// disk is what a process has written (proc_pid_io(5)), in bytes.
type disk struct {
	handed  int64 // to write(2) and its kin, whatever became of it
	written int64 // to be sent to the disk: whole pages
}

func (d disk) since(earlier disk) disk {
	return disk{d.handed - earlier.handed, d.written - earlier.written}
}

func diskOf(pid int) (disk, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		return disk{}, err
	}
	return parseIO(b)
}

func parseIO(b []byte) (d disk, err error) {
	if d.handed, err = number(b, "wchar", ""); err != nil {
		return disk{}, err
	}
	d.written, err = number(b, "write_bytes", "")
	return d, err
}

// deviceWritten returns how many bytes the disk that holds dir has taken since the system started, whoever wrote them,
// with what the file system writes for itself; 0 where the system does not tell (admin-guide/iostats.rst of Linux).
func deviceWritten(dir string) (int64, error) {
	var info unix.Stat_t
	if err := unix.Stat(dir, &info); err != nil {
		return 0, err
	}
	b, err := os.ReadFile(fmt.Sprintf("/sys/dev/block/%d:%d/stat", unix.Major(info.Dev), unix.Minor(info.Dev)))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return parseDevice(b)
}

func parseDevice(b []byte) (int64, error) {
	const sectorsWritten, sector = 6, 512 // the field, from 0 on, and its unit whatever the disk's own
	fields := bytes.Fields(b)
	if len(fields) <= sectorsWritten {
		return 0, fmt.Errorf("%d fields of a disk's figures", len(fields))
	}
	n, err := strconv.ParseInt(string(fields[sectorsWritten]), 10, 64)
	return n * sector, err
}

// memory is of a process (proc_pid_status(5)), in bytes.
type memory struct {
	now, peak int64 // resident
}

func memoryOf(pid int) (memory, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return memory{}, err
	}
	return parseStatus(b)
}

func parseStatus(b []byte) (m memory, err error) {
	if m.now, err = number(b, "VmRSS", " kB"); err != nil {
		return memory{}, err
	}
	m.peak, err = number(b, "VmHWM", " kB")
	return memory{1024 * m.now, 1024 * m.peak}, err
}

// number reads a line such as "name:   123 unit".
func number(b []byte, name, unit string) (int64, error) {
	for line := range bytes.Lines(b) {
		value, ok := bytes.CutPrefix(line, []byte(name+":"))
		if !ok {
			continue
		}
		value, ok = bytes.CutSuffix(bytes.TrimSpace(value), []byte(unit))
		if !ok {
			return 0, fmt.Errorf("%s is not in %q", line, unit)
		}
		return strconv.ParseInt(string(value), 10, 64)
	}
	return 0, fmt.Errorf("there is no %s", name)
}
