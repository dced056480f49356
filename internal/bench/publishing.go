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
	frames, err := take(&r.live.mix, rounds*inRound)
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
	var waits, disk []float64
	var used spent
	var syncBytes int64
	for round := range rounds {
		part, err := s.measure(func() error {
			for _, frame := range frames[round*inRound : (round+1)*inRound] {
				began := time.Now()
				if err := publishOne(c, frame); err != nil {
					return err
				}
				waits = append(waits, time.Since(began).Seconds())
			}
			return nil
		})
		if err != nil {
			return err
		}
		used.cpu += part.cpu
		used.disk.written += part.disk.written
		used.disk.handed += part.disk.handed
		bare, written, err := syncs(r.dir, inRound)
		if err != nil {
			return err
		}
		disk, syncBytes = append(disk, bare...), syncBytes+written
	}
	n := float64(len(frames))
	sync, bytesOfSync := median(disk), float64(syncBytes)/float64(len(disk))
	r.add(row{
		what: "one connection, one at a time: CPU an event", unit: seconds, figure: used.cpu.Seconds() / n, target: 450e-6,
		limit: r.machine.check, limitName: "one signature check",
	})
	least := sync + r.machine.check
	r.add(row{
		what: "its wait, p50", unit: seconds, figure: median(waits), target: 1.3 * least,
		limit: least, limitName: "one sync and one signature check",
		note: "p99: " + seconds.format(quantile(waits, 0.99)),
	})
	r.add(row{
		what: "its bytes sent to the disk, an event", unit: bytesOf, figure: float64(used.disk.written) / n, target: 3 << 10,
		limit: bytesOfSync, limitName: "an append of 1 KB with a sync",
		note: fmt.Sprintf("handed to the system: %s; the event: %s", bytesOf.format(float64(used.disk.handed)/n),
			bytesOf.format(float64(sizeOf(frames))/n)),
	})
	return nil
}

// publishOne sends an EVENT and waits for its OK.
func publishOne(c *client, frame []byte) error {
	if err := c.send(frame); err != nil {
		return err
	}
	return awaitOK(c)
}

func (r *run) pipelined(ctx context.Context, s *server) error {
	frames, err := take(&r.live.mix, 16_000)
	if err != nil {
		return err
	}
	used, err := s.measure(func() error {
		_, err := publish(ctx, s.addr, frames, 8, 64, nil)
		return err
	})
	if err != nil {
		return err
	}
	n := float64(len(frames))
	r.add(row{
		what: "8 connections, 64 in flight each: CPU an event", unit: seconds, figure: used.cpu.Seconds() / n, target: 120e-6,
		limit: r.machine.check, limitName: "one signature check",
		note: fmt.Sprintf("%s; %s an event sent to the disk", perSecond.format(n/used.wall.Seconds()),
			bytesOf.format(float64(used.disk.written)/n)),
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
