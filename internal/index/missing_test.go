package index

import (
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"

	"madang/internal/durable/durabletest"
	"madang/internal/nostr"
	"madang/internal/verify"
)

// TestMissing asks while events come in, in bulk and not: what is held is never called missing, nor the other way round.
func TestMissing(t *testing.T) {
	for _, bulk := range []bool{false, true} {
		s := &store{t: t, fs: durabletest.New(), dir: t.TempDir()}
		s.log = openLog(t, s.fs)
		cfg := Config{Dir: s.dir, Log: s.log, Logger: slog.New(slog.DiscardHandler), Bulk: bulk}
		var err error
		if s.x, err = Open(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		var events []verify.Event
		var ids []nostr.ID
		for i := range 60 {
			e := makeEvent(t, i%3, 1, int64(i), strconv.Itoa(i))
			events, ids = append(events, e), append(ids, e.Event().ID)
		}
		never, first := ids[50:], ids[:10]
		s.add(events[:10]...)
		ask := func(ids []nostr.ID) []nostr.ID {
			missing, err := s.x.Missing(ids)
			if err != nil {
				t.Error(err)
			}
			return missing
		}
		var asking sync.WaitGroup
		added := make(chan struct{})
		asking.Go(func() {
			for last := false; !last; {
				select {
				case <-added:
					last = true
				default:
				}
				missing := ask(slices.Concat(never, ids))
				n := len(missing)
				if n < 20 || !slices.Equal(missing[:10], never) || !slices.Equal(missing[n-10:], never) ||
					slices.ContainsFunc(missing, func(id nostr.ID) bool { return slices.Contains(first, id) }) {
					t.Errorf("bulk %v: missing %v", bulk, missing)
				}
			}
		})
		for _, e := range events[10:50] {
			s.add(e)
		}
		close(added)
		asking.Wait()
		s.add(makeEvent(t, 0, nostr.KindDeletion, 100, "", nostr.Tag{"e", ids[0].String()}))
		if missing := ask(ids); !slices.Equal(missing, slices.Concat(ids[:1], never)) {
			t.Errorf("bulk %v: in the end missing %v", bulk, missing)
		}
		if missing := ask(nil); len(missing) > 0 {
			t.Errorf("bulk %v: of none missing %v", bulk, missing)
		}
		s.close()
		if _, err := s.x.Missing(ids); !errors.Is(err, ErrClosed) {
			t.Errorf("bulk %v: once closed: %v", bulk, err)
		}
		if err := s.log.Close(); err != nil {
			t.Error(err)
		}
	}
}
