package app

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"madang/internal/index"
	"madang/internal/nostr"
	"madang/internal/policy"
)

const (
	maxLine    = 16 << 20 // bytes of a JSON line: the largest event (4 MiB), with its text escaped at length
	batchLines = 1024
	batchBytes = 8 << 20
)

// Transfer counts what an import did.
type Transfer struct {
	Imported, Duplicates, Refused int
	Bytes                         int64 // read so far
}

// Import takes in events as JSON lines (Road Import). refused, if not nil, is told of each line that was not taken,
// progress of each batch. Empty lines count for nothing.
func (a *App) Import(ctx context.Context, r io.Reader, refused func(line int, reason string),
	progress func(Transfer)) (Transfer, error) {
	im := importer{app: a, refused: refused}
	in := bufio.NewReaderSize(r, 64<<10)
	for number := 1; ; number++ {
		line, size, err := readLine(in)
		im.total.Bytes += size
		if err != nil && !errors.Is(err, io.EOF) {
			return im.total, err
		}
		im.line(number, line, size)
		if len(im.batch) >= batchLines || im.batchSize >= batchBytes || errors.Is(err, io.EOF) {
			im.submit(ctx)
			if progress != nil {
				progress(im.total)
			}
		}
		if ctx.Err() != nil {
			return im.total, ctx.Err()
		}
		if err != nil {
			return im.total, nil
		}
	}
}

// importer holds one batch.
type importer struct {
	app       *App
	refused   func(line int, reason string)
	total     Transfer
	batch     []*nostr.Event
	numbers   []int // of the batch's lines
	batchSize int64
}

func (im *importer) line(number int, line []byte, size int64) {
	if size > maxLine {
		im.refuse(number, "invalid: the line is too long")
		return
	}
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return
	}
	e, err := nostr.DecodeEvent(line)
	if err != nil {
		im.refuse(number, err.Error())
		return
	}
	im.batch, im.numbers = append(im.batch, e), append(im.numbers, number)
	im.batchSize += size
}

func (im *importer) submit(ctx context.Context) {
	results := im.app.Ingest.SubmitMany(ctx, im.batch, policy.Writer{Road: policy.Import})
	for i, result := range results {
		switch {
		case !result.OK:
			im.refuse(im.numbers[i], result.Message)
		case strings.HasPrefix(result.Message, "duplicate:"):
			im.total.Duplicates++
		default:
			im.total.Imported++
		}
	}
	im.batch, im.numbers, im.batchSize = im.batch[:0], im.numbers[:0], 0
}

func (im *importer) refuse(number int, reason string) {
	im.total.Refused++
	if im.refused != nil {
		im.refused(number, reason)
	}
}

// readLine returns the next line, and how long it is. Of a line beyond maxLine only the length is kept. io.EOF comes
// with the last line, which may be empty.
func readLine(r *bufio.Reader) (line []byte, size int64, err error) {
	for {
		part, err := r.ReadSlice('\n')
		size += int64(len(part))
		if size <= maxLine {
			line = append(line, part...)
		} else {
			line = nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, size, err
		}
	}
}

// Export writes every event that the node holds as JSON lines, newest first, and returns how many. Expired events and
// those that were replaced or deleted are not among them.
func (a *App) Export(ctx context.Context, w io.Writer, progress func(n int)) (int, error) {
	out := bufio.NewWriterSize(w, 64<<10)
	n := 0
	q := index.Query{Filters: []nostr.Filter{nostr.All()}, Now: a.Clock.Now().Unix()}
	_, err := a.Index.Query(ctx, q, func(item index.Item) error {
		n++
		if progress != nil {
			progress(n)
		}
		out.Write(item.JSON) // an error stays with out and comes back from the next write
		return out.WriteByte('\n')
	})
	return n, errors.Join(err, out.Flush())
}
