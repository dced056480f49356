package search

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	bleve "github.com/blevesearch/bleve_index_api"

	"madang/internal/nostr"
)

func TestCatchesUpAfterRestart(t *testing.T) {
	h := newHouse(t)
	h.notes("goat one")
	h.close()
	h.add(note(t, "goat two"))
	h.open()
	h.settle()
	h.wantSet("goat", "goat one", "goat two")

	// In several batches, and only what is new.
	h.close()
	for i := range 2*batchEvents + 1 {
		h.add(note(t, fmt.Sprintf("sheep %d", i)))
	}
	h.open()
	h.settle()
	f := nostr.All()
	f.Search = "sheep"
	n, exact, err := h.search.Count(t.Context(), Query{Filter: f, Now: now})
	if n != 2*batchEvents+1 || !exact || err != nil {
		t.Errorf("found %d, %v, %v", n, exact, err)
	}
}

// TestMailWritesNothing: the index is not written to for what it has nothing of, and yet is up to date.
func TestMailWritesNothing(t *testing.T) {
	h := newHouse(t)
	h.notes("goat")
	h.close()
	before := contents(t, h.cfg.Dir)
	h.open()
	for i := range 10 {
		h.add(event(t, 9, nostr.KindGiftWrap, now, fmt.Sprint("sealed ", i), nostr.Tag{"p", strings.Repeat("a", 64)}))
		h.settle()
	}
	h.close()
	for name, data := range contents(t, h.cfg.Dir) {
		if filepath.Ext(name) == ".zap" && !bytes.Equal(before[name], data) {
			t.Errorf("%s was written", name)
		}
	}
}

// contents reads a directory whole.
func contents(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err == nil {
			files[name], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func put(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCrashes starts from what a power cut may leave: each time everything is found again.
func TestCrashes(t *testing.T) {
	h := newHouse(t)
	h.notes("goat one")
	h.close()
	before := contents(t, h.cfg.Dir)
	h.open()
	h.notes("goat two", "goat three")
	h.close()
	after := contents(t, h.cfg.Dir)
	merge := func(maps ...map[string][]byte) map[string][]byte {
		all := map[string][]byte{}
		for _, m := range maps {
			for name, data := range m {
				all[name] = data
			}
		}
		return all
	}
	change := func(files map[string][]byte, ext string, do func([]byte) []byte) map[string][]byte {
		all := merge(files)
		for name, data := range all {
			if strings.HasSuffix(name, ext) {
				if all[name] = do(bytes.Clone(data)); all[name] == nil {
					delete(all, name)
				}
			}
		}
		return all
	}
	remove := func([]byte) []byte { return nil }
	empty := func([]byte) []byte { return []byte{} }
	half := func(b []byte) []byte { return b[:len(b)/2] }
	zeros := func(b []byte) []byte { clear(b); return b }
	for name, files := range map[string]map[string][]byte{
		"nothing":                              {},
		"before":                               before,
		"after":                                after,
		"segments of a batch not yet entered":  merge(after, before),
		"half a segment not yet entered":       merge(before, map[string][]byte{"ffff.zap": after[segment(after)][:10]}),
		"state without segments":               change(after, ".zap", remove),
		"state ahead of its segments":          merge(change(before, ".bolt", remove), change(after, ".zap", remove)),
		"segments without state":               change(after, ".bolt", remove),
		"empty segments":                       change(after, ".zap", empty),
		"half segments":                        change(after, ".zap", half),
		"segments of zeros":                    change(after, ".zap", zeros),
		"empty state":                          change(after, ".bolt", empty),
		"half a state":                         change(after, ".bolt", half),
		"state of zeros":                       change(after, ".bolt", zeros),
		"something else altogether":            {"root.bolt": []byte("hello"), "store/x": []byte("y")},
		"a directory in the place of the file": {"root.bolt/x": []byte("y")},
	} {
		put(t, h.cfg.Dir, files)
		h.open()
		h.settle()
		if got := h.find("goat"); len(got) != 3 {
			t.Errorf("%s: finds %q", name, got)
		}
		h.close()
	}
	h.open()
}

// segment returns the name of one segment file.
func segment(files map[string][]byte) string {
	for name := range files {
		if strings.HasSuffix(name, ".zap") {
			return name
		}
	}
	panic("no segment")
}

// TestForeignLog: an index of another log, and one that is ahead of its log, are built anew.
func TestForeignLog(t *testing.T) {
	other, h := newHouse(t), newHouse(t)
	other.notes("wolf", "wolf cub", "old wolf")
	other.close()
	h.notes("goat")
	h.close()
	put(t, h.cfg.Dir, contents(t, other.cfg.Dir))
	h.open()
	h.settle()
	h.want("wolf")
	h.want("goat", "goat")
	other.open()

	st, err := openStore(filepath.Join(t.TempDir(), "ahead"), h.log)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.write(t.Context(), bleve.NewBatch(), h.log.End()+1); err != nil {
		t.Fatal(err)
	}
	if err := st.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := openStore(st.dir, h.log); err == nil {
		t.Error("an index ahead of its log was opened")
	}
}

// TestDamageInUse: what goes bad while the index is open is noticed by a search, and mended.
func TestDamageInUse(t *testing.T) {
	h := newHouse(t)
	h.notes("goat one", "goat two", "마당")
	h.damage()
	h.await("goats are found again", func() bool {
		f := nostr.All()
		f.Search = "goat"
		found, err := h.search.Search(t.Context(), Query{Filter: f, Now: now})
		return err == nil && len(found) == 2
	})
}

// damage overwrites all segments.
func (h *house) damage() {
	h.t.Helper()
	err := filepath.WalkDir(h.cfg.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".zap" {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.Write(bytes.Repeat([]byte{0xff}, int(info.Size())))
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// TestFullDisk: one line says so, nothing is written, searches go on, and so does the rest once there is room.
func TestFullDisk(t *testing.T) {
	h := newHouse(t)
	h.close()
	var log lines
	var free atomic.Int64
	free.Store(1 << 40)
	h.cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	h.cfg.free = func(string) (int64, error) { return free.Load(), nil }
	h.open()
	h.notes("goat one")
	free.Store(reserve - 1)
	h.add(note(t, "goat two"))
	h.await("a line about the disk", func() bool { return log.count("disk is full") == 1 })
	h.want("goat", "goat one")
	free.Store(1 << 40)
	h.settle()
	h.wantSet("goat", "goat one", "goat two")
	h.await("a line about the room", func() bool { return log.count("has room again") == 1 })
	if full := log.count("disk is full"); full != 1 {
		t.Errorf("%d lines that the disk is full", full)
	}
}

// lines is a log that is kept.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), part)
}

// TestNothingOfSearchesIsLogged, whatever becomes of them.
func TestNothingOfSearchesIsLogged(t *testing.T) {
	h := newHouse(t)
	h.close()
	var log lines
	h.cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.open()
	h.notes("goat")
	for _, s := range []string{"quokka", `"quokka`, "quokka*", "goat quokka"} {
		h.want(s)
	}
	h.close()
	f := nostr.All()
	f.Search = "quokka"
	if _, err := h.search.Search(t.Context(), Query{Filter: f}); err == nil || strings.Contains(err.Error(), "quokka") {
		t.Errorf("after Close: %v", err)
	}
	if log.count("quokka") > 0 {
		t.Errorf("the log has what was searched for: %s", &log.text)
	}
}

// TestTogether searches, adds, deletes and closes at once.
func TestTogether(t *testing.T) {
	h := newHouse(t)
	h.notes("goat 0")
	var searching sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		searching.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				f := nostr.All()
				f.Search = `"goat" 0`
				if _, err := h.search.Search(t.Context(), Query{Filter: f, Now: now}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := 1; i <= 100; i++ {
		e := note(t, fmt.Sprintf("goat %d", i))
		h.add(e)
		if i%2 == 0 {
			h.add(event(t, 1, nostr.KindDeletion, now, "", nostr.Tag{"e", e.ID.String()}))
		}
	}
	h.settle()
	close(stop)
	searching.Wait()
	h.awaitDocuments(51)
	f := nostr.All()
	f.Search = "goat"
	if n, _, err := h.search.Count(t.Context(), Query{Filter: f, Now: now}); n != 51 || err != nil {
		t.Errorf("found %d, %v", n, err)
	}
}

// TestCloseInTheMiddle closes while much is being taken in: nothing is lost or twice afterwards.
func TestCloseInTheMiddle(t *testing.T) {
	h := newHouse(t)
	h.close()
	const n = 3 * batchEvents
	events := make([]*nostr.Event, n)
	for i := range events {
		events[i] = note(t, fmt.Sprintf("goat %d 마당에서 만나요 %s", i, strings.Repeat("염소 ", i%50)))
	}
	for part := range slices.Chunk(events, batchEvents) {
		h.add(part...)
	}
	for reached := h.search.Position(); reached != h.log.End(); h.close() {
		h.open()
		h.await("something more is taken in", func() bool { return h.search.Position() > reached })
		reached = h.search.Position()
	}
	h.open()
	h.settle()
	f := nostr.All()
	f.Search = "goat"
	if found, exact, err := h.search.Count(t.Context(), Query{Filter: f, Now: now}); found != n || !exact || err != nil {
		t.Errorf("found %d of %d, %v, %v", found, n, exact, err)
	}
}

// TestSmallWritesTakeTurns: after some in a row they wait, unless much has come.
func TestSmallWritesTakeTurns(t *testing.T) {
	h := newHouse(t)
	h.close()
	h.cfg.times.turn = time.Hour
	h.open()
	for i := range turnsAtOnce {
		h.notes(fmt.Sprintf("goat %d", i))
	}
	h.add(note(t, "goat that waits"))
	h.want("waits")
	large := repeat("sheep ", muchLog/8)
	for i := range 8 {
		h.add(event(t, 1, nostr.KindComment, int64(i), large))
	}
	h.settle()
	h.want("waits", "goat that waits")
}

// TestCloseWaitsForALateBatch: the index is closed only after a batch that is on its way.
func TestCloseWaitsForALateBatch(t *testing.T) {
	h := newHouse(t)
	dir := filepath.Join(t.TempDir(), "late")
	st, err := openStore(dir, h.log)
	if err != nil {
		t.Fatal(err)
	}
	late := make(chan error)
	st.late = late
	if err := st.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := openStore(dir, h.log); err == nil || errors.Is(err, errDamaged) {
		t.Fatalf("while the batch is on its way: %v", err)
	}
	late <- nil
	h.await("the index can be opened again", func() bool {
		st, err = openStore(dir, h.log)
		return err == nil
	})
	if err := st.close(); err != nil {
		t.Fatal(err)
	}
}

// TestCloseOfAStuckIndex: it is left, and counts as damaged.
func TestCloseOfAStuckIndex(t *testing.T) {
	h := newHouse(t)
	dir := filepath.Join(t.TempDir(), "stuck")
	st, err := openStore(dir, h.log)
	if err != nil {
		t.Fatal(err)
	}
	free := make(chan struct{})
	st.index, st.closing = stuckIndex{st.index, free}, time.Millisecond
	if err := st.close(); !errors.Is(err, errDamaged) {
		t.Errorf("closing a stuck index: %v", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	again, err := openStore(dir, h.log)
	if err != nil {
		t.Fatalf("beside what is stuck: %v", err)
	}
	if err := again.close(); err != nil {
		t.Error(err)
	}
	close(free)
}

// stuckIndex is closed only when it is let.
type stuckIndex struct {
	bleve.Index
	free chan struct{}
}

func (x stuckIndex) Close() error {
	<-x.free
	return x.Index.Close()
}
