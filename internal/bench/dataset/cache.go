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
	lock, err := c.lock(ctx, name+".lock")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	have, size, err := wholeBlocks(f)
	if err != nil || have*blockSize >= n {
		return name, err
	}
	if err := f.Truncate(size); err != nil { // what an interrupted run left
		return "", err
	}
	if _, err := f.Seek(size, io.SeekStart); err != nil {
		return "", err
	}
	return name, c.extend(ctx, f, stream, have, (n+blockSize-1)/blockSize)
}

// lock waits while another process makes events.
func (c Cache) lock(ctx context.Context, name string) (*durable.LockFile, error) {
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		lock, err := durable.Lock(name)
		if !errors.Is(err, durable.ErrLocked) {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-again.C:
		}
	}
}

// wholeBlocks counts the blocks that the file holds, and their bytes.
func wholeBlocks(f io.Reader) (blocks int, size int64, err error) {
	buffer := make([]byte, 1<<20)
	lines, at := 0, int64(0)
	for {
		n, err := f.Read(buffer)
		part := buffer[:n]
		for {
			end := bytes.IndexByte(part, '\n')
			if end < 0 {
				break
			}
			if lines++; lines%blockSize == 0 {
				blocks, size = blocks+1, at+int64(n-len(part)+end+1)
			}
			part = part[end+1:]
		}
		at += int64(n)
		if errors.Is(err, io.EOF) {
			return blocks, size, nil
		}
		if err != nil {
			return 0, 0, err
		}
	}
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
