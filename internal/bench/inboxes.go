package bench

import (
	"context"
	"fmt"

	"madang/internal/bench/dataset"
)

// inboxes measures gift wraps that come in while each recipient waits for their own.
func (r *run) inboxes(ctx context.Context) error {
	return r.served(ctx, func(ctx context.Context, s *server) error {
		f, err := launch(ctx, s.addr, fleetOptions{
			size: dataset.LiveRecipients, key: dataset.Recipient, client: clientOptions{buffer: 8 << 10},
			filter: func(i int) string {
				return fmt.Sprintf(`{"kinds":[1059],"#p":["%s"],"limit":0}`, dataset.Recipient(i).PubKey())
			},
		})
		if err != nil {
			return err
		}
		defer f.close()
		frames, err := r.take(ctx, wraps, 2500)
		if err != nil {
			return err
		}
		if err := s.rest(ctx); err != nil {
			return err
		}
		used, err := s.measure(func() error {
			if _, err := publish(ctx, s.addr, frames, 8, 64, nil); err != nil {
				return err
			}
			return f.await(ctx, len(frames))
		})
		if err != nil {
			return err
		}
		r.add(row{
			what: fmt.Sprintf("%d inboxes: CPU a delivery, publishing included", len(f.subscribers)), unit: seconds,
			figure: used.cpu.Seconds() / float64(len(frames)), target: 130e-6,
			limit: r.machine.check, limitName: "one signature check",
			note: fmt.Sprintf("%s gift wraps", thousands(fmt.Sprint(len(frames)))),
		})
		return nil
	})
}
