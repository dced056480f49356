package bench

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"madang/internal/nostr"
)

// fleet is many connections with one subscription each, which take note of every event that comes.
type fleet struct {
	subscribers []*subscriber
	got         atomic.Int64 // events
	failed      chan error   // of one reader, if any
	readers     sync.WaitGroup
	ending      atomic.Bool
}

type subscriber struct {
	*client
	times []time.Time // when each event came, if the fleet is timed
}

type fleetOptions struct {
	size    int
	filter  func(i int) string
	key     func(i int) nostr.SecretKey // to authenticate with (NIP-42); nil: nobody
	client  clientOptions
	isTimed bool
}

// launch connects and subscribes, and returns when each has had its EOSE.
func launch(ctx context.Context, addr string, o fleetOptions) (*fleet, error) {
	f := &fleet{subscribers: make([]*subscriber, o.size), failed: make(chan error, 1)}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(32)
	for i := range f.subscribers {
		group.Go(func() error {
			if groupCtx.Err() != nil {
				return groupCtx.Err()
			}
			c, err := o.subscribe(ctx, addr, i)
			if err == nil {
				f.subscribers[i] = &subscriber{client: c}
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		f.close()
		return nil, err
	}
	for i, s := range f.subscribers {
		s.count = i > 0 // one opens what is compressed, and so holds that it is what it should be
		f.readers.Go(func() { f.read(s, o.isTimed) })
	}
	return f, nil
}

// subscribe opens number i and returns after its EOSE.
func (o fleetOptions) subscribe(ctx context.Context, addr string, i int) (c *client, err error) {
	if c, err = dial(ctx, addr, o.client); err != nil {
		return nil, err
	}
	if o.key != nil {
		err = c.authenticate(addr, o.key(i))
	}
	if err == nil {
		err = c.send(textFrame([]byte(`["REQ","s",` + o.filter(i) + `]`)))
	}
	if err == nil {
		_, err = c.await(isEOSE)
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (f *fleet) read(s *subscriber, isTimed bool) {
	for {
		m, err := s.next()
		if err == nil && !bytes.HasPrefix(m, isEvent) {
			err = unexpected(m)
		}
		if err != nil {
			if !f.ending.Load() {
				select {
				case f.failed <- err:
				default: // one is enough
				}
			}
			return
		}
		if isTimed {
			s.times = append(s.times, time.Now())
		}
		f.got.Add(1)
	}
}

// await waits until so many events have come in all.
func (f *fleet) await(ctx context.Context, events int) error {
	tick := time.NewTicker(500 * time.Microsecond)
	defer tick.Stop()
	for f.got.Load() < int64(events) {
		select {
		case err := <-f.failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	if f.got.Load() > int64(events) {
		return errors.New("more events came than were to come")
	}
	return nil
}

// close ends all connections and waits for their readers.
func (f *fleet) close() {
	f.ending.Store(true)
	for _, s := range f.subscribers {
		if s != nil {
			s.close()
		}
	}
	f.readers.Wait()
}
