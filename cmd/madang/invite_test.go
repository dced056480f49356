package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madang/internal/app"
	"madang/internal/policy"
)

// runCommand runs madang as a person would and returns its exit code and what it printed.
func runCommand(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	m := &Main{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}
	code = m.Run(t.Context(), args)
	return code, out.String(), errs.String()
}

func TestInvite(t *testing.T) {
	dir := t.TempDir()
	if code, _, stderr := runCommand(t, "invite", "--data", dir); code != exitFailed || !strings.Contains(stderr, "no node in "+dir) {
		t.Errorf("without a node: exit %d, %q", code, stderr)
	}
	node, err := app.Open(t.Context(), app.Config{DataDir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := node.Close(); err != nil {
			t.Error(err)
		}
	}()
	// The node is open all the while, as it is when an operator invites beside a running node.
	for _, c := range []struct {
		args []string
		role policy.Role
		uses int
		days float64
	}{
		{nil, policy.Member, 1, 7},
		{[]string{"--role", "editor"}, policy.Editor, 1, 7},
		{[]string{"--role", "operator", "--days", "365"}, policy.Operator, 1, 365},
		{[]string{"--uses", "30", "--days", "1"}, policy.Member, 30, 1},
	} {
		code, stdout, stderr := runCommand(t, append([]string{"invite", "--data", dir}, c.args...)...)
		invite, isLink := strings.CutPrefix(stdout, "http://localhost:8080/#/join/")
		invite, oneLine := strings.CutSuffix(invite, "\n")
		if code != exitOK || !isLink || !oneLine || strings.Contains(invite, "\n") {
			t.Fatalf("%v: exit %d, %q, %q", c.args, code, stdout, stderr)
		}
		got, err := node.Accounts.CheckInvite(invite)
		if err != nil || got.Role != c.role || got.Uses != c.uses {
			t.Errorf("%v: %+v, %v", c.args, got, err)
		}
		if days := time.Until(got.Expires).Hours() / 24; days > c.days+0.1 || days < c.days-0.1 {
			t.Errorf("%v: good for %.1f days", c.args, days)
		}
	}
	if _, stdout, _ := runCommand(t, "invite", "--data", dir, "--qr"); strings.Count(stdout, "\n") < 10 {
		t.Errorf("no QR code in %q", stdout)
	}
	for _, args := range [][]string{{"--role", "king"}, {"--uses", "0"}, {"--uses", "101"}, {"--days", "0"}, {"--days", "366"}} {
		code, stdout, stderr := runCommand(t, append([]string{"invite", "--data", dir}, args...)...)
		if code != exitFailed || stdout != "" || !strings.Contains(stderr, args[1]) {
			t.Errorf("%v: exit %d, %q, %q", args, code, stdout, stderr)
		}
	}
	files, err := os.ReadDir(filepath.Join(dir, "invites"))
	if err != nil || len(files) != 5 {
		t.Errorf("%d invites on disk, %v; want 5", len(files), err)
	}
}
