package durable_test

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"madang/internal/durable"
	"madang/internal/durable/durabletest"
)

func content(t *testing.T, fsys durable.FS, name string) string {
	t.Helper()
	f, err := fsys.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); size > 0 && err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestWriteFilePowerCut cuts the power at each operation of a replacement: the file has its old content or the new one,
// and the new one if WriteFile returned nil.
func TestWriteFilePowerCut(t *testing.T) {
	const name = "dir/file"
	for n := 1; n <= 8; n++ {
		for seed := range uint64(50) {
			rng := rand.New(rand.NewPCG(seed, uint64(n)))
			fsys := durabletest.New()
			if err := durable.WriteFile(fsys, name, []byte("the old content"), 0o600); err != nil {
				t.Fatal(err)
			}
			before := fsys.Ops()
			fsys.SetFail(func(op durabletest.Op) (int, error) {
				if op.N < before+n {
					return 0, nil
				}
				return rng.IntN(op.Size + 1), durabletest.ErrPower
			})
			err := durable.WriteFile(fsys, name, []byte("new"), 0o600)
			if n <= 5 && err == nil {
				t.Fatalf("operation %d: its failure was not noticed", n)
			}
			got := content(t, fsys.Crash(rng), name)
			if got != "new" && (err == nil || got != "the old content") {
				t.Fatalf("operation %d, seed %d: content %q, error %v", n, seed, got, err)
			}
		}
	}
}

func TestAtomicWriteFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "file")
	for _, want := range []string{"first", "", "third"} {
		if err := durable.AtomicWriteFile(name, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("content %q, %v, want %q", got, err, want)
		}
	}
	if st, err := os.Stat(name); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if err := durable.AtomicWriteFile(filepath.Join(dir, "absent", "file"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in an absent directory: %v", err)
	}
}

func TestFull(t *testing.T) {
	fsys := durabletest.New()
	fsys.SetFail(func(op durabletest.Op) (int, error) {
		if op.Kind == "write" {
			return 1, syscall.ENOSPC
		}
		return 0, nil
	})
	if err := durable.WriteFile(fsys, "file", []byte("x"), 0o600); !errors.Is(err, durable.ErrFull) {
		t.Errorf("got %v, want ErrFull", err)
	}
	if names, _ := fsys.ReadDir("."); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
	if err := durable.Full(syscall.EIO); errors.Is(err, durable.ErrFull) {
		t.Error("EIO taken for a full disk")
	}
}

func TestJSON(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file.json")
	type record struct{ Name string }
	if err := durable.ReadJSON(name, &record{}, 100); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	want := record{"마당"}
	if err := durable.WriteJSON(name, want, 0o600); err != nil {
		t.Fatal(err)
	}
	var got record
	if err := durable.ReadJSON(name, &got, 100); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := durable.ReadJSON(name, &got, 5); err == nil {
		t.Error("a file over the bound was read")
	}
}

func TestLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	lock, err := durable.Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := durable.Lock(name); !errors.Is(err, durable.ErrLocked) {
		t.Errorf("second holder: %v", err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	lock, err = durable.Lock(name)
	if err != nil {
		t.Fatalf("after Unlock: %v", err)
	}
	if err := lock.Unlock(); err != nil {
		t.Error(err)
	}
}
