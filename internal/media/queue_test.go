package media_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"madang/internal/blob"
	"madang/internal/media"
)

// until waits for a state of a job that is neither its end nor its beginning.
func (n *node) until(t *testing.T, h blob.Hash, reached func(media.Job) bool) media.Job {
	t.Helper()
	for {
		changed := n.Changed()
		job, ok := n.Get(h)
		if !ok || job.State == media.Failed || job.State == media.Done {
			t.Fatalf("it came to %+v", job)
		}
		if reached(job) {
			return job
		}
		<-changed
	}
}

// TestRestart closes the queue while the second rendition is made, and opens it again.
func TestRestart(t *testing.T) {
	n := start(t)
	h := n.video(t, "mp4", slices.Concat(picture("854x480", "20"), sound("20"), quick)...)
	next := n.video(t, "mp4", slices.Concat(picture("160x120", "1"), quick)...)
	n.add(t, h)
	n.add(t, next)
	half := n.until(t, h, func(job media.Job) bool { return job.Stage == "480p" && len(job.Renditions) == 1 })
	if half.Progress <= 0 || half.Progress >= 1 || half.State != media.Running {
		t.Errorf("half way: %+v", half)
	}
	n.Close()
	if _, err := n.Wait(t.Context(), h); !errors.Is(err, media.ErrClosed) {
		t.Errorf("waiting on a closed queue: %v", err)
	}
	if _, err := n.Add(t.Context(), h, alice); !errors.Is(err, media.ErrClosed) {
		t.Errorf("adding to a closed queue: %v", err)
	}
	if err := os.WriteFile(filepath.Join(n.cfg.Dir, "tmp", "480p.mp4"), []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	n.open(t)
	job := n.wait(t, h)
	if job.State != media.Done || len(job.Renditions) != 2 || job.Renditions[0] != half.Renditions[0] ||
		*job.Poster != *half.Poster {
		t.Errorf("after the restart: %+v; before: %+v", job, half)
	}
	if job := n.wait(t, next); job.State != media.Done {
		t.Errorf("what was waiting: %+v", job)
	}
	if bad := n.broken(t); len(bad) != 0 {
		t.Errorf("damaged blobs: %v", bad)
	}
}

func (n *node) broken(t *testing.T) (bad []blob.Hash) {
	t.Helper()
	if _, err := n.blobs.Check(t.Context(), func(h blob.Hash, _ error) { bad = append(bad, h) }); err != nil {
		t.Fatal(err)
	}
	return bad
}

// programs makes a directory with an ffmpeg and an ffprobe of the test's own, as shell scripts.
func programs(t *testing.T, ffmpegScript, ffprobeScript string) func(*media.Config) {
	t.Helper()
	dir := t.TempDir()
	for name, script := range map[string]string{"ffmpeg": ffmpegScript, "ffprobe": ffprobeScript} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return func(cfg *media.Config) { cfg.FFmpeg = filepath.Join(dir, "ffmpeg") }
}

// realProbe is a script that calls the real ffprobe.
func realProbe(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("ffprobe")
	if err != nil {
		t.Fatal("ffprobe is not installed, and these tests need it: apt-get install ffmpeg")
	}
	return "exec " + path + ` "$@"`
}

// TestCloseKillsAll closes the queue under a program that has started another: none of them may outlive it.
func TestCloseKillsAll(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	if err := syscall.Mkfifo(pids, 0o600); err != nil {
		t.Fatal(err)
	}
	n := start(t, programs(t, "exit 1", "sleep 1000 & echo $$ $! >"+pids+"; wait"))
	h := n.put(t, strings.NewReader("any"))
	n.add(t, h)
	line, err := os.ReadFile(pids) // waits for the script
	if err != nil {
		t.Fatal(err)
	}
	n.Close()
	fields := strings.Fields(string(line))
	if len(fields) != 2 {
		t.Fatalf("the script wrote %q", line)
	}
	for _, field := range fields {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		for alive(pid) { // killed it is; the kernel may still be clearing it away
			runtime.Gosched()
		}
	}
	n.cfg.FFmpeg = "ffmpeg"
	n.open(t)
	if job := n.wait(t, h); job.State != media.Failed {
		t.Errorf("resumed: %+v", job)
	}
}

// alive reports whether a process runs; one that is dead and waits to be reaped by another does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := bytes.Cut(stat, []byte(") "))
	return len(rest) > 0 && rest[0] != 'Z' && rest[0] != 'X'
}

func TestQueueIsBounded(t *testing.T) {
	n := start(t, programs(t, "exit 1", "exec sleep 1000"))
	var hashes []blob.Hash
	for i := range 102 {
		hashes = append(hashes, n.put(t, strings.NewReader(fmt.Sprint(i))))
	}
	n.add(t, hashes[0])
	n.until(t, hashes[0], func(job media.Job) bool { return job.State == media.Running })
	for _, h := range hashes[1:101] {
		n.add(t, h)
	}
	if _, err := n.Add(t.Context(), hashes[101], alice); !errors.Is(err, media.ErrQueueFull) {
		t.Errorf("one too many: %v", err)
	}
	if job := n.add(t, hashes[50]); job.State != media.Queued {
		t.Errorf("one that waits already: %+v", job)
	}
	n.Close()
	n.open(t)
	n.until(t, hashes[0], func(job media.Job) bool { return job.State == media.Running }) // still the first
	if job, ok := n.Get(hashes[100]); !ok || job.State != media.Queued {
		t.Errorf("the last after a restart: %+v", job)
	}
}

func TestNoFFmpeg(t *testing.T) {
	n := start(t, func(cfg *media.Config) { cfg.FFmpeg = filepath.Join(t.TempDir(), "ffmpeg") })
	h := n.put(t, strings.NewReader("any"))
	if n.Available() {
		t.Error("Available without ffmpeg")
	}
	if _, err := n.Add(t.Context(), h, alice); !errors.Is(err, media.ErrNoFFmpeg) {
		t.Errorf("Add: %v", err)
	}
}

func TestFullDisk(t *testing.T) {
	full := "echo 'av_interleaved_write_frame(): No space left on device' >&2; exit 1"
	n := start(t, programs(t, full, realProbe(t)))
	h := n.video(t, "mp4", slices.Concat(picture("160x120", "1"), quick)...)
	n.add(t, h)
	if job := n.wait(t, h); job.State != media.Failed || job.Error != "no room on the disk" {
		t.Errorf("%+v", job)
	}
	n.Close()
	n.cfg.FFmpeg = "ffmpeg"
	n.open(t)
	n.add(t, h) // a failed one is tried again
	if job := n.wait(t, h); job.State != media.Done || job.Error != "" {
		t.Errorf("when there is room: %+v", job)
	}
}

func TestDamagedRecords(t *testing.T) {
	n := start(t)
	h := n.put(t, strings.NewReader("no video"))
	n.add(t, h)
	n.wait(t, h)
	n.Close()
	path := filepath.Join(n.cfg.Dir, h.String()+".json")
	for _, content := range []string{"", "{", `{"state":"queued","owner":"nobody"}`, strings.Repeat(" ", 2<<20)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		n.open(t)
		if _, ok := n.Get(h); ok {
			t.Errorf("%.20q is taken for a job", content)
		}
		n.Close()
	}
	n.open(t)
	n.add(t, h)
	if job := n.wait(t, h); job.State != media.Failed {
		t.Errorf("given again: %+v", job)
	}
}
