package blob

import (
	"errors"
	"io"
	"os"
)

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
