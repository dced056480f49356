package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"madang/internal/app"
)

func (m *Main) fsck(ctx context.Context, c *command, args []string) error {
	fs := m.flags(c)
	data := dataFlag(fs)
	if _, err := m.parse(fs, args, 0); err != nil {
		return err
	}
	bar := m.newProgress("", -1, false)
	found, err := app.Check(ctx, *data, m.logger(slog.LevelError), app.Watch{
		Problem: func(text string) {
			bar.clear()
			fmt.Fprintln(m.Stdout, text)
		},
		Step: func(name string, total int64) {
			bar.finish()
			fmt.Fprintln(m.Stdout, "checking", name)
			bar = m.newProgress("checking "+name, total, true)
		},
		Progress: func(done int64) { bar.set(done, "") },
	})
	bar.finish()
	if err != nil {
		return err
	}
	if found.Erased > 0 {
		fmt.Fprintf(m.Stdout, "%d events were deleted or replaced, and are erased\n", found.Erased)
	}
	fmt.Fprintf(m.Stdout, "checked %d events, %d blobs, %d account files: %d problems\n",
		found.Events, found.Blobs, found.Accounts, found.Problems)
	if found.Problems > 0 {
		return errors.New("the data is damaged")
	}
	return nil
}
