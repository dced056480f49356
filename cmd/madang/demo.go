package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"madang/internal/app"
	"madang/internal/demo"
)

// demo fills a fresh node with a village, and says how to log in as one of its people.
func (m *Main) demo(ctx context.Context, c *command, args []string) (err error) {
	fs := m.flags(c)
	data := dataFlag(fs)
	videos := fs.Int("videos", -1, "how many of the videos to make; -1 is all")
	if _, err := m.parse(fs, args, 0); err != nil {
		return err
	}
	node, err := app.Open(ctx, app.Config{DataDir: *data, Version: version, Logger: m.logger(slog.LevelWarn)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()

	var bar *progress
	result, err := demo.Fill(ctx, node, demo.Options{
		Videos: *videos, Now: time.Now(),
		Progress: func(done, total int, doing string) {
			if bar == nil {
				bar = m.newProgress("village:", int64(total), false)
			}
			bar.set(int64(done), doing)
		},
	})
	if bar != nil {
		bar.finish()
	}
	if errors.Is(err, demo.ErrNotFresh) {
		return fmt.Errorf("%w\nName a directory that is empty or not there yet with --data", err)
	}
	if err != nil {
		return err
	}
	m.tellOfVillage(result, *data)
	return nil
}

// tellOfVillage says what was made, and how to log in.
func (m *Main) tellOfVillage(result demo.Result, data string) {
	if result.NoVideos != "" {
		fmt.Fprintf(m.Stderr, "There are no videos: %s. On Debian and Ubuntu: apt-get install ffmpeg\n", result.NoVideos)
	}
	fmt.Fprintf(m.Stdout, "The village is there: people %d, messages %d, articles %d, videos %d\n\n",
		len(result.People), result.Messages, result.Articles, result.Videos)
	fmt.Fprint(m.Stdout, "Log in as any of them. The passphrases are the same on every demo, for everybody to read:\n"+
		"this node is for trying only.\n\n")
	for _, p := range result.People {
		fmt.Fprintf(m.Stdout, "  %s (%s)\n      %s\n", p.Name, p.Role, p.Passphrase)
	}
	fmt.Fprintf(m.Stdout, "\nStart it with: madang serve --data %s\n", data)
}
