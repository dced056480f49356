package search

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/index/scorch/mergeplan"
	bleve "github.com/blevesearch/bleve_index_api"

	"madang/internal/eventlog"
	"madang/internal/index"
	"madang/internal/nostr"
)

// The words of a document that is crossed out stand in its segment until that is written again, which bleve does when
// it merges: a large segment perhaps never. So segments that have such words are written again soon after the index is
// opened, and then at most once a day. That needs neither a clock that is right nor a note on the disk, and a node that
// is switched off every evening comes to it too. An index of 300 MB in which something is deleted every day costs an SD
// card some 100 GB a year.

// erase looks whether words of events that are gone are on the disk, and removes them, when it is time for that.
func (s *Search) erase(st *store) error {
	if time.Now().Before(s.eraseAt) {
		return nil
	}
	err := s.eraseGone(st)
	s.eraseAt = time.Now().Add(s.cfg.times.look)
	switch {
	case errors.Is(err, errFull):
		s.cfg.Logger.Error("search: the disk is full: words of deleted events stay on it until there is room")
	case err != nil:
		return fmt.Errorf("removing the words of deleted events: %w", err)
	}
	return nil
}

func (s *Search) eraseGone(st *store) error {
	if err := s.crossOutExpired(st); err != nil {
		return err
	}
	left, err := st.leftovers()
	switch {
	case err != nil:
		return err
	case left.crossed && time.Since(s.rewritten) >= s.cfg.times.rewrite:
		if err := s.keepReserve(st); err != nil {
			return err
		}
		if left.segments == 1 {
			if err := s.addSegment(st); err != nil {
				return err
			}
		}
		if err := st.rewrite(s.ctx, s.cfg.times.retry); err != nil {
			return err
		}
		s.rewritten = time.Now()
	case left.files:
		// A search held them when they could have been removed. bleve tries it again only when something is written.
		if err := s.keepReserve(st); err != nil {
			return err
		}
		return st.write(s.ctx, bleve.NewBatch(), eventlog.Position(st.position.Load()))
	}
	return nil
}

// crossOutExpired crosses out what has expired and was swept. Nothing in the log tells of that.
func (s *Search) crossOutExpired(st *store) error {
	ids, err := st.expiring(s.ctx)
	if err != nil {
		return err
	}
	held, err := s.held(s.ctx, ids, nil)
	if err != nil {
		return err
	}
	b := newBatch()
	for i, id := range ids {
		if !held[id] {
			b.suspects = append(b.suspects, id)
		}
		if b.isFull() || i == len(ids)-1 && !b.isEmpty() {
			if err := s.commit(st, b, eventlog.Position(st.position.Load())); err != nil {
				return err
			}
			b = newBatch()
		}
	}
	return nil
}

// addSegment moves a document to a segment of its own: one that is alone bleve does not write again.
func (s *Search) addSegment(st *store) error {
	b := newBatch()
	var err error
	if b.suspects, err = st.anyDocument(); err != nil {
		return err
	}
	_, err = s.held(s.ctx, b.suspects, func(it index.Item) error {
		e, err := it.Event()
		if err == nil {
			b.docs[e.ID], _ = makeDocument(e)
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.commit(st, b, eventlog.Position(st.position.Load()))
}

// leftovers is what the disk has of documents that are crossed out.
type leftovers struct {
	segments int  // that count
	crossed  bool // some of them have such documents
	files    bool // there are files of segments that do not count any more
}

func (st *store) leftovers() (left leftovers, err error) {
	r, err := st.index.Reader()
	if err != nil {
		return left, err
	}
	defer r.Close()
	snapshot, ok := r.(*scorch.IndexSnapshot)
	if !ok {
		return left, fmt.Errorf("bleve's reader is a %T", r)
	}
	count := map[string]bool{}
	for _, segment := range snapshot.Segments() {
		left.segments++
		left.crossed = left.crossed || segment.LiveSize() < segment.FullSize()
		if file, ok := segment.Segment().(interface{ Path() string }); ok {
			count[filepath.Base(file.Path())] = true
		}
	}
	files, err := os.ReadDir(st.dir)
	for _, f := range files {
		if filepath.Ext(f.Name()) == ".zap" && !count[f.Name()] {
			left.files = true
		}
	}
	return left, err
}

// rewrite writes each segment that has documents crossed out again without them, and returns once the new ones count.
// Searches go on meanwhile. An error of bleve's is noticed within the time between looks.
func (st *store) rewrite(ctx context.Context, look time.Duration) error {
	done := make(chan error, 1)
	go func() {
		done <- st.index.(*scorch.Scorch).ForceMerge(ctx, &mergeplan.MergePlanOptions{
			// Each segment is a task by itself, and of those bleve leaves out what has nothing crossed out.
			SegmentsPerMergeTask: 1,
			MaxSegmentSize:       mergeplan.MaxSegmentSizeLimit,
			CalcBudget:           func(int64, int64, *mergeplan.MergePlanOptions) int { return 0 },
		})
	}()
	looks := time.NewTicker(look)
	defer looks.Stop()
	for {
		select {
		case err := <-done:
			return errors.Join(err, ctx.Err())
		case <-ctx.Done(): // closing the index ends it
			return ctx.Err()
		case <-looks.C:
			if err := st.healthy(); err != nil {
				return err
			}
		}
	}
}

// expiring returns the ids of the documents whose events expire some day.
func (st *store) expiring(ctx context.Context) ([]nostr.ID, error) {
	r, err := st.index.Reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return having(ctx, r, fieldExpires, termExpires)
}

// anyDocument returns the id of one document, if there is any.
func (st *store) anyDocument() (ids []nostr.ID, err error) {
	defer noticeDamage(&err)
	r, err := st.index.Reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	docs, err := r.DocIDReaderAll()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, docs.Close()) }()
	doc, err := docs.Next()
	if err != nil || doc == nil {
		return nil, err
	}
	id, err := r.ExternalID(doc)
	if err != nil || len(id) != len(nostr.ID{}) {
		return nil, err
	}
	return []nostr.ID{nostr.ID([]byte(id))}, nil
}
