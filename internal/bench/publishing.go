package bench

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// publishing measures EVENT until OK, which comes after the disk has the event.
func (r *run) publishing(ctx context.Context) error {
	return r.served(ctx, func(ctx context.Context, s *server) error {
		if err := r.oneByOne(ctx, s); err != nil {
			return err
		}
		return r.pipelined(ctx, s)
	})
}

// oneByOne sends each event when the one before has its OK. Syncs are measured in between, since a disk has its moods.
func (r *run) oneByOne(ctx context.Context, s *server) error {
	const rounds, inRound = 10, 150
	frames, err := r.take(ctx, mix, rounds*inRound)
	if err != nil {
		return err
	}
	c, err := dial(ctx, s.addr, clientOptions{buffer: 4096})
	if err != nil {
		return err
	}
	defer c.close()
	if _, err := c.await(isAuth); err != nil {
		return err
	}
	var bare syncs
	var one single
	for round := range rounds {
		if err := one.publish(s, c, r.dir, frames[round*inRound:(round+1)*inRound]); err != nil {
			return err
		}
		more, err := measureSyncs(r.dir, inRound)
		if err != nil {
			return err
		}
		bare.add(more)
	}
	n := float64(len(frames))
	r.add(row{
		what: "one connection, one at a time: CPU an event", unit: seconds, figure: one.cpu.Seconds() / n, target: 450e-6,
		limit: r.machine.check, limitName: "one signature check",
	})
	least := median(bare.waits) + r.machine.check
	r.add(row{
		what: "its wait, p50", unit: seconds, figure: median(one.waits), target: 1.3 * least,
		limit: least, limitName: "one sync and one signature check",
		note: "p99: " + seconds.format(quantile(one.waits, 0.99)),
	})
	r.add(row{
		what: "its bytes sent to the disk, an event", unit: bytesOf, figure: float64(one.disk.written) / n, target: 3 << 10,
		limit: float64(bare.written) / n, limitName: "an append of 1 KB with a sync",
		note: fmt.Sprintf("handed to the system %s, of an event of %s; the disk took %s, for the appends %s, whoever wrote",
			bytesOf.format(float64(one.disk.handed)/n), bytesOf.format(float64(sizeOf(frames))/n),
			bytesOf.format(float64(one.device)/n), bytesOf.format(float64(bare.device)/n)),
	})
	return nil
}

// single is what events took that were published one by one.
type single struct {
	spent
	waits  []float64
	device int64
}

// publish sends events and adds what they took.
func (o *single) publish(s *server, c *client, dir string, frames [][]byte) error {
	device, err := deviceWritten(dir)
	if err != nil {
		return err
	}
	used, err := s.measure(func() error {
		for _, frame := range frames {
			began := time.Now()
			if err := publishOne(c, frame); err != nil {
				return err
			}
			o.waits = append(o.waits, time.Since(began).Seconds())
		}
		return nil
	})
	if err != nil {
		return err
	}
	after, err := deviceWritten(dir)
	o.cpu += used.cpu
	o.disk.written += used.disk.written
	o.disk.handed += used.disk.handed
	o.device += after - device
	return err
}

// publishOne sends an EVENT and waits for its OK.
func publishOne(c *client, frame []byte) error {
	if err := c.send(frame); err != nil {
		return err
	}
	return awaitOK(c)
}

func (r *run) pipelined(ctx context.Context, s *server) error {
	frames, err := r.take(ctx, mix, 16_000)
	if err != nil {
		return err
	}
	if err := s.rest(ctx); err != nil {
		return err
	}
	used, err := s.measure(func() error {
		_, err := publish(ctx, s.addr, frames, 8, 64, nil)
		return err
	})
	if err != nil {
		return err
	}
	later, err := s.measure(func() error { return s.rest(ctx) })
	if err != nil {
		return err
	}
	n := float64(len(frames))
	r.add(row{
		what: "8 connections, 64 in flight each: CPU an event", unit: seconds, figure: used.cpu.Seconds() / n, target: 120e-6,
		limit: r.machine.check, limitName: "one signature check",
		note: fmt.Sprintf("%s; %s an event sent to the disk; later, in the background: %s of CPU",
			perSecond.format(n/used.wall.Seconds()), bytesOf.format(float64(used.disk.written)/n),
			seconds.format(later.cpu.Seconds()/n)),
	})
	return nil
}

// publish sends events over so many connections, on each so many ahead of their OKs, and returns when each has its OK.
// done, if not nil, is told of each OK how many there are.
func publish(ctx context.Context, addr string, frames [][]byte, conns, inFlight int, done func(n int)) (int, error) {
	group, ctx := errgroup.WithContext(ctx)
	var all atomic.Int64
	for i := range conns {
		mine := frames[i*len(frames)/conns : (i+1)*len(frames)/conns]
		group.Go(func() error {
			c, err := dial(ctx, addr, clientOptions{buffer: 16 << 10})
			if err != nil {
				return err
			}
			defer c.close()
			ahead := min(inFlight, len(mine))
			if err := c.send(bytes.Join(mine[:ahead], nil)); err != nil {
				return err
			}
			for range mine {
				if err := awaitOK(c); err != nil {
					return err
				}
				if n := int(all.Add(1)); done != nil {
					done(n)
				}
				if ahead < len(mine) {
					if err := c.send(mine[ahead]); err != nil {
						return err
					}
					ahead++
				}
			}
			return nil
		})
	}
	err := group.Wait()
	return int(all.Load()), err
}
