package ingest_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"madang/internal/ingest"
	"madang/internal/nostr"
	"madang/internal/policy"
)

// TestPanicEndsTheProcess: who brings an event may recover from what goes wrong on the way, but the process must not live
// on without an entrance.
func TestPanicEndsTheProcess(t *testing.T) {
	const child = "MADANG_TEST_PANIC"
	if os.Getenv(child) != "" {
		in := ingest.New(ingest.Config{
			Policy: policy.New(policy.Config{Open: true}), Now: func() time.Time { panic("no clock") },
		})
		func() {
			defer func() { _ = recover() }()
			in.Run(t.Context(), []*nostr.Event{signed(t, key(2), 1, now, "")}, policy.Writer{}, nil)
		}()
		fmt.Println("lived on")
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), child+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil || strings.Contains(string(out), "lived on") || !strings.Contains(string(out), "no clock") {
		t.Errorf("%v: %s", err, out)
	}
}
