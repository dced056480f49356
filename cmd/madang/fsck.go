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
	say := func(text string) { fmt.Fprintln(m.Stdout, text) }
	found, err := app.Check(ctx, *data, m.logger(slog.LevelWarn), say, say)
	if err != nil {
		return err
	}
	fmt.Fprintf(m.Stdout, "checked %d events, %d blobs, %d account files: %d problems\n",
		found.Events, found.Blobs, found.Accounts, found.Problems)
	if found.Problems > 0 {
		return errors.New("the data is damaged")
	}
	return nil
}
