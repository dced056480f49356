package index

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"madang/internal/durable/durabletest"
	"madang/internal/eventlog"
	"madang/internal/nostr"
	"madang/internal/verify"
)

// store is a log in memory and an index on the disk.
type store struct {
	t   testing.TB
	fs  *durabletest.FS
	dir string
	log *eventlog.Files
	x   *Index
}

func newStore(t testing.TB) *store {
	t.Helper()
	s := &store{t: t, fs: durabletest.New(), dir: filepath.Join(t.TempDir(), "index")}
	s.log = openLog(t, s.fs)
	s.open()
	t.Cleanup(func() { s.x.Close(); s.log.Close() })
	return s
}

func openLog(t testing.TB, fs *durabletest.FS) *eventlog.Files {
	t.Helper()
	log, err := eventlog.Open(eventlog.Config{Dir: "log", FS: fs, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func (s *store) open() {
	s.t.Helper()
	x, err := Open(context.Background(), s.config())
	if err != nil {
		s.t.Fatal(err)
	}
	s.x = x
}

func (s *store) config() Config {
	return Config{Dir: s.dir, Log: s.log, Logger: slog.New(slog.DiscardHandler)}
}

func (s *store) close() {
	s.t.Helper()
	if err := s.x.Close(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *store) add(events ...verify.Event) []eventlog.Position {
	s.t.Helper()
	positions, err := s.log.Append(events, 1)
	if err != nil {
		s.t.Fatal(err)
	}
	entries := make([]Entry, len(events))
	for i := range events {
		entries[i] = Entry{positions[i], events[i]}
	}
	if err := s.x.Apply(entries, s.log.End()); err != nil {
		s.t.Fatal(err)
	}
	return positions
}

func (s *store) query(filters ...nostr.Filter) (contents []string) {
	s.t.Helper()
	err := s.x.Events(context.Background(), Query{Filters: filters}, func(e *nostr.Event) error {
		contents = append(contents, e.Content)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return contents
}

func makeEvent(t testing.TB, by int, kind uint16, createdAt int64, content string, tags ...nostr.Tag) verify.Event {
	t.Helper()
	e := &nostr.Event{Kind: kind, CreatedAt: createdAt, Tags: tags, Content: content}
	if err := e.Sign(nostr.SecretKey{30: byte(by >> 8), 31: byte(1 + by)}); err != nil {
		t.Fatal(err)
	}
	v, err := verify.One(e)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (s *store) addNotes(n int) {
	s.t.Helper()
	var events []verify.Event
	for i := range n {
		events = append(events, makeEvent(s.t, i%3, 1, int64(i), strconv.Itoa(i), nostr.Tag{"t", "x"}))
	}
	s.add(events...)
}

// TestRebuild spoils the index in every way that Open must notice, and wants the same answers afterwards.
func TestRebuild(t *testing.T) {
	for name, spoil := range map[string]func(*testing.T, *store){
		"missing": func(t *testing.T, s *store) {
			if err := os.RemoveAll(s.dir); err != nil {
				t.Fatal(err)
			}
		},
		"another log's": func(t *testing.T, s *store) {
			other := newStore(t)
			other.addNotes(5)
			other.close()
			if err := os.RemoveAll(s.dir); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(other.dir, s.dir); err != nil {
				t.Fatal(err)
			}
			other.open()
		},
		"ahead of the log": func(t *testing.T, s *store) { alter(t, s, keyWatermark, uint64Value(1<<40)) },
		"another version":  func(t *testing.T, s *store) { alter(t, s, keyFormat, uint64Value(formatVersion+1)) },
		"manifest gone":    func(t *testing.T, s *store) { eachFile(t, s.dir, "MANIFEST", os.Remove) },
		"tables gone":      func(t *testing.T, s *store) { eachFile(t, s.dir, ".sst", os.Remove) },
		"tables cut": func(t *testing.T, s *store) {
			eachFile(t, s.dir, ".sst", func(f string) error { return os.Truncate(f, 100) })
		},
		"tables scribbled over": func(t *testing.T, s *store) {
			eachFile(t, s.dir, ".sst", func(f string) error { return os.WriteFile(f, make([]byte, 2000), 0o600) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			s.addNotes(40)
			want := s.query(nostr.All())
			s.close()
			spoil(t, s)
			s.open()
			if got := s.query(nostr.All()); len(got) != 40 || !slices.Equal(got, want) || s.x.Len() != 40 {
				t.Errorf("%d held: %v", s.x.Len(), got)
			}
			if differences, err := s.x.CheckConsistency(t.Context()); err != nil || len(differences) > 0 {
				t.Errorf("%q, %v", differences, err)
			}
		})
	}
}

func alter(t *testing.T, s *store, key, value []byte) {
	t.Helper()
	db, err := openStore(s.config().withDefaults(), newHealth(s.config().withDefaults()), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Set(key, value, pebble.NoSync), db.Flush(), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func eachFile(t *testing.T, dir, name string, do func(string) error) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(d.Name(), name) {
			return err
		}
		n++
		return do(path)
	})
	if err != nil || n == 0 {
		t.Fatalf("%d files like %s: %v", n, name, err)
	}
}

// TestDamageWhileServing: damage that shows only when a block is read condemns the index, and the next start rebuilds it.
func TestDamageWhileServing(t *testing.T) {
	s := newStore(t)
	s.addNotes(400)
	s.close()
	eachFile(t, s.dir, ".sst", func(name string) error {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for i := range len(b) / 8 { // the authors' keys come first
			b[i] ^= 0x55
		}
		return os.WriteFile(name, b, 0o600)
	})
	s.open()
	byAuthor := nostr.All()
	byAuthor.Authors = []nostr.PubKey{nostr.SecretKey{31: 1}.PubKey()}
	if _, err := s.x.Count(t.Context(), Query{Filters: []nostr.Filter{byAuthor}}); !pebble.IsCorruptionError(err) {
		t.Fatalf("reading a damaged index: %v", err)
	}
	s.close()
	s.open()
	if n := len(s.query(nostr.All())); n != 400 {
		t.Errorf("%d events after a new start, want 400", n)
	}
	if _, err := os.Stat(condemnation(s.dir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the index is still condemned: %v", err)
	}
}

func TestCheckConsistencyFinds(t *testing.T) {
	s := newStore(t)
	s.addNotes(10)
	batch := s.x.db.NewBatch()
	it, err := s.x.db.NewIter(&pebble.IterOptions{LowerBound: []byte{familyKind}, UpperBound: []byte{familyKind + 1}})
	if err != nil {
		t.Fatal(err)
	}
	it.First()
	missing := slices.Clone(it.Key())
	it.Next()
	changed := slices.Clone(it.Key())
	extra := append(slices.Clone(changed), 0)
	if err := errors.Join(it.Close(), batch.Delete(missing, nil), batch.Set(changed, []byte("x"), nil),
		batch.Set(extra, nil, nil), batch.Commit(pebble.NoSync)); err != nil {
		t.Fatal(err)
	}
	differences, err := s.x.CheckConsistency(t.Context())
	if err != nil || len(differences) != 3 {
		t.Errorf("%q, %v, want 3 differences", differences, err)
	}
	if entries, err := os.ReadDir(filepath.Dir(s.dir)); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// TestDamagedRecord: one record that the log cannot give back is passed over, replaced and deleted like any other.
func TestDamagedRecord(t *testing.T) {
	s := newStore(t)
	profile := makeEvent(t, 1, 0, 1, "damaged profile")
	positions := s.add(makeEvent(t, 1, 1, 1, "good"), makeEvent(t, 1, 1, 2, "damaged"), profile, makeEvent(t, 1, 1, 4, "last"))
	for _, pos := range positions[1:3] {
		s.fs.Flip("log/0000000000000000.log", int64(pos)+100)
	}
	if got := s.query(nostr.All()); !slices.Equal(got, []string{"last", "good"}) {
		t.Errorf("%q", got)
	}
	s.add(makeEvent(t, 1, 0, 5, "new profile"))
	s.add(makeEvent(t, 1, nostr.KindDeletion, 6, "deletion", nostr.Tag{"e", profile.Event().ID.String()}))
	if got := s.query(nostr.All()); !slices.Equal(got, []string{"deletion", "new profile", "last", "good"}) {
		t.Errorf("%q", got)
	}
}

// TestInUse: an index that another holds is not thrown away.
func TestInUse(t *testing.T) {
	s := newStore(t)
	s.addNotes(10)
	if x, err := Open(t.Context(), s.config()); err == nil {
		x.Close()
		t.Fatal("opened twice")
	}
	if n := len(s.query(nostr.All())); n != 10 {
		t.Errorf("%d events, want 10", n)
	}
}

// TestConcurrent has readers ask while versions of one profile follow each other: they see exactly one, never an older
// one after a newer, and Close waits for them.
func TestConcurrent(t *testing.T) {
	s := newStore(t)
	s.add(makeEvent(t, 1, 0, 0, "0"))
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			f := nostr.All()
			f.Kinds, f.Limit = []uint16{0}, 1
			var last int64
			var end eventlog.Position
			for {
				n := 0
				answer, err := s.x.Query(t.Context(), Query{Filters: []nostr.Filter{f, nostr.All()}}, func(it Item) error {
					n++
					if it.Head.CreatedAt < last || it.Pos >= s.log.End() {
						t.Errorf("version %d after %d", it.Head.CreatedAt, last)
					}
					last = it.Head.CreatedAt
					return nil
				})
				if errors.Is(err, ErrClosed) {
					return
				}
				if err != nil || n != 1 || answer.End < end {
					t.Errorf("%d profiles, up to %d after %d, %v", n, answer.End, end, err)
				}
				end = answer.End
			}
		})
	}
	for i := range 100 {
		s.add(makeEvent(t, 1, 0, int64(i+1), strconv.Itoa(i+1)))
	}
	s.close()
	readers.Wait()
	if err := s.x.Apply(nil, 0); !errors.Is(err, ErrClosed) {
		t.Errorf("Apply after Close: %v", err)
	}
	s.open()
	if got := s.query(nostr.All()); !slices.Equal(got, []string{"100"}) {
		t.Errorf("%q", got)
	}
}
