package eventlog

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"madang/internal/durable"
)

// journalName is the file that says what is being erased, written whole before anything is: a power cut may tear a record
// that is being overwritten, and the next Open writes it again. A journal that is still there when all is done does no
// harm, because no position is ever used twice.
const journalName = "erasing.json"

// maxJournal bounds what Open reads: far more than Erase is asked for at once.
const maxJournal = 256 << 20

// redo is one line of the journal: how a record is to be.
type redo struct {
	Pos      Position `json:"position"`
	Length   uint32   `json:"length"` // the record's length field with its flags
	Received int64    `json:"received"`
	Left     string   `json:"left"`
}

// record returns the whole erased record.
func (r redo) record() []byte {
	text := bytes.Repeat([]byte{' '}, int(r.Length&maxJSON))
	copy(text, r.Left)
	return appendRaw(nil, r.Length, r.Received, text)
}

// Erase overwrites events; see Log. Records that are damaged are left as they are.
func (l *Files) Erase(erasures []Erasure) error {
	l.erasing.Lock()
	defer l.erasing.Unlock()
	todo := slices.Clone(l.unfinished) // since the journal is about to be replaced
	for _, e := range erasures {
		if slices.ContainsFunc(l.unfinished, func(r redo) bool { return r.Pos == e.Pos }) {
			continue
		}
		r, needed, err := l.redo(e)
		switch {
		case errors.Is(err, ErrCorrupt):
			l.cfg.Logger.Error("event log: a damaged record cannot be erased", "position", e.Pos)
		case err != nil:
			return fmt.Errorf("erasing at %d: %w", e.Pos, err)
		case needed:
			todo = append(todo, r)
		}
	}
	if len(todo) == 0 {
		return nil
	}
	text, err := json.Marshal(todo)
	if err != nil {
		return err
	}
	journal := filepath.Join(l.cfg.Dir, journalName)
	if err := durable.WriteFile(l.cfg.FS, journal, text, 0o600); err != nil {
		return fmt.Errorf("erasing: %w", err)
	}
	l.unfinished = todo
	if err := l.overwrite(todo); err != nil {
		return fmt.Errorf("erasing: %w", durable.Full(err))
	}
	l.unfinished = nil
	l.gone.Add(len(todo))
	_ = l.cfg.FS.Remove(journal) // one that stays does no harm
	return nil
}

// redo says how a record is to be, and whether it is not so already.
func (l *Files) redo(e Erasure) (r redo, needed bool, err error) {
	raw, err := l.read(e.Pos)
	if err != nil {
		return r, false, err
	}
	was, ok := parseRecord(e.Pos, raw)
	if !ok {
		return r, false, ErrCorrupt
	}
	if was.Erased {
		return r, false, nil
	}
	if len(e.Left) > len(was.JSON) || bytes.ContainsFunc(e.Left, func(c rune) bool { return c < ' ' || c > '~' }) {
		return r, false, fmt.Errorf("%d bytes cannot be left of %d, or are no text", len(e.Left), len(was.JSON))
	}
	return redo{e.Pos, binary.LittleEndian.Uint32(raw) | erased, was.Received, string(e.Left)}, true, nil
}

// overwrite writes erased records and makes them durable, segment by segment.
func (l *Files) overwrite(todo []redo) error {
	slices.SortFunc(todo, func(a, b redo) int { return cmp.Compare(a.Pos, b.Pos) })
	for len(todo) > 0 {
		seg, size, err := l.at(todo[0].Pos)
		if err != nil {
			return err
		}
		n := 1
		for n < len(todo) && todo[n].Pos < seg.first+Position(size) {
			n++
		}
		if err := l.overwriteIn(seg, todo[:n]); err != nil {
			return err
		}
		todo = todo[n:]
	}
	return nil
}

func (l *Files) overwriteIn(seg *segment, todo []redo) error {
	// Syncs of the last segment must not go on side by side with Append: the kernel tells of a failed write once, and the
	// group whose write it was has to hear of it.
	l.writing.Lock()
	l.mu.RLock()
	last := seg == l.segments[len(l.segments)-1]
	l.mu.RUnlock()
	if last {
		defer l.writing.Unlock()
	} else {
		l.writing.Unlock()
	}
	for _, r := range todo {
		record := r.record()
		l.overwriting.Lock()
		_, err := seg.file.WriteAt(record, int64(r.Pos-seg.first))
		l.overwriting.Unlock()
		if err != nil {
			return err
		}
	}
	err := seg.file.Sync()
	if err != nil && last {
		l.suspect = true
	}
	return err
}

// finishErasing does what the journal says was being done when the process ended.
func (l *Files) finishErasing() error {
	journal := filepath.Join(l.cfg.Dir, journalName)
	text, err := durable.ReadFile(l.cfg.FS, journal, maxJournal)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var journaled, todo []redo
	if err := json.Unmarshal(text, &journaled); err != nil {
		l.cfg.Logger.Error("event log: damaged", "file", journalName, "error", err)
	}
	for _, r := range journaled {
		ok, err := l.redoable(r)
		if err != nil {
			return err
		}
		if !ok {
			l.cfg.Logger.Error("event log: what was to be erased is not there", "position", r.Pos)
			continue
		}
		todo = append(todo, r)
	}
	if err := l.overwrite(todo); err != nil {
		return err
	}
	return l.cfg.FS.Remove(journal)
}

// redoable reports whether a record like one of the journal begins there. Its CRC may not fit, but its length does,
// wherever it was torn: before and after it is the same, but for a flag in one byte.
func (l *Files) redoable(r redo) (bool, error) {
	n := int64(r.Length & maxJSON)
	seg := l.find(r.Pos)
	if seg == nil || n == 0 || int64(len(r.Left)) > n || int64(r.Pos-seg.first)+recordHeaderSize+n > seg.size {
		return false, nil
	}
	header := make([]byte, recordHeaderSize)
	if err := readFull(seg.file, header, int64(r.Pos-seg.first)); err != nil {
		return false, err
	}
	return binary.LittleEndian.Uint32(header)|erased == r.Length, nil
}
