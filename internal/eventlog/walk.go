package eventlog

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// walker reads the records of one segment one after the other.
type walker struct {
	file  io.ReaderAt
	first Position
	off   int64 // of the next record
	size  int64 // where the segment's records end

	buf   []byte
	bufAt int64 // offset of buf's first byte
}

const walkBuffer = 256 << 10

// damage is a stretch of a segment that holds no good record.
type damage struct{ from, to Position }

func (d damage) err() error {
	return fmt.Errorf("%w: %d bytes from %d on", ErrCorrupt, d.to-d.from, d.from)
}

// bytes returns n bytes at off, valid until the next call. Both must lie within the segment.
func (w *walker) bytes(off int64, n int) ([]byte, error) {
	if off < w.bufAt || off+int64(n) > w.bufAt+int64(len(w.buf)) {
		want := int(min(w.size-off, int64(max(n, walkBuffer))))
		if cap(w.buf) < want {
			w.buf = make([]byte, want)
		}
		w.buf, w.bufAt = w.buf[:want], off
		if err := readFull(w.file, w.buf, off); err != nil {
			w.buf = w.buf[:0]
			return nil, err
		}
	}
	from := int(off - w.bufAt)
	return w.buf[from : from+n], nil
}

// record returns the good record at off, its raw bytes shared with the walker's buffer.
func (w *walker) record(off int64) (raw []byte, ok bool, err error) {
	if w.size-off < recordHeaderSize {
		return nil, false, nil
	}
	header, err := w.bytes(off, recordHeaderSize)
	if err != nil {
		return nil, false, err
	}
	n, ok := recordSize(header)
	if !ok || int64(n) > w.size-off {
		return nil, false, nil
	}
	raw, err = w.bytes(off, n)
	if err != nil {
		return nil, false, err
	}
	_, ok = parseRecord(0, raw)
	return raw, ok, nil
}

// walk calls good with each record and bad with each damaged stretch. from is an offset in the segment.
func (w *walker) walk(ctx context.Context, good func(raw []byte, r Record) error, bad func(damage)) error {
	for w.off < w.size {
		if err := ctx.Err(); err != nil {
			return err
		}
		raw, ok, err := w.record(w.off)
		if err != nil {
			return err
		}
		if !ok {
			to, err := w.resync(ctx)
			if err != nil {
				return err
			}
			bad(damage{w.first + Position(w.off), w.first + Position(to)})
			w.off = to
			continue
		}
		r, _ := parseRecord(w.first+Position(w.off), raw)
		if err := good(raw, r); err != nil {
			return err
		}
		w.off += int64(len(raw))
	}
	return nil
}

// resync returns where the next good record after off begins, or the segment's end.
func (w *walker) resync(ctx context.Context) (int64, error) {
	for off := w.off + 1; off < w.size; off++ {
		if off%walkBuffer == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		_, ok, err := w.record(off)
		if err != nil {
			return 0, err
		}
		if ok {
			return off, nil
		}
	}
	return w.size, nil
}

// Scan calls fn with each record from from on; see Log.
func (l *Files) Scan(ctx context.Context, from Position, fn func(Record) error) error {
	return l.walk(ctx, from, fn, func(d damage) {
		l.cfg.Logger.Error("event log: passed over a damaged stretch", "from", d.from, "to", d.to)
	})
}

// Check reads the whole log and calls bad for each damaged stretch or segment, with its position and an error that wraps
// ErrCorrupt. It returns how many good records there are.
func (l *Files) Check(ctx context.Context, bad func(Position, error)) (records int, err error) {
	segments, err := l.snapshot()
	if err != nil {
		return 0, err
	}
	for _, s := range segments {
		header := make([]byte, headerSize)
		err := readFull(s.file, header, 0)
		if err == nil {
			_, err = headerOf(header, s.first)
		}
		if err != nil {
			bad(s.first, err)
		}
	}
	err = l.walk(ctx, 0, func(Record) error { records++; return nil }, func(d damage) { bad(d.from, d.err()) })
	return records, err
}

// snapshot copies the segments with the sizes they have now.
func (l *Files) snapshot() ([]segment, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return nil, ErrClosed
	}
	segments := make([]segment, len(l.segments))
	for i, s := range l.segments {
		segments[i] = *s
	}
	return segments, nil
}

// guarded reads a file whose records may be overwritten meanwhile: all of a record, or none of it.
type guarded struct {
	io.ReaderAt
	overwriting *sync.RWMutex
}

func (g guarded) ReadAt(b []byte, off int64) (int, error) {
	g.overwriting.RLock()
	defer g.overwriting.RUnlock()
	return g.ReaderAt.ReadAt(b, off)
}

func (l *Files) walk(ctx context.Context, from Position, fn func(Record) error, bad func(damage)) error {
	segments, err := l.snapshot()
	if err != nil {
		return err
	}
	for _, s := range segments {
		off := int64(headerSize)
		if from > s.first+headerSize {
			off = int64(from - s.first)
		}
		if off >= s.size {
			continue
		}
		size, err := s.file.Size()
		if err != nil {
			return err
		}
		w := walker{file: guarded{s.file, &l.overwriting}, first: s.first, off: off, size: min(size, s.size)}
		if err := w.walk(ctx, func(_ []byte, r Record) error { return fn(r) }, bad); err != nil {
			return err
		}
		if size < s.size {
			bad(damage{s.first + Position(size), s.first + Position(s.size)})
		}
	}
	return nil
}
