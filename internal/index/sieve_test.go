package index

import (
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"madang/internal/eventlog"
	"madang/internal/nostr"
)

// TestManyEvents takes in more than memory holds at once, with and without bulk: writing waits for tables to be written,
// and for nothing else; both indexes are alike.
func TestManyEvents(t *testing.T) {
	log := newVillageLog(20_000)
	cfg := Config{Dir: "index", Log: log, Logger: slog.New(slog.DiscardHandler), fs: vfs.NewMem(), memTableSize: 1 << 20}
	for _, lag := range []eventlog.Position{1, 1 << 40} {
		cfg.Dir += "x"
		cfg.bulkLag = lag
		x, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := x.Count(t.Context(), Query{Filters: []nostr.Filter{nostr.All()}}); err != nil || n != x.Len() || n < 19_000 {
			t.Errorf("%d events found, %d held, %v", n, x.Len(), err)
		}
		if differences, err := x.CheckConsistency(t.Context()); err != nil || len(differences) > 0 {
			t.Errorf("%q, %v", differences, err)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSieve: what was added is never denied, and little else is let through.
func TestSieve(t *testing.T) {
	x, err := Open(t.Context(), Config{
		Dir: "index", Log: newVillageLog(1), Logger: slog.New(slog.DiscardHandler), fs: vfs.NewMem(), Bulk: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	key := func(n int) []byte { return idKey(nostr.ID{0: byte(n), 1: byte(n >> 8), 2: byte(n >> 16)}) }
	const n = 100_000
	for i := range n {
		x.sieve.add(key(i))
	}
	through := 0
	for i := range n {
		if !x.sieve.mayHave(key(i)) {
			t.Fatalf("key %d is denied", i)
		}
		if x.sieve.mayHave(key(n + i)) {
			through++
		}
	}
	if through > n/100 {
		t.Errorf("%d of %d were let through", through, n)
	}
}
