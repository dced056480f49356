package blob

import (
	"os"
	"syscall"
	"time"

	"madang/internal/nostr"
)

// SetClock sets the clock of uploads.
func (d *Dir) SetClock(now func() time.Time) { d.now = now }

// SetFree says how much of the disk is free.
func (d *Dir) SetFree(free func() int64) {
	d.free = func(string) (int64, error) { return free(), nil }
}

// FillDisk leaves room for so many bytes more of all files together. Metadata finds no room once that is used up.
func (d *Dir) FillDisk(room int) {
	d.create = func(dir string) (file, error) {
		if room <= 0 {
			return nil, &os.PathError{Op: "open", Path: dir, Err: syscall.ENOSPC}
		}
		f, err := createTemp(dir)
		return &smallDiskFile{f, &room}, err
	}
}

type smallDiskFile struct {
	file
	room *int
}

func (f *smallDiskFile) Write(p []byte) (int, error) {
	n, err := f.file.Write(p[:min(len(p), *f.room)])
	*f.room -= n
	if err == nil && n < len(p) {
		err = syscall.ENOSPC
	}
	return n, err
}

// CrowdOwners gives a blob as many owners as it may have.
func (d *Dir) CrowdOwners(h Hash) {
	r, _ := d.catalog.get(h)
	for i := len(r.Owners); i < maxOwners; i++ {
		pk := nostr.PubKey{0xff, byte(i), byte(i >> 8)}
		more := *r
		more.Owners = append(r.Owners, owner{hexKey(pk), int64(i)})
		r = &more
	}
	d.catalog.set(h, r)
}
