// Package archtest holds the architecture: which package may import which, and why. docs/architecture.md draws it.
package archtest

import (
	"errors"
	"go/build"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "madang/"
)

// layers lists Madang's packages from the ground up. A package imports only packages of lower layers. A new package
// must be given its place here; those that serve tests (named …test) have none, since only tests import them.
var layers = [][]string{
	{"internal/nostr", "internal/durable", "internal/neighbour"},
	{"internal/verify", "internal/negentropy", "internal/clock"},
	{"internal/giftwrap"},
	{"internal/eventlog", "internal/policy", "internal/blob", "internal/publication"},
	{"internal/index", "internal/hub"},
	{"internal/ingest", "internal/search"},
	{"internal/account", "internal/feed", "internal/media", "internal/peer/wire"},
	{"internal/web/httpauth"},
	{"internal/web/relay", "internal/web/blossom", "internal/web/pages", "internal/web/api",
		"internal/web/manage"},
	{"internal/web", "web", "internal/config"},
	{"internal/app"},
	{"internal/demo", "internal/bench/dataset"},
	{"internal/bench"},
	{"cmd/madang", "cmd/bench"},
}

// reserved are packages that only the named ones may import, each with its reason. Tests are free.
var reserved = []struct {
	imported string
	by       []string
	why      string
}{
	{module + "internal/giftwrap", []string{"internal/demo"}, "a node carries mail and never opens it"},
	{"github.com/cockroachdb/pebble/v2", []string{"internal/index"}, "the index alone knows how keys are kept"},
	{"github.com/blevesearch/bleve/v2", []string{"internal/search"}, "one package knows how words are kept"},
	{"github.com/BurntSushi/toml", []string{"internal/config"}, "one package reads what people configure"},
	{"github.com/gobwas/ws", []string{"internal/web/relay", "internal/peer/wire", "internal/bench"},
		"one package serves WebSocket, one asks other relays by it, and one measures it"},
	{"os/exec", []string{"internal/media", "internal/demo", "internal/bench"},
		"only video work starts other programs, and what measures one from outside"},
}

// pure packages compute and nothing else, so that their tests are tables and fuzzers can run them.
var pure = []string{"internal/nostr", "internal/neighbour", "internal/negentropy", "internal/publication"}

// impure are what a pure package would need to reach a file, a socket, another program or the log.
var impure = []string{"os", "os/exec", "net", "net/http", "log/slog", "context", "syscall"}

func TestLayers(t *testing.T) {
	height := map[string]int{}
	for i, layer := range layers {
		for _, p := range layer {
			height[p] = i
		}
	}
	found := imports(t)
	for p, imported := range found {
		h, ok := height[p]
		if !ok {
			t.Errorf("%s has no layer: give it one in archtest and in docs/architecture.md", p)
			continue
		}
		for _, to := range imported {
			own, isOwn := strings.CutPrefix(to, module)
			if !isOwn {
				continue
			}
			if other, ok := height[own]; ok && other >= h {
				t.Errorf("%s imports %s, which is not in a lower layer", p, own)
			}
		}
	}
	for p := range height {
		if _, ok := found[p]; !ok {
			t.Errorf("%s has a layer but no code: remove it here", p)
		}
	}
}

func TestSupportForTestsStaysInTests(t *testing.T) {
	for p, imported := range imports(t) {
		for _, to := range imported {
			if strings.HasPrefix(to, module) && strings.HasSuffix(to, "test") {
				t.Errorf("%s imports %s, which is there for tests", p, to)
			}
		}
	}
}

func TestReserved(t *testing.T) {
	found := imports(t)
	for _, r := range reserved {
		for p, imported := range found {
			if p == strings.TrimPrefix(r.imported, module) || slices.Contains(r.by, p) {
				continue
			}
			for _, to := range imported {
				if to == r.imported || strings.HasPrefix(to, r.imported+"/") {
					t.Errorf("%s imports %s: %s", p, to, r.why)
				}
			}
		}
	}
}

func TestPure(t *testing.T) {
	found := imports(t)
	for _, p := range pure {
		for _, to := range found[p] {
			if slices.Contains(impure, to) {
				t.Errorf("%s imports %s: it computes and touches nothing outside", p, to)
			}
		}
	}
}

// imports returns what each package of the module imports, tests apart, by its path below the module.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, top := range []string{"cmd", "internal", "web"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(dir string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			if d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasSuffix(d.Name(), "test") {
				return filepath.SkipDir
			}
			pkg, err := build.Default.ImportDir(dir, 0)
			var noGo *build.NoGoError
			if errors.As(err, &noGo) {
				return nil
			}
			if err != nil {
				return err
			}
			if len(pkg.GoFiles) == 0 { // tests only
				return nil
			}
			rel, err := filepath.Rel(root, dir)
			found[filepath.ToSlash(rel)] = pkg.Imports
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) == 0 {
		t.Fatal("no packages found")
	}
	return found
}
