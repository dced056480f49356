package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFileHandlesSpent gives a node few file handles and takes all of them: whoever is connected is served, whoever
// knocks waits, what is acknowledged stays, and all goes on once there are handles again.
func TestFileHandlesSpent(t *testing.T) {
	const handles = 48
	dir := t.TempDir()
	p := startLimited(t, dir, handles)
	var kept acknowledged
	s, err := dial(p.address)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	write := func() bool { return p.writeEvent(s, &kept, kept.add) }
	if !write() {
		t.Fatal("the first event was not taken")
	}
	store := func(text string) (status int) {
		t.Helper()
		content := []byte(text)
		status, err := p.upload(content, hashOf(content))
		if err != nil {
			t.Fatal(err)
		}
		if status == http.StatusCreated {
			kept.add("", hashOf(content))
		}
		return status
	}
	healthy := func() bool {
		r, err := http.Get("http://" + p.address + "/healthz")
		if err != nil {
			return false
		}
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
		return r.StatusCode == http.StatusOK
	}
	if status := store("before the flood"); status != http.StatusCreated {
		t.Fatalf("the first upload: %d", status)
	}

	// Connections that say nothing, more than there are handles: most wait in the system's own queue.
	var idle []net.Conn
	for range 2 * handles {
		c, err := net.DialTimeout("tcp", p.address, 20*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		idle = append(idle, c)
	}
	wait(t, "the line in the node's log", func() bool {
		return strings.Contains(p.said(), "may open no more files")
	})
	for range 50 {
		if !write() {
			t.Fatalf("an event was not taken:\n%s", p.said())
		}
	}
	// The connection of the first upload is still open. There may be a handle for another file, or not.
	if !healthy() {
		t.Error("not healthy, though it serves")
	}
	if status := store("during the flood"); status != http.StatusCreated && status != http.StatusInternalServerError {
		t.Errorf("an upload without handles: %d", status)
	}
	for _, c := range idle {
		c.Close()
	}
	wait(t, "uploads to be taken", func() bool { return store("after the flood") == http.StatusCreated })
	kept.check(t, p.address)
	if n := strings.Count(p.said(), "may open no more files"); n != 1 {
		t.Errorf("%d lines about handles, want 1:\n%s", n, p.said())
	}
	http.DefaultClient.CloseIdleConnections()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, p.said())
	}
	if out, err := exec.Command("madang", "fsck", "--data", dir).CombinedOutput(); err != nil {
		t.Errorf("fsck: %v\n%s", err, out)
	}
}

// startLimited is startProcess with a bound of files that the process cannot lift.
func startLimited(t *testing.T, dir string, handles int) *process {
	t.Helper()
	return startCommand(t, exec.Command("sh", "-c",
		fmt.Sprintf(`ulimit -n %d && exec madang serve --data "$0" --listen 127.0.0.1:0 --open`, handles), dir))
}

func wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
