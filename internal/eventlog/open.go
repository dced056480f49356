package eventlog

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/VictoriaMetrics/metrics"

	"madang/internal/durable"
)

// Open opens or makes the log. It reads the last segment through: what a power cut left behind its last whole group is
// cut off, with a line in the node's log. Damage that lies before acknowledged records is left as it is; Read, Scan and
// Check say where.
func Open(cfg Config) (*Files, error) {
	if cfg.SegmentSize == 0 {
		cfg.SegmentSize = 64 << 20
	}
	if cfg.Reserve == 0 {
		cfg.Reserve = 16 << 20
	}
	if cfg.Ahead == 0 {
		cfg.Ahead = 1 << 20
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.FS == nil {
		cfg.FS = durable.OS{}
	}
	if cfg.Metrics == nil {
		cfg.Metrics = metrics.NewSet()
	}
	l := &Files{
		cfg:    cfg,
		synced: cfg.Metrics.NewHistogram("madang_log_sync_seconds"),
		gone:   cfg.Metrics.NewCounter("madang_log_erased_records_total"),
	}
	if err := cfg.FS.MkdirAll(cfg.Dir); err != nil {
		return nil, fmt.Errorf("event log: %w", err)
	}
	if err := l.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("event log in %s: %w", cfg.Dir, err), closeAll(l.segments))
	}
	return l, nil
}

func (l *Files) open() error {
	if err := l.openSegments(); err != nil {
		return err
	}
	if err := l.dropUnborn(); err != nil {
		return err
	}
	if len(l.segments) == 0 {
		rand.Read(l.id[:])
		seg, err := createSegment(l.cfg.FS, l.cfg.Dir, l.id, 0)
		if err != nil {
			return err
		}
		l.segments = append(l.segments, seg)
	} else if err := l.readHeaders(); err != nil {
		return err
	}
	if err := l.fitSegments(); err != nil {
		return err
	}
	if err := l.finishErasing(); err != nil {
		return err
	}
	if err := l.cutTail(); err != nil {
		return err
	}
	last := l.segments[len(l.segments)-1]
	l.end = last.first + Position(last.size)
	return nil
}

// openSegments opens every segment file, in order of first position.
func (l *Files) openSegments() error {
	names, err := l.cfg.FS.ReadDir(l.cfg.Dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		first, ok := parseSegmentName(name)
		if !ok {
			continue
		}
		file, err := l.cfg.FS.Open(filepath.Join(l.cfg.Dir, name))
		if err != nil {
			return err
		}
		seg := &segment{first: first, file: file}
		l.segments = append(l.segments, seg)
		if seg.size, err = file.Size(); err != nil {
			return err
		}
	}
	return nil
}

// dropUnborn removes a last segment whose header a power cut kept from the disk. No record can have been in it: the
// header is synced before the first is written.
func (l *Files) dropUnborn() error {
	for n := len(l.segments); n > 0; n = len(l.segments) {
		last := l.segments[n-1]
		if last.size > headerSize {
			return nil
		}
		header := make([]byte, last.size)
		if err := readFull(last.file, header, 0); err != nil {
			return err
		}
		if _, _, err := parseHeader(header); !errors.Is(err, ErrCorrupt) {
			return err
		}
		name := filepath.Join(l.cfg.Dir, segmentName(last.first))
		l.cfg.Logger.Warn("event log: removed a segment that a power cut left without header", "file", name)
		l.segments = l.segments[:n-1]
		if err := errors.Join(last.file.Close(), l.cfg.FS.Remove(name), l.cfg.FS.SyncDir(l.cfg.Dir)); err != nil {
			return err
		}
	}
	return nil
}

// readHeaders takes the log's id from the segments. A header that is damaged is reported and does no more harm as long
// as another segment tells the id.
func (l *Files) readHeaders() error {
	var damaged error
	known := false
	for _, s := range l.segments {
		header := make([]byte, headerSize)
		err := readFull(s.file, header, 0)
		var id ID
		if err == nil {
			id, err = headerOf(header, s.first)
		}
		switch {
		case errors.Is(err, ErrCorrupt):
			damaged = fmt.Errorf("%s: %w", segmentName(s.first), err)
			l.cfg.Logger.Error("event log: damaged header", "file", segmentName(s.first))
		case err != nil:
			return fmt.Errorf("%s: %w", segmentName(s.first), err)
		case !known:
			l.id, known = id, true
		case id != l.id:
			return fmt.Errorf("%w: %s belongs to another log", ErrCorrupt, segmentName(s.first))
		}
	}
	if !known {
		return damaged
	}
	return nil
}

func headerOf(header []byte, first Position) (ID, error) {
	id, at, err := parseHeader(header)
	if err == nil && at != first {
		err = fmt.Errorf("%w: header of position %d", ErrCorrupt, at)
	}
	return id, err
}

// fitSegments gives each segment but the last the size that the next one's name tells. Bytes beyond it come from a write
// that failed and was never acknowledged, and are cut off; missing ones are damage.
func (l *Files) fitSegments() error {
	for i, s := range l.segments[:len(l.segments)-1] {
		want := int64(l.segments[i+1].first - s.first)
		if s.size > want {
			zero, err := isZero(s.file, want, s.size)
			if err != nil {
				return err
			}
			if !zero {
				l.cfg.Logger.Warn("event log: cut off what was never acknowledged",
					"file", segmentName(s.first), "bytes", s.size-want)
			}
			if err := errors.Join(s.file.Truncate(want), s.file.Sync()); err != nil {
				return err
			}
		}
		if s.size < want {
			l.cfg.Logger.Error("event log: records are missing", "file", segmentName(s.first), "bytes", want-s.size)
		}
		s.size = want
	}
	return nil
}

// cutTail cuts the last segment after its last acknowledged group. A bad record followed by the first record of another
// group was synced before that group was written: it is damage, and stays. One that no group follows is the torn end of a
// write that was never acknowledged.
func (l *Files) cutTail() error {
	s := l.segments[len(l.segments)-1]
	w := walker{file: s.file, first: s.first, off: headerSize, size: s.size}
	good := int64(min(headerSize, s.size)) // end of the last record before which all groups are whole or damaged
	torn := false
	var damages []damage
	err := w.walk(context.Background(), func(raw []byte, r Record) error {
		if torn && !startsGroup(raw) {
			return nil
		}
		torn = false
		good = int64(r.Pos-s.first) + int64(len(raw))
		return nil
	}, func(d damage) { torn = true; damages = append(damages, d) })
	if err != nil {
		return err
	}
	for _, d := range damages {
		if d.from < s.first+Position(good) {
			l.cfg.Logger.Error("event log: damaged stretch", "from", d.from, "to", d.to)
		}
	}
	if good == s.size {
		return nil
	}
	zero, err := isZero(s.file, good, s.size)
	if err != nil {
		return err
	}
	if !zero {
		l.cfg.Logger.Warn("event log: cut off a torn tail", "file", segmentName(s.first), "bytes", s.size-good)
	}
	s.size = good
	return errors.Join(s.file.Truncate(good), s.file.Sync())
}

// isZero reports whether a stretch of a file holds nothing but zeros: those ahead of the next group.
func isZero(file durable.File, from, to int64) (bool, error) {
	for from < to {
		b := make([]byte, min(walkBuffer, to-from))
		if err := readFull(file, b, from); err != nil {
			return false, err
		}
		if len(bytes.Trim(b, "\x00")) > 0 {
			return false, nil
		}
		from += int64(len(b))
	}
	return true, nil
}
