package eventlog

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sort"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"madang/internal/durable"
	"madang/internal/verify"
)

// Config of a log on disk.
type Config struct {
	Dir         string       // holds the segments; made if absent
	SegmentSize int64        // bytes after which a new segment begins; default 64 MiB
	Reserve     int64        // bytes of the disk that Append leaves free for the rest of the node; default 16 MiB
	Ahead       int64        // bytes of zeros written ahead of small groups; default 1 MiB, negative: none
	Logger      *slog.Logger // default: slog.Default()
	FS          durable.FS   // default: durable.OS
	Metrics     *metrics.Set // the node's; default: a new one. A set takes one log.
}

// Files is a Log of segment files, of which this process is the only user (see durable.Lock). Every segment stays open.
//
// A failed write is undone by cutting the segment back to its last good end. A failed sync is undone likewise, and the
// next group goes to a new segment: the kernel may report such a failure once and forget the pages, so a file whose
// sync has failed is never trusted with an acknowledgement again. What it held before was synced before and is not
// written anew. Where cutting back fails too, the log refuses to write (ErrBroken) until it is opened again, and
// goes on reading.
type Files struct {
	cfg    Config
	id     ID
	synced *metrics.Histogram // seconds of one group's sync
	gone   *metrics.Counter   // records erased

	// erasing is held throughout an Erase. overwriting is held while bytes change that a reader may be looking at.
	erasing     sync.Mutex
	overwriting sync.RWMutex
	unfinished  []redo // what the journal has of an Erase that failed

	// writing is held throughout an Append, so that groups follow one another.
	writing sync.Mutex
	buf     []byte // the group being written
	broken  error  // why nothing more is written
	suspect bool   // the last segment's sync has failed: begin a new one
	room    int64  // offset in the last segment at which the zeros ahead end; less than its size: there are none

	// mu guards what readers look at; it is never held during I/O, except by Close.
	mu       sync.RWMutex
	segments []*segment // by first position
	end      Position
	closed   bool
}

var _ Log = (*Files)(nil)

type segment struct {
	first Position
	file  durable.File
	// size is the end of the last acknowledged record, in bytes from the segment's start. Guarded by Files.mu.
	size int64
}

// ID names the log.
func (l *Files) ID() ID { return l.id }

// End is where the last record ends.
func (l *Files) End() Position {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.end
}

// Append writes the events as one group; see Log. Its errors wrap ErrFull where the disk has no room.
func (l *Files) Append(events []verify.Event, received int64) ([]Position, error) {
	if len(events) == 0 {
		return nil, nil
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.broken != nil {
		return nil, l.broken
	}
	free, err := l.keepReserve(events)
	if err != nil {
		return nil, err
	}
	seg, err := l.writable()
	if err != nil {
		return nil, fmt.Errorf("beginning a log segment: %w", durable.Full(err))
	}
	start := seg.first + Position(seg.size)
	positions := make([]Position, len(events))
	l.buf = l.buf[:0]
	for i, e := range events {
		json := e.JSON()
		if len(json) == 0 || len(json) > maxJSON {
			return nil, fmt.Errorf("%w: %d bytes in one record", verify.ErrTooLarge, len(json))
		}
		positions[i] = start + Position(len(l.buf))
		l.buf = appendRecord(l.buf, i == 0, received, json)
	}
	if free >= l.cfg.Reserve+l.cfg.Ahead {
		l.makeRoom(seg)
	}
	if err := l.write(seg); err != nil {
		return nil, fmt.Errorf("writing the log: %w", durable.Full(err))
	}
	l.mu.Lock()
	seg.size += int64(len(l.buf))
	l.end = seg.first + Position(seg.size)
	l.mu.Unlock()
	if cap(l.buf) > 8<<20 {
		l.buf = nil
	}
	return positions, nil
}

// keepReserve refuses a group that would fill the disk to the brim: the index must be able to write what it holds in
// memory, and an operator to log in.
func (l *Files) keepReserve(events []verify.Event) (free int64, err error) {
	if free, err = l.cfg.FS.Free(l.cfg.Dir); err != nil {
		return 0, fmt.Errorf("asking for free space: %w", err)
	}
	for _, e := range events {
		free -= int64(len(e.JSON())) + recordHeaderSize
	}
	if free < l.cfg.Reserve {
		return 0, fmt.Errorf("%w: less than %d bytes left", ErrFull, l.cfg.Reserve)
	}
	return free, nil
}

// smallGroup is the part of the zeros ahead that a group may take to be written into them: for larger ones, writing
// zeros first costs more than it spares.
const smallGroup = 16

// pageSize is how much is written at once of them: Linux keeps a file in its memory in pieces as large as they were
// written, and a change of a byte would count for the whole piece.
const pageSize = 4096

// makeRoom writes zeros ahead of a small group, where there are none left. What is written over them changes neither the
// file's size nor which blocks it has, so that its sync needs no commit of the file system's journal: half of the time,
// and a third of what an SD card must bear. The zeros become durable with the first group. l.writing is held.
func (l *Files) makeRoom(seg *segment) {
	size := int64(len(l.buf))
	if seg.size+size <= l.room || size > l.cfg.Ahead/smallGroup {
		return
	}
	page := make([]byte, pageSize)
	for at, end := seg.size, seg.size+l.cfg.Ahead; at < end; at = l.room {
		n, err := seg.file.WriteAt(page[at%pageSize:], at)
		l.room = at + int64(n)
		if err != nil {
			return // the group's own write will tell
		}
	}
}

// trim cuts the zeros off the last segment. Should that fail, or a power cut undo it, the next Open does it. l.writing is
// held.
func (l *Files) trim(last *segment) {
	if l.room > last.size && l.broken == nil {
		_ = last.file.Truncate(last.size)
	}
	l.room = 0
}

// write makes l.buf durable at the segment's end, or leaves the segment as it was. l.writing is held.
func (l *Files) write(seg *segment) error {
	_, err := seg.file.WriteAt(l.buf, seg.size)
	if err == nil {
		began := time.Now()
		err = seg.file.Sync()
		l.synced.UpdateDuration(began)
		if err == nil {
			return nil
		}
		l.suspect = true
	}
	l.room = 0
	if cut := seg.file.Truncate(seg.size); cut != nil {
		l.broken = fmt.Errorf("%w: %w", ErrBroken, errors.Join(err, cut))
		l.cfg.Logger.Error("event log takes no more until the next start", "error", l.broken)
	}
	return err
}

// writable returns the segment that the next group goes to, beginning a new one where that is due. l.writing is held.
func (l *Files) writable() (*segment, error) {
	l.mu.RLock()
	last, closed := l.segments[len(l.segments)-1], l.closed
	l.mu.RUnlock()
	if closed {
		return nil, ErrClosed
	}
	if last.size < l.cfg.SegmentSize && !l.suspect {
		return last, nil
	}
	first := last.first + Position(last.size)
	seg, err := createSegment(l.cfg.FS, l.cfg.Dir, l.id, first)
	if err != nil {
		return nil, err
	}
	l.trim(last)
	l.suspect = false
	l.mu.Lock()
	defer l.mu.Unlock()
	l.segments = append(l.segments, seg)
	l.end = first + headerSize
	return seg, nil
}

// createSegment makes an empty segment and its name durable.
func createSegment(fsys durable.FS, dir string, id ID, first Position) (*segment, error) {
	name := filepath.Join(dir, segmentName(first))
	file, err := fsys.Create(name, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = file.WriteAt(appendHeader(nil, id, first), 0)
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = fsys.SyncDir(dir)
	}
	if err != nil {
		file.Close()
		fsys.Remove(name)
		return nil, err
	}
	return &segment{first: first, file: file, size: headerSize}, nil
}

// at returns the segment that holds pos and its size.
func (l *Files) at(pos Position) (seg *segment, size int64, err error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return nil, 0, ErrClosed
	}
	if seg = l.find(pos); seg == nil {
		return nil, 0, ErrNotFound
	}
	return seg, seg.size, nil
}

// find returns the segment among whose records pos is, or nil. l.mu is held.
func (l *Files) find(pos Position) *segment {
	i := sort.Search(len(l.segments), func(i int) bool { return l.segments[i].first > pos }) - 1
	if i < 0 {
		return nil
	}
	seg := l.segments[i]
	if off := int64(pos - seg.first); off < headerSize || off >= seg.size {
		return nil
	}
	return seg
}

// firstRead is how much Read asks for at once: nearly every event is smaller, and needs no second read.
const firstRead = 2048

var readBuffers = sync.Pool{New: func() any { return new([firstRead]byte) }}

// Read returns the record at pos, its JSON the caller's own.
func (l *Files) Read(pos Position) (Record, error) {
	raw, err := l.read(pos)
	if err != nil {
		return Record{}, err
	}
	r, ok := parseRecord(pos, raw)
	if !ok {
		return Record{}, fmt.Errorf("%w: at %d", ErrCorrupt, pos)
	}
	return r, nil
}

// read returns the bytes of the record at pos, as long as its header says.
func (l *Files) read(pos Position) ([]byte, error) {
	seg, size, err := l.at(pos)
	if err != nil {
		return nil, err
	}
	buffer := readBuffers.Get().(*[firstRead]byte)
	defer readBuffers.Put(buffer)
	l.overwriting.RLock()
	defer l.overwriting.RUnlock()
	off := int64(pos - seg.first)
	had := buffer[:min(firstRead, size-off)]
	if err := readFull(seg.file, had, off); err != nil {
		return nil, err
	}
	if len(had) < recordHeaderSize {
		return nil, fmt.Errorf("%w: at %d", ErrCorrupt, pos)
	}
	n, ok := recordSize(had)
	if !ok || int64(n) > size-off {
		return nil, fmt.Errorf("%w: at %d", ErrCorrupt, pos)
	}
	b := make([]byte, n)
	if got := copy(b, had); got < n {
		if err := readFull(seg.file, b[got:], off+int64(got)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// readFull reads len(b) bytes that must be there: a file cut short from outside is damage.
func readFull(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: file too short", ErrCorrupt)
	}
	return err
}

// Close ends all use of the log. What was acknowledged is durable already.
func (l *Files) Close() error {
	l.erasing.Lock()
	defer l.erasing.Unlock()
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	l.trim(l.segments[len(l.segments)-1])
	return closeAll(l.segments)
}

func closeAll(segments []*segment) error {
	var errs []error
	for _, s := range segments {
		errs = append(errs, s.file.Close())
	}
	return errors.Join(errs...)
}
