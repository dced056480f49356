package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"syscall"

	"madang/internal/bench/dataset"
)

const idleConns = 10_000

// idle measures what connections cost that do nothing. The node is an empty one: what a node with events has freed
// after its start would take in part of the growth, and hide it.
func (r *run) idle(ctx context.Context) error {
	n, err := affordable(idleConns)
	if err != nil {
		return err
	}
	s, err := r.serveData(ctx, filepath.Join(r.dir, "empty"))
	if err != nil {
		return err
	}
	return r.during(ctx, s, func(ctx context.Context, s *server) error {
		before, err := s.settled(ctx)
		if err != nil {
			return err
		}
		f, err := launch(ctx, s.addr, fleetOptions{
			size: n, client: clientOptions{buffer: 512},
			filter: func(i int) string {
				return fmt.Sprintf(`{"kinds":[1],"#p":["%s"]}`, dataset.Recipient(i%dataset.LiveRecipients).PubKey())
			},
		})
		if err != nil {
			return err
		}
		defer f.close()
		after, err := s.settled(ctx)
		if err != nil {
			return err
		}
		r.add(row{
			what: fmt.Sprintf("%s with one subscription each: memory of one", thousands(fmt.Sprint(n))), unit: bytesOf,
			figure: float64(after.now-before.now) / float64(n), target: 12 << 10,
			note: fmt.Sprintf("resident: %s, before %s", bytesOf.format(float64(after.now)),
				bytesOf.format(float64(before.now))),
		})
		return nil
	})
}

// affordable returns how many of so many connections the limit of open files allows both here and in the server, which
// keeps a quarter for other things.
func affordable(conns int) (int, error) {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return 0, err
	}
	return int(min(uint64(conns), files.Max*3/4-100)), nil
}

// settled returns the server's memory once it is at rest.
func (s *server) settled(ctx context.Context) (memory, error) {
	if err := s.rest(ctx); err != nil {
		return memory{}, err
	}
	return s.memory()
}
