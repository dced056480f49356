// Package bench measures a madang program from outside: it makes events, has the program import them, and speaks with
// it over WebSocket as clients do. What it finds is one table: each figure beside its target, and beside what this
// machine itself needs for the part of it that nobody can leave out.
//
// Figures that speak of CPU are the server process's own time, user and system. So they hold on a machine that is busy
// with other things, the client among them; waits do not.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"madang/internal/bench/dataset"
)

// Config of a run.
type Config struct {
	Program string // the madang to measure; empty: what the sources in this directory make
	Events  int    // stored before the server is measured
	Cache   string // directory where made events are kept
	// Store is a data directory to keep the imported events in for the next run, which then does not import again. It is
	// only ever copied. Empty: none.
	Store    string
	Temp     string    // where a directory for the run is made
	Keep     bool      // do not remove it at the end
	Only     []string  // names of Groups; empty: all
	Progress io.Writer // lines on what goes on
}

// group is one part of the table.
type group struct {
	name, title string
	stored      bool          // it wants the events in a node, at rest
	limit       time.Duration // after which it is given up
	measure     func(*run, context.Context) error
}

// storing is how long the events may take to get into a node, and the search index to catch up with them.
const storing = 2 * time.Hour

func groups() []group {
	return []group{
		{"import", "madang import", false, storing, (*run).importing},
		{"search", "Search index, in the background", true, time.Minute, (*run).searching},
		{"start", "Start", true, 10 * time.Minute, (*run).starting},
		{"req", "REQ, 8 clients", true, 5 * time.Minute, (*run).queries},
		{"neg", "NIP-77, a peer that has none", true, 5 * time.Minute, (*run).negentropy},
		{"event", "EVENT until OK", true, 5 * time.Minute, (*run).publishing},
		{"fanout", "Fan-out", true, 10 * time.Minute, (*run).fanOut},
		{"inbox", "Each inbox its own wraps", true, 5 * time.Minute, (*run).inboxes},
		{"slow", "A slow reader", true, 5 * time.Minute, (*run).slowReader},
		{"idle", "Idle connections", false, 5 * time.Minute, (*run).idle},
		{"deflate", "permessage-deflate", true, 10 * time.Minute, (*run).deflate},
	}
}

// Groups are the names that Config.Only may have.
func Groups() []string {
	var names []string
	for _, g := range groups() {
		names = append(names, g.name)
	}
	return names
}

// Table is what a run has found.
type Table struct{ table }

// Write prints it for a terminal.
func (t *Table) Write(w io.Writer) error { return t.write(w) }

// Markdown writes it as a page.
func (t *Table) Markdown(w io.Writer) error { return t.markdown(w) }

// Failed tells how many measurements broke off. A missed target is no failure.
func (t *Table) Failed() int {
	n := 0
	for _, r := range t.rows {
		if r.failed != nil {
			n++
		}
	}
	return n
}

// run is one run under way.
type run struct {
	cfg     Config
	dir     string // of the run
	stored  stored
	live    *pool // nil until the first are wanted
	machine machine
	table   Table

	group    string    // the title of what is being measured
	data     string    // the data directory with the events; empty: not yet
	ready    bool      // data was asked for
	unready  error     // and why it cannot be had
	searched *spent    // what the search index took to catch up; nil where it has not, or did in an earlier run
	servers  int       // started so far
	ends     []float64 // seconds that each took to end
}

// Run measures. A measurement that breaks off is a row of the table that says so. When ctx ends, the table has what was
// measured until then; with any other error there is none.
func Run(ctx context.Context, cfg Config) (t *Table, err error) {
	for _, name := range cfg.Only {
		if !slices.Contains(Groups(), name) {
			return nil, fmt.Errorf("there is no group %q: there are %s", name, strings.Join(Groups(), ", "))
		}
	}
	r := &run{cfg: cfg}
	if r.dir, err = os.MkdirTemp(cfg.Temp, "madang-bench-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.clear()) }()
	if cfg.Program == "" {
		r.cfg.Program = filepath.Join(r.dir, "madang")
		if err := build(ctx, r.cfg.Program, cfg.Progress); err != nil {
			return nil, err
		}
	}
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	for _, g := range groups() {
		if len(cfg.Only) > 0 && !slices.Contains(cfg.Only, g.name) {
			continue
		}
		r.group = g.title
		r.say("measuring %s", g.name)
		if err := r.one(ctx, g); err != nil && ctx.Err() == nil {
			r.say("%s: %v", g.name, err)
			r.add(row{what: g.name, failed: err})
		}
		if ctx.Err() != nil {
			return &r.table, ctx.Err()
		}
	}
	r.addEnds()
	return &r.table, nil
}

func (r *run) one(ctx context.Context, g group) error {
	if g.stored {
		if err := r.store(ctx); err != nil {
			return err
		}
	}
	return within(ctx, g.limit, func(ctx context.Context) error { return g.measure(r, ctx) })
}

// addEnds tells how long servers took to end, whatever they had done.
func (r *run) addEnds() {
	if len(r.ends) == 0 {
		return
	}
	r.group = "End"
	r.add(row{
		what: "from SIGTERM until it is gone, the longest", unit: seconds, figure: slices.Max(r.ends), target: 5,
		note: fmt.Sprintf("of %d; p50: %s", len(r.ends), seconds.format(median(r.ends))),
	})
}

// clear removes what the run has written.
func (r *run) clear() error {
	if r.cfg.Keep {
		r.say("all that was written is in %s", r.dir)
		return nil
	}
	return os.RemoveAll(r.dir)
}

func within(ctx context.Context, limit time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done within %v", limit))
	defer cancel()
	err := f(ctx)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return err
}

// prepare reads the events that will be stored, making what is lacking, and measures the machine.
func (r *run) prepare(ctx context.Context) error {
	name, err := r.events().File(ctx, dataset.Stored, r.cfg.Events)
	if err != nil {
		return fmt.Errorf("making events: %w", err)
	}
	if r.stored, err = readStored(name, r.cfg.Events); err != nil {
		return err
	}
	if r.machine, err = measureMachine(ctx, r.dir); err != nil {
		return err
	}
	r.describe()
	return nil
}

func (r *run) events() dataset.Cache {
	return dataset.Cache{Dir: r.cfg.Cache, Progress: func(made, wanted int) {
		r.say("made %d events of %d", made, wanted)
	}}
}

// describe says what was measured on what.
func (r *run) describe() {
	m := r.machine
	r.table.title = []string{
		fmt.Sprintf("%s, measured on %s, with %s events of %s on average stored before. CPU is the server's.",
			version(r.cfg.Program), time.Now().Format(time.DateOnly), thousands(fmt.Sprint(r.cfg.Events)),
			bytesOf.format(r.stored.average())),
		fmt.Sprintf("This machine: %d cores (%s); %s appends of 1 KB with a sync; %s for one signature check; %s/s copied.",
			runtime.NumCPU(), processor(), perSecond.format(1/m.sync), seconds.format(m.check), bytesOf.format(1/m.copyByte)),
	}
}

func (r *run) add(w row) {
	w.group = r.group
	r.table.add(w)
	cells := w.cells()
	r.say("  %s: %s %s", w.what, cells[1], cells[3])
}

func (r *run) say(format string, args ...any) {
	fmt.Fprintf(r.cfg.Progress, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// serve starts a server on the events, and waits until it is at rest.
func (r *run) serve(ctx context.Context) (*server, error) {
	s, err := r.serveData(ctx, r.data)
	if err != nil {
		return nil, err
	}
	if err := s.rest(ctx); err != nil {
		return nil, errors.Join(err, s.health(), s.kill())
	}
	return s, nil
}

func (r *run) serveData(ctx context.Context, data string) (*server, error) {
	r.servers++
	return startServer(ctx, r.cfg.Program, data, filepath.Join(r.dir, fmt.Sprintf("server-%d.log", r.servers)))
}

// served runs f beside a server on the events, which has ended when served returns.
func (r *run) served(ctx context.Context, f func(context.Context, *server) error) (err error) {
	s, err := r.serve(ctx)
	if err != nil {
		return err
	}
	return r.during(ctx, s, f)
}

// during runs f and ends the server. Connections that f opened with its context break before.
func (r *run) during(ctx context.Context, s *server, f func(context.Context, *server) error) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	err = f(ctx, s)
	cancel()
	if err != nil {
		return errors.Join(err, s.health(), s.kill())
	}
	return r.stop(s)
}

// stop ends a server as an operator does.
func (r *run) stop(s *server) error {
	began := time.Now()
	err := s.stop()
	r.ends = append(r.ends, time.Since(began).Seconds())
	return err
}
