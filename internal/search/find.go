package search

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/blevesearch/bleve/v2/analysis"
	bleve "github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/collector"
	"github.com/blevesearch/bleve/v2/search/query"
	api "github.com/blevesearch/bleve_index_api"

	"madang/internal/eventlog"
	"madang/internal/index"
	"madang/internal/nostr"
)

// Query asks for events by their words, and by the other conditions of a filter.
type Query struct {
	Filter   nostr.Filter            // Search is not empty
	Now      int64                   // Unix seconds; what has expired by then is left out
	Visible  func(*nostr.Event) bool // who may see what, asked for each event, without content; nil: all
	MaxLimit int                     // bound on the filter's limit; 0: none
}

// maxExamined is how many of the best matches are looked at: it bounds what a filter may pass over, and counts.
const maxExamined = 2048

// Weights of a match, beside bleve's own: how rare a word is, how often it is there, and in how short a text.
const (
	weightTitle  = 3.0
	weightPrefix = 0.5 // of the beginning of a word, as against a whole one

	weightCondition = 1e-6 // of what is no word. None at all would leave bleve without a scale if there are no words

	// freshness is how much more something of today weighs than something very old; half of that is gone in freshDays.
	freshness = 0.25
	freshDays = 60
)

// searchTime is how long a search may take.
const searchTime = 5 * time.Second

// maxPrefixed is how many words the beginning of one stands for.
const maxPrefixed = 32

// Search returns where the log has the events that the query finds, best first (NIP-50). There is no search that it
// refuses: one without any word finds nothing. Its errors are ErrUnavailable, ErrSlow, and those of ctx and of the main
// index.
func (s *Search) Search(ctx context.Context, q Query) ([]eventlog.Position, error) {
	limit := maxExamined
	for _, bound := range []int{q.Filter.Limit, q.MaxLimit} {
		if bound > 0 {
			limit = min(limit, bound)
		}
	}
	if q.Filter.Limit == 0 {
		return nil, nil
	}
	found, _, err := s.find(ctx, q, limit+limit/2+16)
	if err != nil {
		return nil, err
	}
	found = found[:min(limit, len(found))]
	positions := make([]eventlog.Position, len(found))
	for i, m := range found {
		positions[i] = m.pos
	}
	return positions, nil
}

// Count returns how many events Search would find without limits, as far as 2,048 matches of its words tell; exact says
// whether these were all.
func (s *Search) Count(ctx context.Context, q Query) (n int, exact bool, err error) {
	found, exact, err := s.find(ctx, q, math.MaxInt)
	return len(found), exact, err
}

// match is an event that was found.
type match struct {
	pos       eventlog.Position
	score     float64
	createdAt int64
	id        nostr.ID
}

// find returns at least want matches, if there are as many, best first. all says that there are no more.
func (s *Search) find(ctx context.Context, q Query, want int) (found []match, all bool, err error) {
	r := parse(q.Filter.Search)
	if len(r.clauses) == 0 && r.language == "" {
		return nil, true, nil
	}
	if err := s.searching.Acquire(ctx, 1); err != nil {
		return nil, false, err
	}
	defer s.searching.Release(1)
	ctx, cancel := context.WithTimeoutCause(ctx, searchTime, ErrSlow)
	defer cancel()
	defer func() {
		if errors.Is(context.Cause(ctx), ErrSlow) && err != nil {
			err = ErrSlow
		}
	}()
	defer context.AfterFunc(s.ctx, cancel)()

	candidates, all, err := s.candidates(ctx, &r, &q.Filter)
	if err != nil {
		return nil, false, err
	}
	for len(candidates) > 0 && len(found) < want {
		some := candidates[:min(64, len(candidates))]
		candidates = candidates[len(some):]
		more, err := s.examine(ctx, &r, &q, some)
		if err != nil {
			return nil, false, err
		}
		found = append(found, more...)
	}
	slices.SortFunc(found, compareMatches)
	return found, all && len(candidates) == 0, nil
}

func compareMatches(a, b match) int {
	switch {
	case a.score != b.score:
		if a.score > b.score {
			return -1
		}
		return 1
	case a.createdAt != b.createdAt:
		if a.createdAt > b.createdAt {
			return -1
		}
		return 1
	}
	return slices.Compare(a.id[:], b.id[:])
}

// candidate is a document that has the terms.
type candidate struct {
	id    nostr.ID
	score float64
}

// candidates asks bleve for the best documents. all says that these are all.
func (s *Search) candidates(ctx context.Context, r *request, f *nostr.Filter) (found []candidate, all bool, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.store == nil {
		return nil, false, ErrUnavailable
	}
	defer func() { // files that were damaged while they are in use make bleve panic
		if recover() != nil {
			s.condemn()
			found, all, err = nil, false, ErrUnavailable
		}
	}()
	reader, err := s.store.index.Reader()
	if err != nil {
		return nil, false, s.unreadable(ctx)
	}
	defer reader.Close()
	asked, err := ask(reader, r, f)
	if err != nil {
		return nil, false, s.unreadable(ctx)
	}
	if asked == nil {
		return nil, true, nil
	}
	searcher, err := asked.Searcher(ctx, reader, nil, bleve.SearcherOptions{})
	if err != nil {
		return nil, false, s.unreadable(ctx)
	}
	defer searcher.Close()
	top := collector.NewTopNCollector(maxExamined, 0, bleve.SortOrder{&bleve.SortScore{Desc: true}})
	if err := top.Collect(ctx, searcher, reader); err != nil {
		return nil, false, s.unreadable(ctx)
	}
	for _, hit := range top.Results() {
		if len(hit.ID) == len(nostr.ID{}) {
			found = append(found, candidate{nostr.ID([]byte(hit.ID)), hit.Score})
		}
	}
	return found, top.Total() <= maxExamined, nil
}

// unreadable is what is told of an error of bleve's, which means damage unless ctx has ended. The error itself might
// hold what was searched for.
func (s *Search) unreadable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.condemn()
	return ErrUnavailable
}

// condemn has the index built anew. s.mu is held for reading.
func (s *Search) condemn() {
	s.store.condemned.Store(true)
	s.Wake()
}

// ask makes bleve's query, or nil where nothing can be found.
func ask(reader api.IndexReader, r *request, f *nostr.Filter) (query.Query, error) {
	var all []query.Query
	for i := range r.clauses {
		q, err := askClause(reader, &r.clauses[i])
		if err != nil {
			return nil, err
		}
		all = append(all, q)
	}
	if r.language != "" {
		all = append(all, term(fieldLanguage, r.language, weightCondition))
	}
	if f.Kinds != nil {
		var kinds []query.Query
		for _, kind := range f.Kinds {
			if _, ok := sources[kind]; ok {
				kinds = append(kinds, term(fieldKind, kindTerm(kind), weightCondition))
			}
		}
		if len(kinds) == 0 {
			return nil, nil
		}
		all = append(all, query.NewDisjunctionQuery(kinds))
	}
	if f.IDs != nil {
		ids := make([]string, len(f.IDs))
		for i, id := range f.IDs {
			ids[i] = string(id[:])
		}
		only := query.NewDocIDQuery(ids)
		only.SetBoost(weightCondition)
		all = append(all, only)
	}
	if f.Authors != nil && len(f.Authors) <= maxAuthors {
		authors := make([]query.Query, len(f.Authors))
		for i, pk := range f.Authors {
			authors[i] = term(fieldAuthor, string(pk[:]), weightCondition)
		}
		all = append(all, query.NewDisjunctionQuery(authors))
	}
	return query.NewConjunctionQuery(all), nil
}

// maxAuthors is how many authors of a filter bleve is asked for; of more, each event is looked at.
const maxAuthors = 64

// askClause asks for the clause's terms in the title or in the text.
func askClause(reader api.IndexReader, c *clause) (query.Query, error) {
	var either []query.Query
	for _, in := range []struct {
		field  string
		weight float64
	}{{fieldTitle, weightTitle}, {fieldText, 1}} {
		var terms []query.Query
		c.terms(func(t string) {
			terms = append(terms, term(in.field, t, in.weight))
		}, func(t string) {
			terms = append(terms, term(in.field+suffixInitial, t, in.weight))
		})
		either = append(either, query.NewConjunctionQuery(terms))
		if c.prefix {
			longer, err := longerWords(reader, in.field, c.elems[0].term)
			if err != nil {
				return nil, err
			}
			for _, t := range longer {
				either = append(either, term(in.field, t, in.weight*weightPrefix))
			}
		}
	}
	return query.NewDisjunctionQuery(either), nil
}

func term(field, t string, weight float64) query.Query {
	q := query.NewTermQuery(t)
	q.SetField(field)
	q.SetBoost(weight)
	return q
}

// longerWords returns words of the index that begin with prefix and are longer.
func longerWords(reader api.IndexReader, field, prefix string) (words []string, err error) {
	dict, err := reader.FieldDictPrefix(field, []byte(prefix))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dict.Close()) }()
	for len(words) < maxPrefixed {
		entry, err := dict.Next()
		if err != nil || entry == nil {
			return words, err
		}
		if entry.Term != prefix {
			words = append(words, entry.Term)
		}
	}
	return words, nil
}

// examine looks the candidates up in the main index, and returns those that are what is asked for.
func (s *Search) examine(ctx context.Context, r *request, q *Query, some []candidate) (found []match, err error) {
	ids, scores := make([]nostr.ID, len(some)), make(map[nostr.ID]float64, len(some))
	for i, c := range some {
		ids[i], scores[c.id] = c.id, c.score
	}
	held, err := s.held(ctx, ids, func(it index.Item) error {
		e := it.Head
		if at, ok := e.Expiration(); ok && at <= q.Now {
			return nil
		}
		if !q.Filter.Matches(e) || q.Visible != nil && !q.Visible(e) || r.hideNSFW && isNSFW(e) {
			return nil
		}
		if met, err := r.met(it); err != nil || !met {
			return err
		}
		score := scores[e.ID] * (1 + freshness*fresh(q.Now-e.CreatedAt))
		found = append(found, match{it.Pos, score, e.CreatedAt, e.ID})
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if !held[id] {
			s.forget(id)
		}
	}
	return found, nil
}

// forget has a document removed whose event is held no more. Where many wait for that, it is met again.
func (s *Search) forget(id nostr.ID) {
	select {
	case s.stale <- id:
		s.Wake()
	default:
	}
}

// fresh returns 1 for what is new, and half of it each freshDays.
func fresh(seconds int64) float64 {
	return math.Exp2(-float64(max(0, seconds)) / (freshDays * 24 * 60 * 60))
}

// isNSFW reports whether the author warns of the content (NIP-36).
func isNSFW(e *nostr.Event) bool {
	_, warned := e.Tags.First("content-warning")
	return warned || e.Tags.Has("t", "nsfw")
}

// met reports whether what stands side by side in the search does so in the event.
func (r *request) met(it index.Item) (bool, error) {
	if !slices.ContainsFunc(r.clauses, func(c clause) bool { return !c.certain() }) {
		return true, nil
	}
	e, err := it.Event()
	if err != nil {
		return false, err
	}
	title, text := textOf(e)
	parts := []analysis.TokenStream{split.Analyze([]byte(title)), split.Analyze([]byte(text))}
	for i := range r.clauses {
		c := &r.clauses[i]
		if !c.certain() && !slices.ContainsFunc(parts, c.met) {
			return false, nil
		}
	}
	return true, nil
}
