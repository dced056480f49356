package search

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/mapping"
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

// maxExamined is how many of the best matches are looked at: it bounds what a filter may pass over.
const maxExamined = 2048

// spare is how many matches more than are asked for are put in order: of those of a day bleve does not know the newest.
const spare = 64

// Weights of a match, beside bleve's own: how rare a word is, how often it is there, and in how short a text.
const (
	weightTitle  = 3.0
	weightPrefix = 0.5 // of the beginning of a word, as against a whole one
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
	a, err := s.find(ctx, q, limit+spare)
	if err != nil {
		return nil, err
	}
	best := a.found[:min(limit, len(a.found))]
	positions := make([]eventlog.Position, len(best))
	for i, m := range best {
		positions[i] = m.pos
	}
	return positions, nil
}

// Count returns how many events Search would find without limits. Where its words are in more than 2,048 events it
// tells by the share of those that were examined, and exact is false.
func (s *Search) Count(ctx context.Context, q Query) (n int, exact bool, err error) {
	a, err := s.find(ctx, q, math.MaxInt)
	if a.examined == 0 || a.examined == a.matches {
		return len(a.found), true, err
	}
	return int(float64(len(a.found)) / float64(a.examined) * float64(a.matches)), false, err
}

// match is an event that was found.
type match struct {
	pos       eventlog.Position
	weight    float64
	createdAt int64
	id        nostr.ID
}

// answer is what find found.
type answer struct {
	found             []match // best first
	matches, examined int     // documents that have the terms; those of them that were looked at
}

// find returns at least want matches, if there are as many.
func (s *Search) find(ctx context.Context, q Query, want int) (a answer, err error) {
	r := parse(q.Filter.Search)
	if len(r.clauses) == 0 && r.language == "" {
		return a, nil
	}
	if err := s.searching.Acquire(ctx, 1); err != nil {
		return a, err
	}
	defer s.searching.Release(1)
	ctx, cancel := context.WithTimeoutCause(ctx, searchTime, ErrSlow)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()

	candidates, matches, err := s.candidates(ctx, &r, &q)
	for a.matches = matches; err == nil && a.examined < len(candidates) && len(a.found) < want; {
		some := candidates[a.examined:min(a.examined+examinedAtOnce, len(candidates))]
		a.examined += len(some)
		var more []match
		more, err = s.examine(ctx, &r, &q, some)
		a.found = append(a.found, more...)
	}
	switch {
	case err != nil && errors.Is(context.Cause(ctx), ErrSlow):
		return answer{}, ErrSlow
	case err != nil && s.ctx.Err() != nil:
		return answer{}, ErrUnavailable
	case err != nil:
		return answer{}, err
	}
	sortMatches(a.found)
	return a, nil
}

// examinedAtOnce is how many candidates are looked up with one query.
const examinedAtOnce = 64

// candidate is a document that has the terms.
type candidate struct {
	id     nostr.ID
	weight float64
}

// candidates asks bleve for the best documents, and how many it has.
func (s *Search) candidates(
	ctx context.Context, r *request, q *Query,
) (found []candidate, matches int, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.store == nil {
		return nil, 0, ErrUnavailable
	}
	defer func() { // files that were damaged while they are in use make bleve panic
		if recover() != nil {
			s.condemn()
			found, matches, err = nil, 0, ErrUnavailable
		}
	}()
	reader, err := s.store.index.Reader()
	if err != nil {
		return nil, 0, s.unreadable(ctx)
	}
	defer reader.Close()
	asked, err := ask(reader, r, &q.Filter)
	if err != nil {
		return nil, 0, s.unreadable(ctx)
	}
	if asked == nil {
		return nil, 0, nil
	}
	searcher, err := asked.Searcher(ctx, reader, nil, bleve.SearcherOptions{})
	if err != nil {
		return nil, 0, s.unreadable(ctx)
	}
	defer searcher.Close()
	top := collector.NewTopNCollector(maxExamined, 0, bleve.SortOrder{&ranking{today: q.Now / daySeconds}})
	if err := top.Collect(ctx, searcher, reader); err != nil {
		return nil, 0, s.unreadable(ctx)
	}
	for _, hit := range top.Results() {
		if len(hit.ID) == len(nostr.ID{}) {
			found = append(found, candidate{nostr.ID([]byte(hit.ID)), weightOf(hit)})
		}
	}
	return found, int(top.Total()), nil
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
	inclusive := true
	for i := range r.clauses {
		q, err := askClause(reader, &r.clauses[i])
		if err != nil {
			return nil, err
		}
		all = append(all, q)
	}
	if r.language != "" {
		all = append(all, condition(fieldLanguage, r.language))
	}
	if f.Kinds != nil {
		var kinds []query.Query
		for _, kind := range f.Kinds {
			if _, ok := sources[kind]; ok {
				kinds = append(kinds, condition(fieldKind, kindTerm(kind)))
			}
		}
		if len(kinds) == 0 {
			return nil, nil
		}
		all = append(all, unweighed{query.NewDisjunctionQuery(kinds)})
	}
	if f.IDs != nil {
		ids := make([]string, len(f.IDs))
		for i, id := range f.IDs {
			ids[i] = string(id[:])
		}
		only := query.NewDocIDQuery(ids)
		only.SetBoost(0)
		all = append(all, only)
	}
	if f.Authors != nil && len(f.Authors) <= maxAuthors {
		authors := make([]query.Query, len(f.Authors))
		for i, pk := range f.Authors {
			authors[i] = condition(fieldAuthor, string(pk[:]))
		}
		all = append(all, unweighed{query.NewDisjunctionQuery(authors)})
	}
	if days := (f.Until-max(0, f.Since))/daySeconds + 1; days <= maxDays {
		within := query.NewTermRangeInclusiveQuery(dayTerm(f.Since), dayTerm(f.Until), &inclusive, &inclusive)
		within.SetField(fieldDay)
		all = append(all, unweighed{within})
	}
	return query.NewConjunctionQuery(all), nil
}

// What of a filter bleve is asked for. Where there is more, each event is looked at.
const (
	maxAuthors = 64
	maxDays    = 100 // between since and until
)

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
			if in.field == fieldTitle {
				terms = append(terms, term(fieldTitle+suffixInitial, t, in.weight))
			} else {
				terms = append(terms, condition(in.field+suffixInitial, t))
			}
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

// condition asks for a term that says nothing of how good a match is.
func condition(field, t string) query.Query { return unweighed{term(field, t, 1)} }

// unweighed is a query without scores: those of fields without frequencies would be no numbers.
type unweighed struct{ query.Query }

func (u unweighed) Searcher(
	ctx context.Context, r api.IndexReader, m mapping.IndexMapping, o bleve.SearcherOptions,
) (bleve.Searcher, error) {
	o.Score = "none"
	return u.Query.Searcher(ctx, r, m, o)
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
	ids, weights := make([]nostr.ID, len(some)), make(map[nostr.ID]float64, len(some))
	for i, c := range some {
		ids[i], weights[c.id] = c.id, c.weight
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
		found = append(found, match{it.Pos, weights[e.ID], e.CreatedAt, e.ID})
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
