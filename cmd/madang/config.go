package main

import (
	"context"
	"path/filepath"

	"madang/internal/config"
)

// config prints what the node of a data directory goes by, as a file that can be edited.
func (m *Main) config(_ context.Context, c *command, args []string) error {
	fs := m.flags(c)
	data := dataFlag(fs)
	if _, err := m.parse(fs, args, 0); err != nil {
		return err
	}
	settings, err := config.Read(filepath.Join(*data, config.FileName))
	if err != nil {
		return err
	}
	return settings.Write(m.Stdout)
}
