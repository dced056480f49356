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

const (
	shownRefusals = 10
	bulkSize      = 64 << 20 // bytes of a file from which on it pays to prepare for its events
)

var errNothingTaken = errors.New("nothing was taken in: is this a file of events, one JSON object a line?")

func (m *Main) importEvents(ctx context.Context, c *command, args []string) (err error) {
	fs := m.flags(c)
	data := dataFlag(fs)
	files, err := m.parse(fs, args, 1)
	if err != nil {
		return err
	}
	in, size, err := m.input(files)
	if err != nil {
		return err
	}
	defer in.Close()
	node, err := app.Open(ctx, app.Config{
		DataDir: *data, Version: version, Logger: m.logger(slog.LevelWarn), Bulk: size < 0 || size > bulkSize,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()

	bar := m.newProgress("importing", size, true)
	refusals := 0
	total, err := node.Import(ctx, in,
		func(line int, reason string) {
			if refusals++; refusals <= shownRefusals {
				bar.clear()
				fmt.Fprintf(m.Stderr, "line %d: %s\n", line, reason)
			}
		},
		func(t app.Transfer) {
			bar.set(t.Bytes, fmt.Sprintf("%d events", t.Imported+t.Duplicates))
		})
	bar.finish()
	if refusals > shownRefusals {
		fmt.Fprintf(m.Stderr, "and %d more\n", refusals-shownRefusals)
	}
	fmt.Fprintf(m.Stdout, "imported %d, duplicates %d, refused %d\n", total.Imported, total.Duplicates, total.Refused)
	if err == nil && total.Refused > 0 && total.Imported+total.Duplicates == 0 {
		return errNothingTaken
	}
	return err
}

// input opens the file that was named, or stdin. size is -1 where it is not known.
func (m *Main) input(files []string) (in io.ReadCloser, size int64, err error) {
	if len(files) == 0 || files[0] == "-" {
		return io.NopCloser(m.Stdin), -1, nil
	}
	f, err := os.Open(files[0])
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	size = -1
	if info.Mode().IsRegular() {
		size = info.Size()
	}
	return f, size, nil
}
