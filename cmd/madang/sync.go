package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"madang/internal/app"
	"madang/internal/peer/wire"
)

// syncPeer reconciles with another relay, through the node that runs on the data directory if there is one.
func (m *Main) syncPeer(ctx context.Context, c *command, args []string) error {
	fl := m.flags(c)
	data := dataFlag(fl)
	up := fl.Bool("up", false, "only publish there what is missing there")
	down := fl.Bool("down", false, "only take in what is missing here")
	asJSON := fl.Bool("json", false, "print the report as JSON")
	words, err := m.parse(fl, args, 1)
	if err != nil {
		return err
	}
	if len(words) != 1 {
		fl.Usage()
		return errUsage
	}
	if err := wire.CheckURL(words[0]); err != nil {
		return err
	}
	both := *up == *down
	direction := app.Direction{URL: words[0], Up: *up || both, Down: *down || both}

	bar := m.newProgress("reconciling", -1, false)
	cfg := app.Config{DataDir: *data, Version: version, Logger: m.logger(slog.LevelWarn)}
	report, err := app.SyncPeer(ctx, cfg, direction, func(r wire.Report) {
		bar.set(int64(r.Received+r.Sent), r.String())
	})
	bar.finish()
	if err != nil {
		err = fmt.Errorf("%s: %w", words[0], err)
	}
	if *asJSON {
		return errors.Join(err, json.NewEncoder(m.Stdout).Encode(report))
	}
	if report.Withheld > 0 {
		fmt.Fprintf(m.Stderr, "%d events that are there were not given\n", report.Withheld)
	}
	fmt.Fprintln(m.Stdout, report)
	return err
}
