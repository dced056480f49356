package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"madang/internal/app"
)

func (m *Main) exportEvents(ctx context.Context, c *command, args []string) (err error) {
	fs := m.flags(c)
	data := dataFlag(fs)
	files, err := m.parse(fs, args, 1)
	if err != nil {
		return err
	}
	if err := mustHoldNode(*data); err != nil {
		return err
	}
	node, err := app.Open(ctx, app.Config{DataDir: *data, Version: version, Logger: m.logger(slog.LevelWarn)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()

	bar := m.newProgress("exporting", int64(node.Index.Len()), false)
	n, err := m.output(files, func(w io.Writer) (int, error) {
		return node.Export(ctx, w, func(n int) { bar.set(int64(n), "") })
	})
	bar.finish()
	if err != nil {
		return err
	}
	fmt.Fprintf(m.Stderr, "exported %d\n", n)
	return nil
}

// output lets write fill the file that was named, or stdout. A file appears under its name only when it is whole.
func (m *Main) output(files []string, write func(io.Writer) (int, error)) (int, error) {
	if len(files) == 0 || files[0] == "-" {
		return write(m.Stdout)
	}
	name := files[0]
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() { // a pipe or a device
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return 0, err
		}
		n, err := write(f)
		return n, errors.Join(err, f.Close())
	}
	part := name + ".part"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	n, err := write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(part, name)
	}
	if err != nil {
		return n, errors.Join(err, os.Remove(part))
	}
	return n, nil
}
