package app

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"madang/internal/ingest"
	"madang/internal/nostr"
	"madang/internal/policy"
)

// Limits of an import. Six chunks are on their way at most: read, decoded, or in the entrance.
const (
	maxLine    = 16 << 20 // bytes of a JSON line: the largest event (4 MiB), with its text escaped at length
	chunkLines = 4096     // with events: as many signatures as are best checked together
	chunkBytes = 4 << 20  // after which a chunk takes no further line
)

// Transfer counts what an import did.
type Transfer struct {
	Imported, Duplicates, Refused int
	Bytes                         int64 // read so far
}

// Import takes in events as JSON lines (Road Import). refused, if not nil, is told of each line that was not taken, in
// their order, and progress of each chunk of lines. Empty lines count for nothing. Reading, decoding, checking and
// storing go on at once. Where ctx or r end it early, what was begun is finished and counted.
func (a *App) Import(ctx context.Context, r io.Reader, refused func(line int, reason string),
	progress func(Transfer)) (total Transfer, err error) {
	if refused == nil {
		refused = func(int, string) {}
	}
	if progress == nil {
		progress = func(Transfer) {}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	read := make(chan *chunk, 2)
	var readErr error
	go func() {
		defer close(read)
		readErr = readChunks(ctx, r, read)
	}()

	var begun []*chunk
	finish := func(atMost int) {
		for len(begun) > atMost {
			begun[0].count(&total, refused)
			progress(total)
			begun = begun[1:]
		}
	}
	for c := range read {
		<-c.decoded
		// Once begun, a chunk is seen to its end: that it was given up would say nothing of its events.
		a.Ingest.Start(context.WithoutCancel(ctx), c.events, policy.Writer{Road: policy.Import},
			func(results []ingest.Result) {
				c.results = results
				close(c.stored)
			})
		begun = append(begun, c)
		finish(1)
	}
	finish(0)
	return total, readErr
}

// chunk is some lines of an import.
type chunk struct {
	text []byte
	ends []int // of its lines, in text; newlines and too long lines are left out
	size int64 // bytes read
	line int   // number of the first
	long []int // numbers of the lines that are too long

	decoded  chan struct{} // closed once what follows is there
	events   []*nostr.Event
	numbers  []int // of the events' lines
	refusals []refusal

	stored  chan struct{} // closed once what follows is there
	results []ingest.Result
}

type refusal struct {
	line   int
	reason string
}

// readChunks sends the lines of r, and decodes them meanwhile.
func readChunks(ctx context.Context, r io.Reader, out chan<- *chunk) error {
	in := bufio.NewReaderSize(r, 64<<10)
	line := 1
	for {
		c := &chunk{line: line, decoded: make(chan struct{}), stored: make(chan struct{})}
		err := c.read(in)
		line += len(c.ends)
		go c.decode()
		select {
		case out <- c:
		case <-ctx.Done():
			return ctx.Err()
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// read takes lines until the chunk is full, or r ends.
func (c *chunk) read(r *bufio.Reader) error {
	c.text = make([]byte, 0, chunkBytes+chunkBytes/16)
	for len(c.ends) < chunkLines && c.size < chunkBytes {
		size, err := c.readLine(r)
		c.size += size
		if size > maxLine {
			c.long = append(c.long, c.line+len(c.ends))
		}
		c.ends = append(c.ends, len(c.text))
		if err != nil {
			return err
		}
	}
	return nil
}

// readLine appends the next line to the chunk's text, and returns how long it is. Of a line beyond maxLine nothing is
// kept. io.EOF comes with the last line, which may be empty.
func (c *chunk) readLine(r *bufio.Reader) (size int64, err error) {
	start := len(c.text)
	for {
		part, err := r.ReadSlice('\n')
		size += int64(len(part))
		if size <= maxLine {
			c.text = append(c.text, part...)
		} else {
			c.text = c.text[:start]
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return size, err
		}
	}
}

func (c *chunk) decode() {
	defer close(c.decoded)
	start := 0
	c.events, c.numbers = make([]*nostr.Event, 0, len(c.ends)), make([]int, 0, len(c.ends))
	for i, end := range c.ends {
		line := bytes.TrimSpace(c.text[start:end])
		start = end
		if len(line) == 0 {
			continue
		}
		e, err := nostr.DecodeEvent(line)
		if err != nil {
			c.refuse(c.line+i, err.Error())
			continue
		}
		c.events, c.numbers = append(c.events, e), append(c.numbers, c.line+i)
	}
	for _, number := range c.long {
		c.refuse(number, "invalid: the line is too long")
	}
	c.text = nil
}

func (c *chunk) refuse(line int, reason string) {
	c.refusals = append(c.refusals, refusal{line, reason})
}

// count waits for the chunk's results, and adds them to total.
func (c *chunk) count(total *Transfer, refused func(line int, reason string)) {
	<-c.stored
	for i, result := range c.results {
		switch {
		case !result.OK:
			c.refuse(c.numbers[i], result.Message)
		case strings.HasPrefix(result.Message, "duplicate:"):
			total.Duplicates++
		default:
			total.Imported++
		}
	}
	slices.SortFunc(c.refusals, func(a, b refusal) int { return cmp.Compare(a.line, b.line) })
	for _, r := range c.refusals {
		refused(r.line, r.reason)
	}
	total.Refused += len(c.refusals)
	total.Bytes += c.size
}
