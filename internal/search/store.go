package search

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/blevesearch/bleve/v2/index/scorch"
	bleve "github.com/blevesearch/bleve_index_api"
	bolt "go.etcd.io/bbolt/errors"

	"madang/internal/eventlog"
	"madang/internal/nostr"
)

// formatVersion counts changes of fields, terms and kinds: an index of another version is made again.
const formatVersion = 2

// keyState is the one key of the index's own storage. Its value is version(8) log id(16) position(8), big-endian. It is
// written with the documents it speaks of, in one step.
const keyState = "madang"

// store is an open index on the disk.
type store struct {
	dir      string
	index    bleve.Index
	analysis *bleve.AnalysisQueue
	log      eventlog.ID
	position atomic.Uint64 // up to here the log is taken in
	written  uint64        // the same as the disk has it
	late     chan error    // of a batch that was left on its way; nil: none
	closing  time.Duration // how long closing may take; 10 s but in tests

	condemned atomic.Bool // a search has found it damaged
}

var (
	errForeign    = errors.New("it belongs to another log or version")
	errDamaged    = errors.New("it is damaged")
	errBackground = errors.New("writing or merging of its files fails")
)

// openStore opens or makes the index. An error that wraps errForeign or errDamaged asks for a new one.
func openStore(dir string, log eventlog.Log) (st *store, err error) {
	st = &store{dir: dir, log: log.ID(), closing: 10 * time.Second}
	if err := st.open(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			st.close()
		}
	}()
	return st, st.identify(log.End())
}

func (st *store) open() (err error) {
	defer noticeDamage(&err)
	st.analysis = bleve.NewAnalysisQueue(1)
	st.index, err = scorch.NewScorch(scorch.Name, map[string]any{
		"path":         st.dir,
		"bolt_timeout": "1s", // for another process that has it open
	}, st.analysis)
	if err == nil {
		err = st.index.Open()
	}
	if err != nil {
		st.analysis.Close()
		return notOpened(err)
	}
	return nil
}

// noticeDamage is deferred where files are read: a damaged one makes the libraries below bleve panic.
func noticeDamage(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", errDamaged, p)
	}
}

// notOpened adds errDamaged, unless it is the system or the disk that fails.
func notOpened(err error) error {
	for _, kept := range []error{
		syscall.EACCES, syscall.EPERM, syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EMFILE, syscall.ENFILE,
		syscall.ENOMEM, bolt.ErrTimeout,
	} {
		if errors.Is(err, kept) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", errDamaged, err)
}

// identify reads how far the index is, and whether it belongs to this log.
func (st *store) identify(logEnd eventlog.Position) error {
	r, err := st.index.Reader()
	if err != nil {
		return err
	}
	defer r.Close()
	state, err := r.GetInternal([]byte(keyState))
	if err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	if state == nil {
		if n, err := r.DocCount(); err != nil || n > 0 {
			return errForeign
		}
		return nil
	}
	if len(state) != 32 || binary.BigEndian.Uint64(state) != formatVersion || eventlog.ID(state[8:24]) != st.log {
		return errForeign
	}
	position := binary.BigEndian.Uint64(state[24:])
	if eventlog.Position(position) > logEnd {
		return errForeign
	}
	st.position.Store(position)
	st.written = position
	return nil
}

// batchTime is how long a batch may take. One that takes longer will never end: bleve's writer has died of a panic.
const batchTime = 2 * time.Minute

// write takes in a batch, up to a position, and returns when it is durable. No two at a time.
func (st *store) write(ctx context.Context, b *bleve.Batch, to eventlog.Position) error {
	state := binary.BigEndian.AppendUint64(nil, formatVersion)
	state = append(state, st.log[:]...)
	b.SetInternal([]byte(keyState), binary.BigEndian.AppendUint64(state, uint64(to)))
	done := make(chan error, 1)
	go func() { done <- st.index.Batch(b) }()
	late := time.NewTimer(batchTime)
	defer late.Stop()
	select {
	case err := <-done:
		if err != nil {
			return err
		}
	case <-late.C:
		return fmt.Errorf("%w: a batch does not end", errDamaged)
	case <-ctx.Done(): // a batch is small
		select {
		case <-done:
		case <-time.After(closeTime):
			st.late = done
		}
		return ctx.Err()
	}
	st.position.Store(uint64(to))
	st.written = uint64(to)
	return nil
}

// closeTime bounds how long closing waits for a batch.
const closeTime = 500 * time.Millisecond

// healthy reports an error of bleve's work in the background, which it would try again without end or pause.
func (st *store) healthy() error {
	if st.condemned.Load() {
		return errDamaged
	}
	if n, _ := st.index.StatsMap()["TotOnErrors"].(uint64); n > 0 {
		return errBackground
	}
	return nil
}

// close closes the index. A batch that is on its way would not survive that: then the index is closed after it, and
// what was in that batch is read again from the log. Closing never ends where bleve's writer has died of a panic with
// root.bolt in its hands: then the index is left, and errDamaged returned. Its files stay locked until they are removed.
func (st *store) close() error {
	if late := st.late; late != nil {
		st.late = nil
		go func() {
			<-late
			_ = st.close()
		}()
		return nil
	}
	done := make(chan error, 1)
	go func() {
		err := st.index.Close()
		st.analysis.Close()
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(st.closing):
		return fmt.Errorf("%w: closing it does not end", errDamaged)
	}
}

// size returns the bytes of the index's files.
func (st *store) size() (bytes int64) {
	_ = filepath.WalkDir(st.dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				bytes += info.Size()
			}
		}
		return nil // files come and go
	})
	return bytes
}

// having returns the ids of the documents that have a term.
func having(ctx context.Context, r bleve.IndexReader, field, term string) (ids []nostr.ID, err error) {
	defer noticeDamage(&err)
	docs, err := r.TermFieldReader(ctx, []byte(term), field, false, false, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, docs.Close()) }()
	for {
		doc, err := docs.Next(nil)
		if err != nil || doc == nil {
			return ids, err
		}
		id, err := r.ExternalID(doc.ID)
		if err != nil {
			return nil, err
		}
		if len(id) == len(nostr.ID{}) {
			ids = append(ids, nostr.ID([]byte(id)))
		}
	}
}
