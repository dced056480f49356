package main

import (
	"strings"
	"testing"
)

func TestDemo(t *testing.T) {
	dir := t.TempDir()
	code, stdout, stderr := runCommand(t, "demo", "--data", dir, "--videos", "0")
	if code != exitOK || !strings.Contains(stdout, "people 12, messages 1") || !strings.Contains(stdout, "articles 40, videos 0") ||
		!strings.Contains(stdout, "Grace Okoro (operator)\n      library window lamp patient ferry\n") ||
		!strings.Contains(stdout, "for trying only") || !strings.Contains(stdout, "madang serve --data "+dir) {
		t.Fatalf("exit %d\n%s\n%s", code, stdout, stderr)
	}
	if code, _, stderr := runCommand(t, "demo", "--data", dir); code != exitFailed || !strings.Contains(stderr, "has members already") {
		t.Errorf("a second time: exit %d, %q", code, stderr)
	}
}
