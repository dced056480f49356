package bench

import (
	"os"
	"testing"
	"time"
)

func TestParseIO(t *testing.T) {
	got, err := parseIO([]byte("rchar: 2342\nwchar: 307211\nsyscr: 9\nread_bytes: 4096\nwrite_bytes: 1236992\n" +
		"cancelled_write_bytes: 7\n"))
	if want := (disk{handed: 307211, written: 1236992}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if _, err := parseIO([]byte("wchar: 1\n")); err == nil {
		t.Error("a missing line went unnoticed")
	}
}

func TestParseStatus(t *testing.T) {
	got, err := parseStatus([]byte("Name:\tmadang\nVmPeak:\t  900 kB\nVmHWM:\t   20 kB\nVmRSS:\t   10 kB\nThreads:\t9\n"))
	if want := (memory{now: 10 << 10, peak: 20 << 10}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, bad := range []string{"", "VmRSS: 1 kB\n", "VmRSS: 1 MB\nVmHWM: 1 MB\n", "VmRSS: x kB\nVmHWM: 1 kB\n"} {
		if got, err := parseStatus([]byte(bad)); err == nil {
			t.Errorf("%q: got %+v", bad, got)
		}
	}
}

func TestParseDevice(t *testing.T) {
	got, err := parseDevice([]byte("  10 0 80 1 20 3 160 4 0 5 6\n"))
	if err != nil || got != 160*512 {
		t.Errorf("got %d, %v", got, err)
	}
	if got, err := parseDevice([]byte("1 2 3")); err == nil {
		t.Errorf("got %d of too few fields", got)
	}
}

// TestOwnProcess reads what the system says of this process, which has run, has memory, and writes.
func TestOwnProcess(t *testing.T) {
	pid := os.Getpid()
	if used, err := cpuTime(pid); err != nil || used <= 0 || used > 24*time.Hour {
		t.Errorf("CPU time: %v, %v", used, err)
	}
	if m, err := memoryOf(pid); err != nil || m.now < 1<<20 || m.peak < m.now {
		t.Errorf("memory: %+v, %v", m, err)
	}
	before, err := diskOf(pid)
	if err != nil {
		t.Fatal(err)
	}
	s, err := measureSyncs(t.TempDir(), 3)
	if err != nil {
		t.Fatal(err)
	}
	after, err := diskOf(pid)
	if err != nil {
		t.Fatal(err)
	}
	if handed := after.since(before).handed; len(s.waits) != 3 || handed < 3*1024 {
		t.Errorf("%d appends, %d bytes handed to the system", len(s.waits), handed)
	}
}
