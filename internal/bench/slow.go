package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
)

const (
	slowPace   = 400 // events a second
	slowLeg    = 2 * slowPace
	slowMost   = 8 * slowPace // events after which a reader that takes none must have been dropped
	slowOthers = 50           // who read, and are timed
)

// slowReader measures what the others notice when one subscriber stops reading, and that it is told and dropped.
func (r *run) slowReader(ctx context.Context) error {
	return r.served(ctx, func(ctx context.Context, s *server) error {
		publisher, err := dial(ctx, s.addr, clientOptions{buffer: 16 << 10})
		if err != nil {
			return err
		}
		defer publisher.close()
		options := fleetOptions{size: slowOthers, filter: notesOnly, client: clientOptions{buffer: 32 << 10}, isTimed: true}
		f, err := launch(ctx, s.addr, options)
		if err != nil {
			return err
		}
		defer f.close()
		before, err := r.slowLegs(ctx, publisher, f, 1, nil)
		if err != nil {
			return err
		}
		options.client = clientOptions{window: 4096} // so that what it does not read waits in the server
		slow, err := options.subscribe(ctx, s.addr, 0)
		if err != nil {
			return err
		}
		defer slow.close()
		// It reads again once it was dropped, as a phone does that was asleep.
		beside, err := r.slowLegs(ctx, publisher, f, slowMost/slowLeg, func() (bool, error) { return dropped(ctx, s.addr) })
		if err != nil {
			return err
		}
		read, err := readToNotice(slow)
		if err != nil {
			return err
		}
		p50, p99 := median(before.waits), quantile(before.waits, 0.99)
		r.add(row{
			what: "the others' wait beside it, p50, of their wait before", unit: times, figure: median(beside.waits) / p50,
			target: 1.25, note: fmt.Sprintf("p50 %s, before %s; p99 %s, before %s", seconds.format(median(beside.waits)),
				seconds.format(p50), seconds.format(quantile(beside.waits, 0.99)), seconds.format(p99)),
		})
		sent := float64(beside.bytes)
		r.add(row{
			what: "dropped with a NOTICE, having left unread at most", unit: bytesOf, figure: sent - float64(read),
			note: fmt.Sprintf("of %s", bytesOf.format(sent)),
		})
		return nil
	})
}

// legs is what was published while a fleet took note of how long it took.
type legs struct {
	waits []float64
	bytes int
}

// slowLegs publishes a few seconds long, again and again until enough says so.
func (r *run) slowLegs(ctx context.Context, publisher *client, f *fleet, most int, enough func() (bool, error)) (
	l legs, err error) {
	for range most {
		frames, err := r.take(ctx, notes, slowLeg)
		if err != nil {
			return l, err
		}
		before := f.count()
		sent, err := sendAtPace(ctx, publisher, frames, slowPace)
		if err != nil {
			return l, err
		}
		if err := f.await(ctx, before+len(frames)*len(f.subscribers)); err != nil {
			return l, err
		}
		l.waits, l.bytes = append(l.waits, f.waits(sent)...), l.bytes+sizeOf(frames)
		if enough == nil {
			return l, nil
		}
		if done, err := enough(); done || err != nil {
			return l, err
		}
	}
	return l, fmt.Errorf("whoever reads nothing is still there after %d events", most*slowLeg)
}

var droppedTotal = regexp.MustCompile(`(?m)^madang_relay_slow_readers_dropped_total (\d+)$`)

// dropped asks the server whether it has dropped somebody.
func dropped(ctx context.Context, addr string) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", nil)
	if err != nil {
		return false, err
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return false, err
	}
	found := droppedTotal.FindSubmatch(text)
	if found == nil {
		return false, errors.New("/metrics does not count slow readers")
	}
	n, err := strconv.Atoi(string(found[1]))
	return n > 0, err
}

// readToNotice reads what is left for a client that was dropped, and returns how many bytes it has read in all.
func readToNotice(c *client) (read int64, err error) {
	for {
		m, err := c.next()
		switch {
		case err != nil:
			return 0, fmt.Errorf("the slow reader got no NOTICE: %w", err)
		case bytes.HasPrefix(m, isNotice):
			return c.got, nil
		case !bytes.HasPrefix(m, isEvent):
			return 0, unexpected(m)
		}
	}
}
