package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// starting measures how long a node takes until it listens.
func (r *run) starting(ctx context.Context) error {
	if err := r.startsClean(ctx, r.data); err != nil {
		return err
	}
	if err := r.startsAfterKill(ctx, r.data); err != nil {
		return err
	}
	return r.rebuilds(ctx, r.data)
}

// startsClean takes the quickest of several starts after clean stops: what else the machine did is no part of it.
func (r *run) startsClean(ctx context.Context, data string) error {
	var best *server
	for i := range 4 {
		s, err := r.serveData(ctx, data)
		if err != nil {
			return err
		}
		if err := r.stop(s); err != nil {
			return err
		}
		if i > 0 && (best == nil || s.startWall < best.startWall) { // the first one follows the import
			best = s
		}
	}
	r.addStart("after a clean stop, the best of 3", best, 1)
	return nil
}

func (r *run) addStart(what string, s *server, target float64) {
	r.add(row{
		what: what, unit: seconds, figure: s.startWall.Seconds(), target: target,
		note: "CPU: " + seconds.format(s.startCPU.Seconds()),
	})
}

// startsAfterKill kills a node while it takes events in, so that its index is behind its log.
func (r *run) startsAfterKill(ctx context.Context, data string) error {
	frames, err := r.take(ctx, mix, 3000)
	if err != nil {
		return err
	}
	s, err := r.serveData(ctx, data)
	if err != nil {
		return err
	}
	publishing, cancel := context.WithCancel(ctx)
	defer cancel()
	killed := make(chan error, 1)
	some := len(frames) * 2 / 3
	_, err = publish(publishing, s.addr, frames, 4, 64, func(done int) {
		if done == some {
			killed <- s.kill()
		}
	})
	select {
	case killErr := <-killed:
		if killErr != nil {
			return killErr
		}
	default:
		return errors.Join(fmt.Errorf("the node was not killed in time: %w", err), s.kill())
	}
	if s, err = r.serveData(ctx, data); err != nil {
		return err
	}
	if err := r.stop(s); err != nil {
		return err
	}
	r.addStart("after kill -9 under load", s, 3)
	return nil
}

// rebuilds takes the index away.
func (r *run) rebuilds(ctx context.Context, data string) error {
	if err := os.RemoveAll(filepath.Join(data, "index")); err != nil {
		return err
	}
	s, err := r.serveData(ctx, data)
	if err != nil {
		return err
	}
	if err := r.stop(s); err != nil {
		return err
	}
	n := float64(r.stored.count)
	r.add(row{
		what: "index made again, events a second of CPU", unit: perSecond, figure: n / s.startCPU.Seconds(),
		target: 60_000, atLeast: true, limit: n / (r.machine.copyByte * float64(r.stored.bytes)),
		limitName: "copying them",
		note:      fmt.Sprintf("until it listens: %v", s.startWall.Round(time.Millisecond)),
	})
	return nil
}
