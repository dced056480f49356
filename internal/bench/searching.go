package bench

import (
	"context"
	"path/filepath"
)

// searching tells what the search index took, which no event waits for.
func (r *run) searching(context.Context) error {
	if r.searched == nil {
		r.say("it had caught up in an earlier run already")
		return nil
	}
	n, raw := float64(r.stored.count), float64(r.stored.bytes)
	size, err := sizeOnDisk(filepath.Join(r.data, "search"))
	if err != nil {
		return err
	}
	r.add(row{
		what: "catching up: CPU a stored event", unit: seconds, figure: r.searched.cpu.Seconds() / n,
		note: "in " + seconds.format(r.searched.wall.Seconds()),
	})
	r.add(row{
		what: "on the disk, of the raw JSON", unit: times, figure: float64(size) / raw, limit: 1, limitName: "the raw JSON",
		note: "sent there " + times.format(float64(r.searched.disk.written)/raw),
	})
	return nil
}
