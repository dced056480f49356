package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"madang/internal/durable"
)

// Cache is a directory where streams are kept from one run to the next. Several processes may use one.
type Cache struct {
	Dir      string
	Progress func(made, wanted int) // called now and then while events are made; may be nil
}

// File returns the file that holds at least the stream's first n events, one a line; what is lacking is made first.
func (c Cache) File(ctx context.Context, stream Stream, n int) (name string, err error) {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return "", err
	}
	name = filepath.Join(c.Dir, fmt.Sprintf("events-%d-%d.jsonl", version, stream))
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	wanted := (n + blockSize - 1) / blockSize
	have, lock, err := c.lock(ctx, f, wanted)
	if lock == nil || err != nil {
		return name, err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	return name, c.extend(ctx, f, stream, have, wanted)
}

// lock counts the whole blocks in the file. If they are fewer than wanted it waits for the right to make more, or until
// another process has made enough; then there is no lock.
func (c Cache) lock(ctx context.Context, f *os.File, wanted int) (have int, lock *durable.LockFile, err error) {
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		lock, lockErr := durable.Lock(f.Name() + ".lock")
		have, size, err := wholeBlocks(f, wanted)
		switch {
		case lockErr != nil && !errors.Is(lockErr, durable.ErrLocked):
			return 0, nil, lockErr
		case lockErr == nil && (err != nil || have >= wanted):
			return have, nil, errors.Join(err, lock.Unlock())
		case err != nil || have >= wanted:
			return have, nil, err
		case lockErr == nil:
			if err := f.Truncate(size); err != nil { // what an interrupted run left behind the last whole block
				return 0, nil, errors.Join(err, lock.Unlock())
			}
			return have, lock, nil
		}
		select {
		case <-ctx.Done():
			return 0, nil, lockErr
		case <-again.C:
		}
	}
}

// wholeBlocks counts the blocks that the file begins with, up to most, and their bytes, after which it leaves the file
// to be read or written on.
func wholeBlocks(f io.ReadSeeker, most int) (blocks int, size int64, err error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, 0, err
	}
	buffer := make([]byte, 1<<20)
	lines, at := 0, int64(0)
	for blocks < most {
		n, err := f.Read(buffer)
		part := buffer[:n]
		for blocks < most {
			end := bytes.IndexByte(part, '\n')
			if end < 0 {
				break
			}
			part = part[end+1:]
			if lines++; lines%blockSize == 0 {
				blocks, size = blocks+1, at+int64(n-len(part))
			}
		}
		at += int64(n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, 0, err
		}
	}
	_, err = f.Seek(size, io.SeekStart)
	return blocks, size, err
}

// extend writes the blocks from have up to wanted, made by all cores.
func (c Cache) extend(ctx context.Context, w io.Writer, stream Stream, have, wanted int) error {
	m := &maker{scripts: vocabularies()}
	for have < wanted {
		made := make([][]byte, min(8*runtime.GOMAXPROCS(0), wanted-have))
		group, groupCtx := errgroup.WithContext(ctx)
		group.SetLimit(runtime.GOMAXPROCS(0))
		for i := range made {
			group.Go(func() (err error) {
				if groupCtx.Err() == nil {
					made[i], err = m.block(stream, have+i)
				}
				return err
			})
		}
		if err := errors.Join(group.Wait(), ctx.Err()); err != nil {
			return err
		}
		for _, lines := range made {
			if _, err := w.Write(lines); err != nil {
				return err
			}
		}
		if have += len(made); c.Progress != nil {
			c.Progress(have*blockSize, wanted*blockSize)
		}
	}
	return nil
}
