package index

import (
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"madang/internal/eventlog"
)

// mark has the watermark in memory, up to which the log is taken in: looking it up is a tenth of what a query costs.
type mark struct {
	commits atomic.Uint64 // begun and ended: odd while one is under way
	pos     atomic.Uint64
}

func (m *mark) init(pos eventlog.Position) { m.pos.Store(uint64(pos)) }

func (m *mark) load() eventlog.Position { return eventlog.Position(m.pos.Load()) }

// begin and end surround the commit of a batch; pos is the watermark that it has written, or 0.
func (m *mark) begin() { m.commits.Add(1) }

func (m *mark) end(pos eventlog.Position, err error) {
	if err == nil && pos > 0 {
		m.pos.Store(uint64(pos))
	}
	m.commits.Add(1)
}

// snapshot returns a view of the store and the watermark as of it.
func (x *Index) snapshot() (snap *pebble.Snapshot, end eventlog.Position, err error) {
	before := x.mark.commits.Load()
	end = x.mark.load()
	snap = x.db.NewSnapshot()
	if before%2 == 0 && x.mark.commits.Load() == before {
		return snap, end, nil
	}
	if end, err = watermark(snap); err != nil {
		return nil, 0, firstOf(err, snap.Close())
	}
	return snap, end, nil
}

func watermark(r pebble.Reader) (eventlog.Position, error) {
	n, err := getUint64(r, keyWatermark)
	return eventlog.Position(n), err
}
