package search

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"

	bleve "github.com/blevesearch/bleve/v2/search"
)

// What is of today weighs up to freshness more than what is very old; half of that is gone after freshDays.
const (
	freshness = 0.25
	freshDays = 60
)

// leastScore is that of a match without words that weigh, as by initial consonants alone.
const leastScore = 1e-6

const daySeconds = 24 * 60 * 60

// dayTerm is the term for a second's day: six digits, so that they sort.
func dayTerm(second int64) string {
	return fmt.Sprintf("%06d", min(max(0, second)/daySeconds, 999_999))
}

// ranking is bleve's sort of all documents that match, by their score and day.
type ranking struct {
	today int64
	day   int64 // of the document that is looked at
}

var _ bleve.SearchSort = (*ranking)(nil)

func (r *ranking) UpdateVisitor(field string, term []byte) {
	if day, err := strconv.ParseInt(string(term), 10, 64); err == nil && field == fieldDay {
		r.day = day
	}
}

// Value returns the weight of a document in a form that sorts: of positive numbers the bits do.
func (r *ranking) Value(d *bleve.DocumentMatch) string {
	age := float64(max(0, r.today-r.day))
	r.day = 0
	weight := max(d.Score, leastScore) * (1 + freshness*math.Exp2(-age/freshDays))
	return string(binary.BigEndian.AppendUint64(nil, math.Float64bits(weight)))
}

// weightOf reads what Value made.
func weightOf(d *bleve.DocumentMatch) float64 {
	return math.Float64frombits(binary.BigEndian.Uint64([]byte(d.Sort[0])))
}

func (r *ranking) DecodeValue(value string) string { return value }
func (r *ranking) Descending() bool                { return true }
func (r *ranking) RequiresDocID() bool             { return false }
func (r *ranking) RequiresScoring() bool           { return false } // true would leave the day out
func (r *ranking) RequiresFields() []string        { return []string{fieldDay} }
func (r *ranking) Reverse()                        {}
func (r *ranking) Copy() bleve.SearchSort          { c := *r; return &c }

// sortMatches puts matches into the order in which they are given: best first, of equals the newest, ties by lowest id.
func sortMatches(found []match) {
	slices.SortFunc(found, func(a, b match) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(b.createdAt, a.createdAt), slices.Compare(a.id[:], b.id[:]))
	})
}
