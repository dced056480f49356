package app

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"madang/internal/durable"
	"madang/internal/web"
)

// measure registers what /metrics tells of the store, the machine and the clock. The parts of the node register their
// own. docs/operating.md has a sentence for each; none may tell anything of people.
func (a *App) measure() {
	gauge := func(name string, value func() float64) { a.Metrics.NewGauge(name, value) }
	gauge("madang_log_bytes", func() float64 { return float64(a.Log.End()) })
	gauge("madang_index_bytes", func() float64 { return float64(a.Index.DiskBytes()) })
	gauge("madang_index_written_bytes", func() float64 { return float64(a.Index.WrittenBytes()) })
	gauge("madang_index_failing", func() float64 {
		if a.Index.Trouble() != nil {
			return 1
		}
		return 0
	})
	gauge("madang_events", func() float64 { return float64(a.Index.Len()) })
	gauge("madang_blobs", func() float64 {
		count, _ := a.Blobs.Total()
		return float64(count)
	})
	gauge("madang_blob_bytes", func() float64 {
		_, bytes := a.Blobs.Total()
		return float64(bytes)
	})
	gauge("madang_start_catch_up_seconds", func() float64 { return a.catchUp.Seconds() })
	gauge("madang_clock_known", func() float64 {
		if a.Clock.Known() {
			return 1
		}
		return 0
	})
	gauge("madang_clock_offset_seconds", func() float64 { return a.Clock.Offset().Seconds() })
	gauge("madang_disk_free_bytes", func() float64 {
		free, err := durable.OS{}.Free(a.cfg.DataDir)
		if err != nil {
			return 0
		}
		return float64(free)
	})
	gauge("madang_open_files", openFiles)
	gauge("madang_open_files_limit", func() float64 {
		var limit syscall.Rlimit
		if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
			return 0
		}
		return float64(limit.Cur)
	})
	gauge("madang_memory_bytes", residentMemory)
	gauge("madang_cpu_seconds_total", cpuTime)
	gauge("madang_goroutines", func() float64 { return float64(runtime.NumGoroutine()) })
}

// measureListener registers what /metrics tells of connections, the relay's and all others.
func (a *App) measureListener(l *web.Listener) {
	a.Metrics.NewGauge("madang_http_connections", func() float64 { return float64(l.Len()) })
	a.Metrics.NewGauge("madang_http_sent_bytes_total", func() float64 { return float64(l.Sent()) })
	a.Metrics.NewGauge("madang_http_refused_connections_total", func() float64 { return float64(l.Refused()) })
}

// openFiles counts this process's file handles; 0 where the system does not tell.
func openFiles() float64 {
	dir, err := os.Open("/proc/self/fd")
	if err != nil {
		return 0
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // what was read before an error is close enough
	return float64(len(names))
}

// residentMemory is this process's memory in bytes; 0 where the system does not tell.
func residentMemory() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseFloat(fields[1], 64) // the system's own number
	return pages * float64(os.Getpagesize())
}

// cpuTime is how long processors have worked for this process, in seconds.
func cpuTime() float64 {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}
