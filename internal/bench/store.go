package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// store makes a data directory with the events, unless there is one, and has a node serve them until it is at rest.
func (r *run) store(ctx context.Context) error {
	if !r.ready {
		r.ready = true
		r.unready = within(ctx, storing, r.makeStore)
	}
	return r.unready
}

func (r *run) makeStore(ctx context.Context) error {
	data := filepath.Join(r.dir, "data")
	if r.data == "" && r.cfg.Store != "" {
		r.data = data
		return r.copyStore(ctx, data)
	}
	if r.data == "" {
		r.data = data
		r.say("importing %d events", r.stored.count)
		if _, err := r.importInto(ctx, data); err != nil {
			return err
		}
	}
	return r.catchUp(ctx, data)
}

// copyStore copies what is kept for later runs, and makes that first where it is not there.
func (r *run) copyStore(ctx context.Context, data string) error {
	if _, err := os.Stat(r.cfg.Store); errors.Is(err, fs.ErrNotExist) {
		r.say("importing %d events", r.stored.count)
		fresh := r.cfg.Store + ".new"
		if err := os.RemoveAll(fresh); err != nil {
			return err
		}
		_, err := r.importInto(ctx, fresh)
		if err == nil {
			err = r.catchUp(ctx, fresh)
		}
		if err != nil {
			return errors.Join(err, os.RemoveAll(fresh))
		}
		if err := os.Rename(fresh, r.cfg.Store); err != nil {
			return err
		}
	}
	if err := copyFiles(data, r.cfg.Store); err != nil {
		return fmt.Errorf("copying %s: %w", r.cfg.Store, err)
	}
	return nil
}

// catchUp has a node serve the events until it has nothing to do with them any more.
func (r *run) catchUp(ctx context.Context, data string) error {
	r.say("waiting until the search index has caught up")
	s, err := r.serveData(ctx, data)
	if err != nil {
		return err
	}
	return r.during(ctx, s, func(ctx context.Context, s *server) error {
		used, err := s.measure(func() error { return s.rest(ctx) })
		r.searched = &used
		return err
	})
}

// copyFiles copies a directory's files and directories, and nothing else.
func copyFiles(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			return os.MkdirAll(target, 0o700)
		case d.Type().IsRegular():
			return copyFile(target, path)
		}
		return nil
	})
}

func copyFile(to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}
