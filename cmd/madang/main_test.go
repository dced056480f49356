package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"madang/internal/app"
	"madang/internal/nostr"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"madang": func() { os.Exit(run()) },
	})
}

// TestScripts runs testdata/*.txt. $FEEDS is the directory of feeds. Beside testscript's own commands there are these:
//
//	events FILE N [FIRST]  writes N signed events as JSON lines, always the same ones, from number FIRST (0) on
//	damage FILE OFFSET     inverts a byte of the file; a negative offset counts from its end
//	serving DATA           waits until the node on DATA serves, and sets $URL and $WS
//	[!] get URL [ACCEPT]   fetches, to stdout; fails unless the status is 200
//	terminate              sends SIGTERM to what runs in the background
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			feeds, err := filepath.Abs("../../testdata/feeds")
			env.Setenv("FEEDS", feeds)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"events": writeEvents, "damage": damage, "serving": serving, "get": get, "terminate": terminate,
		},
	})
}

func writeEvents(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: events FILE N [FIRST]")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	first := 0
	if len(args) == 3 {
		first, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	key := nostr.SecretKey{31: 7}
	var out []byte
	for i := first; i < first+n; i++ {
		e := &nostr.Event{Kind: nostr.KindNote, CreatedAt: 1_700_000_000 + int64(i), Content: "note " + strconv.Itoa(i)}
		ts.Check(e.Sign(key))
		out = append(e.AppendJSON(out), '\n')
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out, 0o600))
}

func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: damage FILE OFFSET")
	}
	offset, err := strconv.Atoi(args[1])
	ts.Check(err)
	name := ts.MkAbs(args[0])
	b, err := os.ReadFile(name)
	ts.Check(err)
	if offset < 0 {
		offset += len(b)
	}
	b[offset] ^= 0xff
	ts.Check(os.WriteFile(name, b, 0o600))
}

func serving(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: serving DATA")
	}
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		url, err := app.LastURL(ts.MkAbs(args[0]))
		if err != nil || url == "" {
			continue
		}
		r, err := http.Get(url + "/healthz")
		if err != nil {
			continue
		}
		r.Body.Close()
		if r.StatusCode == http.StatusOK {
			ts.Setenv("URL", url)
			ts.Setenv("WS", "ws"+strings.TrimPrefix(url, "http")+"/")
			return
		}
	}
	ts.Fatalf("no node serves on %s", args[0])
}

func get(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: [!] get URL [ACCEPT]")
	}
	req, err := http.NewRequest("GET", args[0], nil)
	ts.Check(err)
	if len(args) == 2 {
		req.Header.Set("Accept", args[1])
	}
	r, err := http.DefaultClient.Do(req)
	var body []byte
	if err == nil {
		body, err = io.ReadAll(r.Body)
		r.Body.Close()
	}
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s", r.Status)
	}
	if neg != (err != nil) {
		ts.Fatalf("get %s: %v", args[0], err)
	}
	ts.Stdout().Write(body)
}

func terminate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: terminate")
	}
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

// TestMainInOneProcess runs commands without a process of their own, as embedders and other tests do.
func TestMainInOneProcess(t *testing.T) {
	dir := t.TempDir()
	call := func(stdin string, args ...string) (code int, stdout, stderr string) {
		var out, errs bytes.Buffer
		m := &Main{Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs}
		return m.Run(t.Context(), args), out.String(), errs.String()
	}
	code, out, errs := call("", "import", "--data", dir, "-")
	if code != exitOK || out != "imported 0, duplicates 0, refused 0\n" {
		t.Errorf("import: %d, %q, %q", code, out, errs)
	}
	code, _, errs = call("", "import", "a", "b")
	if code != exitUsage || !strings.Contains(errs, "too many arguments: b") {
		t.Errorf("two files: %d, %q", code, errs)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte("relay = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call("", "config", "--data", dir); code != exitUsage || strings.Count(errs, "\n") != 1 {
		t.Errorf("a mistake in config.toml: %d, %q", code, errs)
	}
	if code, _, errs := call("", "dance"); code != exitUsage || !strings.Contains(errs, `"dance"`) {
		t.Errorf("unknown command: %d, %q", code, errs)
	}
}
