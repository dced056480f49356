package bench

import (
	"context"
	"fmt"
	"math"
	"slices"

	"madang/internal/bench/dataset"
	"madang/internal/nostr"
)

// stored is what is to be known of the events that a node has before it is measured.
type stored struct {
	file    string
	count   int
	bytes   int64 // of their JSON and a newline each
	public  int   // that anybody may read
	until   int64 // created_at of the mostListed-th of these, or of the last
	authors int   // so many from number 0 on have about twenty notes
	ids     []nostr.ID
	inboxes []inbox // the fullest first
}

// inbox is one recipient's.
type inbox struct {
	key   nostr.SecretKey
	wraps int
}

const sampledIDs = 100_000

func readStored(name string, n int) (s stored, err error) {
	s = stored{file: name, count: n, authors: min(dataset.Authors, max(1, n/400))}
	step := max(1, n/sampledIDs)
	wraps := map[string]int{}
	number := int64(-1)
	err = dataset.Scan(name, n, func(l dataset.Line) error {
		number++
		s.bytes += int64(len(l.JSON)) + 1
		if l.Kind == nostr.KindGiftWrap {
			wraps[l.To]++
			return nil
		}
		if s.public++; s.public <= mostListed {
			s.until = dataset.Stored.CreatedAt(number)
		}
		if s.public%step == 0 {
			s.ids = append(s.ids, l.ID)
		}
		return nil
	})
	for i := 0; len(wraps) > 0; i++ {
		key := dataset.Recipient(i)
		hex := key.PubKey().String()
		if count := wraps[hex]; count > 0 {
			s.inboxes = append(s.inboxes, inbox{key, count})
			delete(wraps, hex)
		}
	}
	slices.SortStableFunc(s.inboxes, func(a, b inbox) int { return b.wraps - a.wraps })
	return s, err
}

func (s stored) average() float64 { return float64(s.bytes) / math.Max(1, float64(s.count)) }

// full returns up to n inboxes that have at least so many wraps; where there is none, the fullest one.
func (s stored) full(wraps, n int) []inbox {
	i := 0
	for i < len(s.inboxes) && s.inboxes[i].wraps >= wraps {
		i++
	}
	return s.inboxes[:min(len(s.inboxes), max(1, min(i, n)))]
}

// How many live events there are, and how many of the first of them are kept as they come, a mix of kinds. The others
// are parted into notes and gift wraps.
const (
	liveEvents = 48_000
	mixEvents  = 24_000
)

// pool has the events that a server gets while it is measured, as frames to send. Each is taken once.
type pool struct {
	mix, notes, wraps [][]byte
}

func readPool(name string) (*pool, error) {
	p := &pool{}
	n := 0
	err := dataset.Scan(name, liveEvents, func(l dataset.Line) error {
		n++
		frame := textFrame(append(append([]byte(`["EVENT",`), l.JSON...), ']'))
		switch {
		case n <= mixEvents:
			p.mix = append(p.mix, frame)
		case l.Kind == nostr.KindNote:
			p.notes = append(p.notes, frame)
		case l.Kind == nostr.KindGiftWrap:
			p.wraps = append(p.wraps, frame)
		}
		return nil
	})
	return p, err
}

// liveSort is a sort of live events.
type liveSort func(*pool) *[][]byte

func mix(p *pool) *[][]byte   { return &p.mix }
func notes(p *pool) *[][]byte { return &p.notes }
func wraps(p *pool) *[][]byte { return &p.wraps }

// take returns the next n live events, which are made when the first are wanted.
func (r *run) take(ctx context.Context, sort liveSort, n int) ([][]byte, error) {
	if r.live == nil {
		name, err := r.events().File(ctx, dataset.Live, liveEvents)
		if err != nil {
			return nil, fmt.Errorf("making events: %w", err)
		}
		if r.live, err = readPool(name); err != nil {
			return nil, err
		}
	}
	left := sort(r.live)
	if n > len(*left) {
		return nil, fmt.Errorf("there are only %d live events of this sort left, not %d", len(*left), n)
	}
	taken := (*left)[:n]
	*left = (*left)[n:]
	return taken, nil
}

func sizeOf(frames [][]byte) (n int) {
	for _, f := range frames {
		n += len(f)
	}
	return n
}
