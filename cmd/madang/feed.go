package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"madang/internal/app"
	"madang/internal/feed"
)

// feedImport takes in a feed, through the node that runs on the data directory if there is one.
func (m *Main) feedImport(ctx context.Context, c *command, args []string) error {
	fl := m.flags(c)
	data := dataFlag(fl)
	asJSON := fl.Bool("json", false, "print the report as JSON")
	words, err := m.parse(fl, args, 2)
	if err != nil {
		return err
	}
	if len(words) != 2 || words[0] != "import" {
		fl.Usage()
		return errUsage
	}
	source, err := feed.ParseSource(words[1])
	if err != nil {
		return err
	}
	var bar *progress
	cfg := app.Config{DataDir: *data, Version: version, Logger: m.logger(slog.LevelWarn)}
	report, err := app.ImportFeed(ctx, cfg, source, func(done, total int) {
		if bar == nil {
			bar = m.newProgress("importing", int64(total), false)
		}
		bar.set(int64(done), "")
	})
	if bar != nil {
		bar.finish()
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", words[1], err)
	}
	if report.PubKey == "" { // nothing was begun
		return err
	}
	if *asJSON {
		out := json.NewEncoder(m.Stdout)
		out.SetEscapeHTML(false)
		return errors.Join(err, out.Encode(report))
	}
	if report.Missing > 0 {
		fmt.Fprintf(m.Stderr, "%s: %d pictures could not be had and were left out\n", report.Title, report.Missing)
	}
	fmt.Fprintln(m.Stdout, report)
	return err
}
