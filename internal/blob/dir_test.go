package blob_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"madang/internal/blob"
	"madang/internal/blob/blobtest"
	"madang/internal/nostr"
)

var alice, bob = nostr.PubKey{1}, nostr.PubKey{2}

func open(t *testing.T, dir string) *blob.Dir {
	t.Helper()
	d, err := blob.OpenDir(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func put(t *testing.T, d *blob.Dir, content []byte, owner nostr.PubKey) blob.Info {
	t.Helper()
	info, _, err := d.Put(t.Context(), bytes.NewReader(content), blob.Put{Owner: owner, Max: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// files lists what is below dir, without directories.
func files(t *testing.T, dir string) (paths []string) {
	t.Helper()
	err := filepath.Walk(dir, func(path string, st os.FileInfo, err error) error {
		if err == nil && !st.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func damage(t *testing.T, d *blob.Dir) map[blob.Hash]error {
	t.Helper()
	bad := make(map[blob.Hash]error)
	if _, err := d.Check(t.Context(), func(h blob.Hash, err error) { bad[h] = err }); err != nil {
		t.Fatal(err)
	}
	return bad
}

func TestConformance(t *testing.T) {
	t.Run("Dir", func(t *testing.T) {
		blobtest.Run(t, func(t *testing.T) blob.Store { return open(t, t.TempDir()) })
	})
	t.Run("Mem", func(t *testing.T) {
		blobtest.Run(t, func(t *testing.T) blob.Store { return blobtest.NewMem() })
	})
}

func TestReopen(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	clock := time.Unix(1_800_000_000, 0)
	d.SetClock(func() time.Time { clock = clock.Add(time.Second); return clock })
	var order []blob.Hash
	for i := range 20 {
		order = append(order, put(t, d, blobtest.Content(uint64(i), 1000), alice).Hash)
	}
	put(t, d, blobtest.Content(3, 1000), bob)
	slices.Reverse(order)

	again := open(t, dir)
	for _, d := range []*blob.Dir{d, again} {
		list, err := d.List(t.Context(), alice, nil, 100)
		if err != nil {
			t.Fatal(err)
		}
		var got []blob.Hash
		for _, info := range list {
			got = append(got, info.Hash)
		}
		if !slices.Equal(got, order) {
			t.Errorf("order by upload is lost: %v", got)
		}
		if n, _ := d.Used(t.Context(), alice); n != 20*(1000+blob.Overhead) {
			t.Errorf("used %d, want %d", n, 20*(1000+blob.Overhead))
		}
		if list, _ := d.List(t.Context(), bob, nil, 100); len(list) != 1 || list[0].Uploaded != clock.Unix() {
			t.Errorf("bob's list: %v", list)
		}
	}
	if bad := damage(t, again); len(bad) != 0 {
		t.Errorf("Check: %v", bad)
	}
}

// TestRemnants opens what a power cut may leave at each step of a Put or a Delete.
func TestRemnants(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	whole := put(t, d, []byte("acknowledged"), alice)
	unrecorded := put(t, d, []byte("the record was not written"), alice)
	write := func(path, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, path), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(d.Path(unrecorded.Hash) + ".json"); err != nil {
		t.Fatal(err)
	}
	write("tmp/put-1", "half an upl")
	write("tmp/put-2", `{"type":"text`)
	write("README", "not ours")

	d = open(t, dir)
	if info, err := d.Stat(t.Context(), whole.Hash); err != nil || info.Size != 12 {
		t.Errorf("the acknowledged blob: %+v, %v", info, err)
	}
	if _, err := d.Stat(t.Context(), unrecorded.Hash); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("the blob without a record: %v", err)
	}
	want := []string{d.Path(whole.Hash), d.Path(whole.Hash) + ".json", filepath.Join(dir, "README")}
	got := files(t, dir)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("left over: %v, want %v", got, want)
	}
	if bad := damage(t, d); len(bad) != 0 {
		t.Errorf("Check calls remnants damage: %v", bad)
	}
	put(t, d, []byte("the record was not written"), alice)
	if _, err := d.Stat(t.Context(), unrecorded.Hash); err != nil {
		t.Errorf("uploaded again: %v", err)
	}
}

// TestDamage alters files behind the store's back: Check must find each, the rest goes on, and uploading the same
// again mends it.
func TestDamage(t *testing.T) {
	for name, hurt := range map[string]func(path string) error{
		"no file":        os.Remove,
		"cut":            func(path string) error { return os.Truncate(path, 3) },
		"bits turned":    func(path string) error { return os.WriteFile(path, []byte("tHe content"), 0o600) },
		"empty record":   func(path string) error { return os.Truncate(path+".json", 0) },
		"zeroed record":  func(path string) error { return os.WriteFile(path+".json", make([]byte, 100), 0o600) },
		"hollow record":  func(path string) error { return os.WriteFile(path+".json", []byte("{}"), 0o600) },
		"another's size": func(path string) error { return rewrite(path+".json", "size", 5) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			d := open(t, dir)
			hurtOne := put(t, d, []byte("the content"), alice)
			whole := put(t, d, []byte("another"), alice)
			if err := hurt(d.Path(hurtOne.Hash)); err != nil {
				t.Fatal(err)
			}
			d = open(t, dir)
			if bad := damage(t, d); len(bad) != 1 || !errors.Is(bad[hurtOne.Hash], blob.ErrDamaged) {
				t.Errorf("Check: %v", bad)
			}
			if _, err := d.Stat(t.Context(), whole.Hash); err != nil {
				t.Errorf("the whole one: %v", err)
			}
			if name == "another's size" {
				return // the record stands: what it says of the blob is kept
			}
			put(t, d, []byte("the content"), bob)
			if bad := damage(t, open(t, dir)); len(bad) != 0 {
				t.Errorf("after the same upload: %v", bad)
			}
		})
	}
}

func rewrite(path, key string, value any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	m[key] = value
	if data, err = json.Marshal(m); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// TestFullDisk lets the disk run full after each number of bytes that a Put writes: the refusal says so, nothing is
// left, what was there stays, and there is room again afterwards.
func TestFullDisk(t *testing.T) {
	content := blobtest.Content(1, 1000)
	dir := t.TempDir()
	d := open(t, dir)
	put(t, d, []byte("here before"), alice)
	before := files(t, dir)
	for room := 0; room < 1100; room += 50 {
		d.FillDisk(room)
		_, _, err := d.Put(t.Context(), bytes.NewReader(content), blob.Put{Owner: alice, Max: 1 << 20})
		if !errors.Is(err, blob.ErrFull) {
			t.Fatalf("with room for %d bytes: %v, want ErrFull", room, err)
		}
		if after := files(t, dir); !slices.Equal(after, before) {
			t.Fatalf("with room for %d bytes: left %v", room, after)
		}
		_, _, err = d.Put(t.Context(), bytes.NewReader([]byte("here before")), blob.Put{Owner: bob, Max: 1 << 20})
		if !errors.Is(err, blob.ErrFull) {
			t.Fatalf("a new owner without room for the record: %v, want ErrFull", err)
		}
	}
	if n, _ := d.Used(t.Context(), alice); n != 11+blob.Overhead {
		t.Errorf("used %d, want %d", n, 11+blob.Overhead)
	}
	d.FillDisk(1 << 20)
	put(t, d, content, alice)
	if bad := damage(t, open(t, dir)); len(bad) != 0 {
		t.Errorf("Check: %v", bad)
	}
}

// TestReserve lets an upload come when there is little room: blobs stop before the event log has none.
func TestReserve(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	content := blobtest.Content(1, 8<<20)
	looks := 0
	for name, free := range map[string]func() int64{
		"no room at all":            func() int64 { return blob.Reserve - 1 },
		"used up during the upload": func() int64 { looks++; return blob.Reserve + int64(3-looks)<<20 },
	} {
		before := files(t, dir)
		d.SetFree(free)
		_, _, err := d.Put(t.Context(), bytes.NewReader(content), blob.Put{Owner: alice, Max: 16 << 20})
		if !errors.Is(err, blob.ErrFull) {
			t.Errorf("%s: %v, want ErrFull", name, err)
		}
		if after := files(t, dir); !slices.Equal(after, before) {
			t.Errorf("%s: left %v", name, after)
		}
	}
	d.SetFree(func() int64 { return blob.Reserve + 16<<20 })
	if _, _, err := d.Put(t.Context(), bytes.NewReader(content), blob.Put{Owner: alice, Max: 16 << 20}); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestOwnersAreBounded(t *testing.T) {
	d := open(t, t.TempDir())
	content := []byte("everybody's")
	h := put(t, d, content, alice).Hash
	d.CrowdOwners(h)
	_, _, err := d.Put(t.Context(), bytes.NewReader(content), blob.Put{Owner: bob, Max: 1 << 20})
	if err == nil {
		t.Error("one owner more than fit was taken in")
	}
	put(t, d, content, alice) // one of them still may
}

func TestHashText(t *testing.T) {
	h := blob.Hash{0xab, 31: 0xcd}
	back, err := blob.ParseHash(h.String())
	if err != nil || back != h {
		t.Errorf("%v, %v", back, err)
	}
	data, err := json.Marshal(map[blob.Hash]blob.Hash{h: h})
	if err != nil || string(data) != `{"`+h.String()+`":"`+h.String()+`"}` {
		t.Errorf("%s, %v", data, err)
	}
	upper := string(bytes.ToUpper([]byte(h.String())))
	for _, bad := range []string{"", "ab", h.String() + "00", h.String()[:63] + "g", upper, " " + h.String()[:63]} {
		if _, err := blob.ParseHash(bad); err == nil {
			t.Errorf("%q is taken for a hash", bad)
		}
	}
}
