package app

import (
	"context"
	"log/slog"
	"time"

	"madang/internal/blob"
	"madang/internal/durable"
)

const diskTime = 15 * time.Second // between two looks at what is free

// watchDisk says in the node's log when the disk has no room for blobs any more, and when it has again, whether anybody
// tries to upload or not. What it has for events, the entrance says itself.
func (a *App) watchDisk(ctx context.Context) error {
	d := diskWatch{free: func() (int64, error) { return durable.OS{}.Free(a.cfg.DataDir) }, logger: a.cfg.Logger}
	tick := time.NewTicker(diskTime)
	defer tick.Stop()
	for {
		d.look()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

type diskWatch struct {
	free   func() (int64, error)
	logger *slog.Logger
	full   bool
}

func (d *diskWatch) look() {
	free, err := d.free()
	if err != nil {
		return // a disk that cannot be asked shows in all else
	}
	full := free < blob.Reserve
	switch {
	case full && !d.full:
		d.logger.Warn("the disk is nearly full: pictures and videos are refused, letters are still taken", "free", free)
	case !full && d.full:
		d.logger.Info("the disk has room again: pictures and videos are taken", "free", free)
	}
	d.full = full
}
