package blob

import (
	"errors"
	"io"
	"os"

	"madang/internal/durable"
)

// Reserve is how much of the disk blobs leave free, in bytes: the event log and its index must still be able to write
// when films have taken all the rest. The log keeps a smaller reserve of its own for the index.
const Reserve = 64 << 20

// roomEvery is how many bytes of an upload are written between two looks at what is free.
const roomEvery = 1 << 20

// Room returns ErrFull if fewer than n bytes may be written to the disk without touching the reserve.
func (d *Dir) Room(n int64) error {
	free, err := d.free(d.path)
	if err != nil {
		return err
	}
	if free-Reserve < n {
		return durable.ErrFull
	}
	return nil
}

// roomWriter looks at what is free as it writes.
type roomWriter struct {
	w       io.Writer
	room    func(n int64) error
	written int64 // since the last look
}

func (r *roomWriter) Write(p []byte) (int, error) {
	if r.written += int64(len(p)); r.written >= roomEvery {
		r.written = 0
		if err := r.room(0); err != nil {
			return 0, err
		}
	}
	return r.w.Write(p)
}

// file is a file being written.
type file interface {
	io.Writer
	Sync() error
	Close() error
	Name() string
}

// createTemp makes a file in dir. It is the one door by which bytes reach the disk, so that tests can fill the disk.
func createTemp(dir string) (file, error) { return os.CreateTemp(dir, "put-") }

// finish makes a written file durable and closes it, or closes and removes it if err says that writing it failed.
func finish(f file, err error) error {
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
