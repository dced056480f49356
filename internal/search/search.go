// Package search finds public events by their words (NIP-50): an inverted index by bleve (scorch), analysed so that
// Korean and other scripts without spaces are found by any part of a word, Korean also by its initial consonants, and
// that neither case, accents nor the forms of Arabic letters matter. docs/formats.md, 'Search', tells what is on the
// disk.
//
// The index follows the log by itself, in the background, and is never asked whether an event may be accepted. What it
// finds is a suggestion: the main index says whether the event is still held, and the caller who may see it. Only the
// kinds in document.go are ever looked at; mail and drafts are not among them. What people search for is neither logged
// nor kept.
package search

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"madang/internal/durable"
	"madang/internal/eventlog"
	"madang/internal/index"
	"madang/internal/nostr"
)

var (
	// ErrUnavailable: the index cannot be read at the moment; the node's log says why.
	ErrUnavailable = errors.New("search is not available at the moment")
	// ErrSlow: what is searched for is in so many events that it takes too long.
	ErrSlow = errors.New("this search takes too long")
)

// Config of a search.
type Config struct {
	Dir    string // holds the index; made if absent, and again from the log where it is damaged
	Log    eventlog.Log
	Index  *index.Index // of the same log
	Logger *slog.Logger // default: slog.Default()

	times times
	free  func(dir string) (int64, error) // bytes left on the disk; default: durable.OS
}

// times are set by tests.
type times struct {
	quiet    time.Duration // without commits, after which new events are taken in; default 2 s
	patience time.Duration // after which they are taken in though commits go on; default 30 s
	turn     time.Duration // between small writes that follow one another, see turns; default 3 minutes
	retry    time.Duration // after an error or on a full disk; default 30 s
	look     time.Duration // after which it is looked for words of events that are gone; default 15 minutes
	rewrite  time.Duration // at least, between two rewritings of segments with such words; default 24 h
}

// turnsAtOnce is how many small writes may follow one another at once: what people publish is found within seconds,
// unless it is very many small things.
const turnsAtOnce = 20

// searchesAtOnce is how many searches are worked on together; others wait.
const searchesAtOnce = 2

// Search is safe for concurrent use.
type Search struct {
	cfg       Config
	ctx       context.Context // ends with Close
	cancel    context.CancelFunc
	followed  sync.WaitGroup
	woken     chan struct{} // has room for one signal
	stale     chan nostr.ID // met by searches, held no more
	turns     *rate.Limiter // of small writes: each costs the disk some 200 KB, and SD cards wear
	searching *semaphore.Weighted

	// Of run alone.
	eraseAt   time.Time // when words of events that are gone are looked for next
	rewritten time.Time // when segments were last rewritten because of such words

	// mu guards store: held for reading throughout a search, and for writing to open or close it.
	mu    sync.RWMutex
	store *store // nil while there is none
}

// Open begins to follow the log. What is wrong with the index is logged and mended in the background: a node works
// without it.
func Open(cfg Config) *Search {
	s := newSearch(cfg)
	s.followed.Go(s.run)
	return s
}

func newSearch(cfg Config) *Search {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.times == (times{}) {
		cfg.times = times{
			quiet: 2 * time.Second, patience: 30 * time.Second, turn: 3 * time.Minute, retry: 30 * time.Second,
			look: 15 * time.Minute, rewrite: 24 * time.Hour,
		}
	}
	if cfg.free == nil {
		cfg.free = durable.OS{}.Free
	}
	s := &Search{
		cfg: cfg, woken: make(chan struct{}, 1), stale: make(chan nostr.ID, 1024),
		turns: rate.NewLimiter(rate.Every(cfg.times.turn), turnsAtOnce), searching: semaphore.NewWeighted(searchesAtOnce),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Close ends searches and following, within a second, or ten where the index is damaged. A second Close does nothing.
func (s *Search) Close() error {
	s.cancel()
	s.followed.Wait()
	return nil
}

// Wake says that the log has grown. It never waits.
func (s *Search) Wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// Kinds returns the kinds that are indexed, in order: commits of others need no Wake.
func Kinds() []uint16 {
	kinds := []uint16{nostr.KindDeletion, nostr.KindVanish}
	for kind := range sources {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

// Position returns up to where the log is searched. 0 while the index is not open.
func (s *Search) Position() eventlog.Position {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.store == nil {
		return 0
	}
	return eventlog.Position(s.store.position.Load())
}
