package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"madang/internal/nostr"
)

// TestImportTellsLinesInOrder has lines that are refused for every reason, on both sides of a chunk's end.
func TestImportTellsLinesInOrder(t *testing.T) {
	a := open(t, testConfig(t.TempDir()))
	note := func(i int) *nostr.Event {
		e := &nostr.Event{Kind: nostr.KindNote, CreatedAt: int64(i), Content: strconv.Itoa(i)}
		if err := e.Sign(nostr.SecretKey{31: 5}); err != nil {
			t.Fatal(err)
		}
		return e
	}
	good, forged, expired := note(1), note(2), note(3)
	forged.Sig[63] ^= 1
	expired.Tags = nostr.Tags{{"expiration", "5"}}
	if err := expired.Sign(nostr.SecretKey{31: 5}); err != nil {
		t.Fatal(err)
	}
	lines := slices.Repeat([][]byte{nil}, chunkLines+10) // empty but for these:
	want := map[int]string{}
	for i, e := range []*nostr.Event{good, forged, good, expired} {
		lines[10*i] = e.AppendJSON(nil)
		lines[chunkLines-2+i] = lines[10*i]
	}
	lines[5] = bytes.Repeat([]byte{'x'}, maxLine+1)
	lines[chunkLines+5] = []byte("{}")
	for _, at := range []int{10, chunkLines - 1} {
		want[at+1] = "invalid: bad signature: it is not the author's"
	}
	for _, at := range []int{30, chunkLines + 1} {
		want[at+1] = "invalid: this event has expired"
	}
	want[6] = "invalid: the line is too long"
	want[chunkLines+6] = "invalid: no id"
	last := 0
	total, err := a.Import(t.Context(), bytes.NewReader(bytes.Join(lines, []byte{'\n'})), func(line int, reason string) {
		if line <= last || want[line] != reason {
			t.Errorf("line %d after %d: %s, want %q", line, last, reason, want[line])
		}
		last = line
		delete(want, line)
	}, nil)
	if err != nil || total.Imported != 1 || total.Duplicates != 3 || total.Refused != 6 {
		t.Errorf("%+v, %v", total, err)
	}
	for line, reason := range want {
		t.Errorf("line %d was not told of: %s", line, reason)
	}
}

// TestImportAgain: of a file that is known but for a few lines, only the new ones have their signatures checked.
func TestImportAgain(t *testing.T) {
	a := open(t, testConfig(t.TempDir()))
	var lines, more [][]byte
	note := func(i int) *nostr.Event {
		e := &nostr.Event{Kind: nostr.KindNote, CreatedAt: int64(i), Content: strconv.Itoa(i)}
		if err := e.Sign(nostr.SecretKey{31: 5}); err != nil {
			t.Fatal(err)
		}
		return e
	}
	const known, fresh = 40, 3
	for i := range known {
		lines = append(lines, note(i).AppendJSON(nil))
	}
	for i := range fresh {
		more = append(more, note(known+i).AppendJSON(nil))
	}
	forged := note(7)
	forged.Content = "forged"
	more = append(more, forged.AppendJSON(nil))
	take := func(lines [][]byte, want Transfer, signatures int) {
		t.Helper()
		before := signaturesChecked(t, a)
		file := bytes.Join(lines, []byte{'\n'})
		want.Bytes = int64(len(file))
		total, err := a.Import(t.Context(), bytes.NewReader(file), func(line int, reason string) {
			if line != len(lines) || reason != "invalid: id does not match the event" {
				t.Errorf("line %d: %s", line, reason)
			}
		}, nil)
		if err != nil || total != want {
			t.Errorf("%+v, %v, want %+v", total, err, want)
		}
		if n := signaturesChecked(t, a) - before; n != signatures {
			t.Errorf("%d signatures checked, want %d", n, signatures)
		}
	}
	take(lines, Transfer{Imported: known}, known)
	take(lines, Transfer{Duplicates: known}, 0)
	take(slices.Concat(lines, more), Transfer{Imported: fresh, Duplicates: known, Refused: 1}, fresh)
}

// signaturesChecked reads it from the node's metrics.
func signaturesChecked(t *testing.T, a *App) (n int) {
	t.Helper()
	var text bytes.Buffer
	a.Metrics.WritePrometheus(&text)
	for _, found := range signatureCounts.FindAllSubmatch(text.Bytes(), -1) {
		count, err := strconv.Atoi(string(found[1]))
		if err != nil {
			t.Fatal(err)
		}
		n += count
	}
	return n
}

var signatureCounts = regexp.MustCompile(
	`(?m)^madang_verify_(?:batch_signatures_sum|single_signatures_total) (\d+)$`)

// TestImportGivenUp: what was read before is taken in and counted, and the error is the context's.
func TestImportGivenUp(t *testing.T) {
	a := open(t, testConfig(t.TempDir()))
	e := &nostr.Event{Kind: nostr.KindNote}
	if err := e.Sign(nostr.SecretKey{31: 5}); err != nil {
		t.Fatal(err)
	}
	line := append(e.AppendJSON(nil), '\n')
	ctx, cancel := context.WithCancel(t.Context())
	at := 0
	endless := readFunc(func(p []byte) (int, error) {
		n := copy(p, line[at:])
		at = (at + n) % len(line)
		return n, nil
	})
	total, err := a.Import(ctx, endless, nil, func(Transfer) { cancel() })
	if !errors.Is(err, context.Canceled) || total.Imported != 1 || total.Duplicates < chunkLines-1 || total.Refused > 0 {
		t.Errorf("%+v, %v", total, err)
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// BenchmarkImport takes a file of events by a thousand authors, signature checks included, into a node that has none of
// them or all.
func BenchmarkImport(b *testing.B) {
	const events, authors = 3 * chunkLines, 1000
	var lines []byte
	for i := range events {
		e := &nostr.Event{Kind: nostr.KindNote, CreatedAt: int64(i), Content: fmt.Sprintf("%0800d", i)}
		if err := e.Sign(nostr.SecretKey{29: 1, 30: byte(i % authors >> 8), 31: byte(i % authors)}); err != nil {
			b.Fatal(err)
		}
		lines = append(e.AppendJSON(lines), '\n')
	}
	empty := func() *App {
		cfg := testConfig(b.TempDir())
		cfg.Bulk = true
		a, err := Open(b.Context(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		return a
	}
	take := func(b *testing.B, a *App, want Transfer) {
		want.Bytes = int64(len(lines))
		if total, err := a.Import(b.Context(), bytes.NewReader(lines), nil, nil); err != nil || total != want {
			b.Fatalf("%+v, %v", total, err)
		}
	}
	end := func(a *App) {
		if err := a.Close(); err != nil {
			b.Fatal(err)
		}
	}
	report := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/events, "us/event")
	}
	b.Run("new", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			a := empty()
			b.StartTimer()
			take(b, a, Transfer{Imported: events})
			end(a)
		}
		report(b)
	})
	b.Run("held", func(b *testing.B) {
		a := empty()
		defer end(a)
		take(b, a, Transfer{Imported: events})
		for b.Loop() {
			take(b, a, Transfer{Duplicates: events})
		}
		report(b)
	})
}
