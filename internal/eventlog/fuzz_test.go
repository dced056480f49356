package eventlog_test

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"

	"madang/internal/durable"
	"madang/internal/durable/durabletest"
	"madang/internal/eventlog"
	"madang/internal/eventlog/eventlogtest"
)

const fuzzedSegment = "log/0000000000000000.log"

// FuzzLog opens a segment and a journal of whatever bytes. What comes of it is a log that agrees with itself: all that
// Scan finds Read finds, a second Open finds the same, and what is appended stays.
func FuzzLog(f *testing.F) {
	fs := durabletest.New()
	l, err := eventlog.Open(eventlog.Config{Dir: "log", Ahead: -1, FS: fs, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	for i, group := range [][]string{{"a"}, {"bb", "ccc"}, {"d"}} {
		var positions []eventlog.Position
		for _, text := range group {
			at, err := l.Append(eventlogtest.Events(f, 1+len(text))[len(text):], int64(i))
			if err != nil {
				f.Fatal(err)
			}
			positions = append(positions, at...)
		}
		if err := l.Erase([]eventlog.Erasure{{Pos: positions[0], Left: []byte(`{"a":1}`)}}); err != nil {
			f.Fatal(err)
		}
	}
	segment, err := durable.ReadFile(fs, fuzzedSegment, 1<<20)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(segment, []byte(nil))
	f.Add(segment[:len(segment)-3], []byte("[]"))
	f.Add(append(bytes.Clone(segment), make([]byte, 50)...),
		[]byte(`[{"position":40,"length":16777551,"received":1,"left":"x"}]`))
	f.Add(append(bytes.Clone(segment[:300]), segment[301:]...), []byte("{"))
	event := eventlogtest.Event(f, "appended")

	f.Fuzz(func(t *testing.T, segment, journal []byte) {
		if len(segment) > 8<<10 || len(journal) > 1<<10 {
			return // every byte of a damaged stretch is tried
		}
		fs := durabletest.New()
		for name, data := range map[string][]byte{fuzzedSegment: segment, "log/erasing.json": journal} {
			if len(data) > 0 {
				if err := durable.WriteFile(fs, name, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		l, records := openFuzzed(t, fs)
		if l == nil {
			return
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l, again := openFuzzed(t, fs)
		if l == nil || len(again) != len(records) {
			t.Fatalf("%d records, and %d after it was opened again", len(records), len(again))
		}
		for i, r := range records {
			if again[i].Pos != r.Pos || again[i].Erased != r.Erased || !bytes.Equal(again[i].JSON, r.JSON) {
				t.Fatalf("%+v, and %+v after it was opened again", r, again[i])
			}
		}
		if _, err := l.Append(append(eventlogtest.Events(t, 1), event), 1); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l, after := openFuzzed(t, fs)
		if len(after) != len(records)+2 || !bytes.Equal(after[len(after)-1].JSON, event.JSON()) {
			t.Fatalf("%d records, want %d", len(after), len(records)+2)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// openFuzzed opens a log and returns its records, or no log where it is of a later version or has nothing that names it.
func openFuzzed(t *testing.T, fs *durabletest.FS) (*eventlog.Files, []eventlog.Record) {
	l, err := eventlog.Open(eventlog.Config{Dir: "log", Ahead: -1, FS: fs, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil
	}
	var records []eventlog.Record
	if err := l.Scan(t.Context(), 0, func(r eventlog.Record) error {
		again, err := l.Read(r.Pos)
		if err != nil || again.Received != r.Received || again.Erased != r.Erased || !bytes.Equal(again.JSON, r.JSON) {
			t.Fatalf("Scan: %+v, Read: %+v, %v", r, again, err)
		}
		if n := len(records); n > 0 && r.Pos <= records[n-1].Pos {
			t.Fatalf("%d after %d", r.Pos, records[n-1].Pos)
		}
		records = append(records, again)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	n, err := l.Check(t.Context(), func(_ eventlog.Position, err error) {
		if !errors.Is(err, eventlog.ErrCorrupt) {
			t.Fatal(err)
		}
	})
	if err != nil || n != len(records) {
		t.Fatalf("Check: %d records, %v; Scan: %d", n, err, len(records))
	}
	return l, records
}
