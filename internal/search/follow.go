package search

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/blevesearch/bleve/v2/document"
	bleve "github.com/blevesearch/bleve_index_api"

	"madang/internal/durable"
	"madang/internal/eventlog"
	"madang/internal/index"
	"madang/internal/nostr"
)

// What one batch takes in. It bounds the memory of indexing, and how long closing waits.
const (
	batchEvents = 512
	batchBytes  = 256 << 10
)

// reserve is how many bytes of the disk are left free besides the room that merging may need, which is that of the
// whole index: events and films come first.
const reserve = 64 << 20

// unwritten is how far the position may run ahead of the one on the disk where nothing was indexed: a node that carries
// only mail writes nothing here.
const unwritten = 64 << 20

var errFull = fmt.Errorf("%w for the search index", durable.ErrFull)

// run follows the log until Close. After an error it waits, ever longer, and opens the index again. One that is
// damaged, or fails twice in an hour, is built anew.
func (s *Search) run() {
	for failures := 0; ; {
		began := time.Now()
		err := s.follow()
		closed := s.setStore(nil)
		if s.ctx.Err() != nil {
			return
		}
		if time.Since(began) > time.Hour {
			failures = 0
		}
		failures++
		s.cfg.Logger.Error("search: new events are not found until this is mended", "error", err)
		if errors.Is(errors.Join(err, closed), errDamaged) || errors.Is(err, errBackground) && failures > 1 {
			s.remove(err)
		}
		s.sleep(s.cfg.times.retry << min(failures-1, 6))
	}
}

// remove removes the index, so that it is built anew.
func (s *Search) remove(why error) {
	s.cfg.Logger.Warn("search: the index is built anew from the log", "reason", why)
	if err := os.RemoveAll(s.cfg.Dir); err != nil {
		s.cfg.Logger.Error("search: the old index could not be removed", "error", err)
	}
}

// setStore replaces the store, and closes the old one once no search reads it.
func (s *Search) setStore(st *store) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.store != nil {
		if err = s.store.close(); err != nil {
			s.cfg.Logger.Error("search: closing the index", "error", err)
		}
	}
	s.store = st
	return err
}

// sleep waits, and reports whether the search is still open.
func (s *Search) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// follow opens the index and takes in what the log has and gets, until an error or Close.
func (s *Search) follow() error {
	st, err := openStore(s.cfg.Dir, s.cfg.Log)
	if errors.Is(err, errDamaged) || errors.Is(err, errForeign) {
		s.remove(err)
		st, err = openStore(s.cfg.Dir, s.cfg.Log)
	}
	if err != nil {
		return err
	}
	_ = s.setStore(st) // there was none
	s.eraseAt = time.Now().Add(s.cfg.times.look)
	full := false
	for {
		err := s.catchUp(st)
		switch {
		case s.ctx.Err() != nil:
			return nil
		case errors.Is(err, errFull):
			if !full {
				s.cfg.Logger.Error("search: the disk is full: new events are not found until there is room")
			}
			full = true
			if s.sleep(s.cfg.times.retry) {
				continue
			}
			return nil
		case err != nil:
			return err
		case full:
			s.cfg.Logger.Info("search: the disk has room again: new events are found")
			full = false
		}
		if err := s.erase(st); err != nil && s.ctx.Err() == nil {
			return err
		}
		if err := s.await(st); err != nil {
			return err
		}
	}
}

// await returns some time after the log has grown: once nothing has been committed for a while, or after a longer
// while. So what comes in bursts gives way to those who send it, and costs one write. While the log does not grow it
// returns when it is time to erase.
func (s *Search) await(st *store) error {
	erase := time.NewTimer(time.Until(s.eraseAt))
	defer erase.Stop()
	select {
	case <-s.woken:
	case <-s.ctx.Done():
		return nil
	case <-erase.C:
		return nil
	case <-time.After(s.cfg.times.retry): // what was taken in last has been merged by now
		if err := st.healthy(); err != nil {
			return err
		}
		select {
		case <-s.woken:
		case <-s.ctx.Done():
			return nil
		case <-erase.C:
			return nil
		}
	}
	patience := time.NewTimer(s.cfg.times.patience)
	defer patience.Stop()
	for {
		quiet := time.NewTimer(s.cfg.times.quiet)
		select {
		case <-s.woken:
			quiet.Stop()
			continue
		case <-quiet.C:
		case <-patience.C:
			quiet.Stop()
		case <-s.ctx.Done():
			quiet.Stop()
		}
		s.awaitTurn(st)
		return st.healthy()
	}
}

// muchLog is how many bytes of the log are worth a write at any time.
const muchLog = 1 << 20

// awaitTurn returns when there may be another write.
func (s *Search) awaitTurn(st *store) {
	turn := time.NewTimer(s.turns.Reserve().Delay())
	defer turn.Stop()
	for uint64(s.cfg.Log.End()) < st.position.Load()+muchLog {
		select {
		case <-turn.C:
			return
		case <-s.woken: // there may be much now
		case <-s.ctx.Done():
			return
		}
	}
}

var errEnough = errors.New("what follows is not in the main index yet")

// catchUp takes in what the main index has and this one has not.
func (s *Search) catchUp(st *store) error {
	end, b := s.cfg.Index.End(), newBatch()
	from := eventlog.Position(st.position.Load())
	b.suspects = s.drainStale()
	if from >= end && len(b.suspects) == 0 {
		return nil
	}
	// An event may be in the log a moment before the main index has it: then it would look as if it was gone.
	err := s.cfg.Log.Scan(s.ctx, from, func(r eventlog.Record) error {
		if r.Pos >= end {
			return errEnough
		}
		if b.isFull() {
			if err := s.commit(st, b, r.Pos); err != nil {
				return err
			}
			b = newBatch()
		}
		if !r.Erased {
			b.take(r.JSON)
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	if b.isEmpty() && uint64(end) < st.written+unwritten {
		st.position.Store(uint64(max(from, end)))
		return nil
	}
	return s.commit(st, b, max(from, end))
}

func (s *Search) drainStale() (ids []nostr.ID) {
	for {
		select {
		case id := <-s.stale:
			ids = append(ids, id)
		default:
			return ids
		}
	}
}

// batch is what is taken in with one write.
type batch struct {
	docs      map[nostr.ID]*document.Document
	addresses map[nostr.ID]string // of those documents that have one
	bytes     int
	suspects  []nostr.ID // may be held no more
	gone      []string   // addresses with a deletion
	vanished  []nostr.PubKey
}

func newBatch() *batch {
	return &batch{docs: map[nostr.ID]*document.Document{}, addresses: map[nostr.ID]string{}}
}

func (b *batch) isEmpty() bool {
	return len(b.docs) == 0 && len(b.suspects) == 0 && len(b.gone) == 0 && len(b.vanished) == 0
}

func (b *batch) isFull() bool {
	return len(b.docs) >= batchEvents || b.bytes >= batchBytes ||
		len(b.suspects)+len(b.gone) >= batchEvents || len(b.vanished) > 0
}

// take adds a record of the log. Most kinds are passed over.
func (b *batch) take(json []byte) {
	head, err := nostr.DecodeHead(json)
	if err != nil {
		return
	}
	switch head.Kind {
	case nostr.KindDeletion:
		b.takeDeletion(head)
		return
	case nostr.KindVanish:
		b.vanished = append(b.vanished, head.PubKey)
		return
	}
	if _, ok := sources[head.Kind]; !ok {
		return
	}
	e, err := nostr.DecodeEvent(json)
	if err != nil {
		return
	}
	doc, size := makeDocument(e)
	a, replaces := e.Address()
	if replaces {
		b.gone = append(b.gone, addressTerm(a))
	}
	if doc != nil {
		b.docs[e.ID] = doc
		b.bytes += size
	}
}

func (b *batch) takeDeletion(e *nostr.Event) {
	for _, t := range e.Tags {
		switch t.Name() {
		case "e":
			if id, err := nostr.ParseID(t.Value()); err == nil {
				b.suspects = append(b.suspects, id)
			}
		case "a":
			if a, err := nostr.ParseAddress(t.Value()); err == nil {
				b.gone = append(b.gone, addressTerm(a))
			}
		}
	}
}

// commit writes those of the batch's documents whose events are held, and removes those whose are not. Then it rests as
// long as that took: nobody waits for it.
func (s *Search) commit(st *store, b *batch, to eventlog.Position) error {
	began := time.Now()
	if err := s.keepReserve(st); err != nil {
		return err
	}
	if err := s.findSuspects(st, b); err != nil {
		return err
	}
	ids := b.suspects
	for id := range b.docs {
		ids = append(ids, id)
	}
	held, err := s.held(s.ctx, ids, nil)
	if err != nil {
		return err
	}
	w := bleve.NewBatch()
	for _, id := range ids {
		doc := b.docs[id]
		switch {
		case !held[id]:
			w.Delete(string(id[:]))
		case doc != nil:
			w.Update(doc)
		}
	}
	if err := st.write(s.ctx, w, to); err != nil {
		return err
	}
	s.sleep(min(time.Since(began), time.Second))
	return nil
}

// findSuspects looks up what is indexed of the addresses and authors that something has happened to.
func (s *Search) findSuspects(st *store, b *batch) error {
	r, err := st.index.Reader()
	if err != nil {
		return err
	}
	defer r.Close()
	add := func(field, term string) error {
		ids, err := having(s.ctx, r, field, term)
		b.suspects = append(b.suspects, ids...)
		return err
	}
	for _, address := range b.gone {
		if err := add(fieldAddress, address); err != nil {
			return err
		}
	}
	for _, pk := range b.vanished {
		if err := add(fieldAuthor, string(pk[:])); err != nil {
			return err
		}
	}
	return nil
}

// heldAtOnce is how many ids the main index is asked for at a time.
const heldAtOnce = 256

// held asks the main index which events are held, expired ones among them, and calls each (nil: none) with those.
func (s *Search) held(ctx context.Context, ids []nostr.ID, each func(index.Item) error) (map[nostr.ID]bool, error) {
	found := make(map[nostr.ID]bool, len(ids))
	for len(ids) > 0 {
		f := nostr.All()
		f.IDs = ids[:min(heldAtOnce, len(ids))]
		ids = ids[len(f.IDs):]
		_, err := s.cfg.Index.Query(ctx, index.Query{Filters: []nostr.Filter{f}, Now: 0}, func(it index.Item) error {
			found[it.Head.ID] = true
			if each != nil {
				return each(it)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// keepReserve refuses to write where the disk is about to be full.
func (s *Search) keepReserve(st *store) error {
	free, err := s.cfg.free(s.cfg.Dir)
	if err != nil {
		return err
	}
	if free < reserve+st.size() {
		return errFull
	}
	return nil
}
