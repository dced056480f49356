package bench

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRun measures a program made from the sources beside this test, with few events, and holds that each row has a
// figure. Whether it meets its target is no matter here.
func TestRun(t *testing.T) {
	t.Chdir("../..")
	program := filepath.Join(t.TempDir(), "madang")
	if err := build(t.Context(), program, t.Output()); err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(t.TempDir(), "store")
	cfg := Config{
		Program: program, Events: 500, Cache: t.TempDir(), Store: store, Temp: t.TempDir(),
		Only: []string{"import", "req", "neg"}, Progress: t.Output(),
	}
	table, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	checkRows(t, table, 4+6+4+1)
	left, err := os.ReadDir(cfg.Temp)
	if err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}

	cfg.Only = []string{"neg"}
	for range 2 { // imports into the store, and finds it there
		if table, err = Run(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		checkRows(t, table, 4+1)
		if _, err := os.Stat(filepath.Join(store, "log")); err != nil {
			t.Error(err)
		}
	}
}

func checkRows(t *testing.T, table *Table, want int) {
	t.Helper()
	if len(table.rows) != want {
		t.Errorf("%d rows, want %d", len(table.rows), want)
	}
	for _, r := range table.rows {
		if r.failed != nil || r.figure <= 0 || r.limit < 0 {
			t.Errorf("%s, %s: %v, limit %v, %v", r.group, r.what, r.figure, r.limit, r.failed)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	cfg := Config{Events: 1, Cache: t.TempDir(), Temp: t.TempDir(), Only: []string{"nothing"}, Progress: t.Output()}
	if _, err := Run(t.Context(), cfg); err == nil {
		t.Error("an unknown group was taken")
	}
	cfg.Only, cfg.Program = []string{"neg"}, "/nonexistent/madang"
	table, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if n := table.Failed(); n != 1 || len(table.rows) != 1 {
		t.Errorf("%d of %d rows failed, want the only one", n, len(table.rows))
	}
}
