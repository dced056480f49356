// Command bench measures a madang program and prints one table; see package bench.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"madang/internal/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	cfg := bench.Config{Progress: progress}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.IntVar(&cfg.Events, "events", 1_000_000, "how many events are stored; a multiple of 1000 is made")
	fs.StringVar(&cfg.Program, "madang", "", "`program` to measure; default: what this directory's sources build")
	fs.StringVar(&cfg.Cache, "cache", os.Getenv("BENCH_DIR"),
		"`directory` for made events; default $BENCH_DIR, else madang-bench in the user's cache")
	fs.StringVar(&cfg.Store, "store", "", "data `directory` to make, and to use again, instead of importing each time")
	fs.StringVar(&cfg.Temp, "temp", "", "`directory` for what a run writes; default: the system's")
	fs.BoolVar(&cfg.Keep, "keep", false, "do not remove what a run has written")
	only := fs.String("only", "", "`groups` to measure, with commas between: "+strings.Join(bench.Groups(), ","))
	md := fs.String("md", "", "`file` to write the table to as Markdown")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *only != "" {
		cfg.Only = strings.Split(*only, ",")
	}
	if cfg.Cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		cfg.Cache = filepath.Join(dir, "madang-bench")
	}
	table, err := bench.Run(ctx, cfg)
	if table == nil {
		return err
	}
	if *md != "" {
		if err := writeMarkdown(*md, table); err != nil {
			return err
		}
	}
	if err := table.Write(out); err != nil {
		return err
	}
	if n := table.Failed(); err == nil && n > 0 {
		return fmt.Errorf("%d measurements broke off", n)
	}
	return err
}

func writeMarkdown(name string, table *bench.Table) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return table.Markdown(f)
}
