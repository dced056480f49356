package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// build makes the program from the sources in this directory, as make build does.
func build(ctx context.Context, program string, progress io.Writer) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, "./cmd/madang")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = progress, progress
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build ./cmd/madang: %w", err)
	}
	return nil
}

// version returns what the program says of itself.
func version(program string) string {
	out, err := exec.Command(program, "version").Output()
	if err != nil {
		return program
	}
	return strings.TrimSpace(string(out))
}

// processor returns the processor's name, as far as the system knows it.
func processor() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range bytes.Lines(b) {
		if name, ok := bytes.CutPrefix(line, []byte("model name")); ok {
			return strings.TrimSpace(strings.TrimLeft(string(name), "\t :"))
		}
	}
	return "unknown"
}
