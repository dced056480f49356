// Command madang runs a node and looks after its data. Each subcommand has a file of its own and a line in commands.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"

	"golang.org/x/term"

	"madang/internal/config"
)

// version is set when a release is built.
var version = "dev"

func main() { os.Exit(run()) }

// run is main with an exit code. The first signal asks the command to end; a second one ends it at once.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	context.AfterFunc(ctx, stop)
	m := &Main{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	return m.Run(ctx, os.Args[1:])
}

// Main is the program, apart from the process that it runs in.
type Main struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// command is one subcommand.
type command struct {
	name  string
	args  string // after the name, for help
	short string // one line
	run   func(m *Main, ctx context.Context, c *command, args []string) error
}

// commands are in the order of help.
func commands() []command {
	return []command{
		{"serve", "[flags]", "run a node", (*Main).serve},
		{"import", "[FILE|-] [flags]", "take in events from JSON lines", (*Main).importEvents},
		{"export", "[FILE|-] [flags]", "write all events as JSON lines", (*Main).exportEvents},
		{"invite", "[flags]", "make a link that lets someone in", (*Main).invite},
		{"feed", "import FILE|URL [flags]", "take in an RSS, Atom or JSON feed as articles", (*Main).feedImport},
		{"sync", "ws://HOST:PORT/ [flags]", "exchange public events with another node", (*Main).syncPeer},
		{"demo", "[flags]", "fill a fresh node with a village, for trying", (*Main).demo},
		{"config", "[flags]", "print the limits that config.toml may set, as they are now", (*Main).config},
		{"fsck", "[flags]", "check everything that a data directory holds", (*Main).fsck},
		{"version", "", "print the version", (*Main).version},
	}
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// errUsage is returned when a command was called in a wrong way, and has said so.
var errUsage = errors.New("wrong usage")

// Run runs one subcommand and returns the exit code.
func (m *Main) Run(ctx context.Context, args []string) int {
	if len(args) == 0 {
		m.help(m.Stderr)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		if len(args) == 1 {
			m.help(m.Stdout)
			return exitOK
		}
		args = []string{args[1], "-h"}
	case "-version", "--version":
		args = []string{"version"}
	}
	for _, c := range commands() {
		if c.name != args[0] {
			continue
		}
		switch err := c.run(m, ctx, &c, args[1:]); {
		case err == nil, errors.Is(err, flag.ErrHelp):
			return exitOK
		case errors.Is(err, errUsage):
			return exitUsage
		default:
			fmt.Fprintf(m.Stderr, "madang %s: %v\n", c.name, err)
			if _, ok := errors.AsType[*config.Error](err); ok {
				return exitUsage
			}
			if text := advice(err); text != "" {
				fmt.Fprintln(m.Stderr, text)
			}
			return exitFailed
		}
	}
	fmt.Fprintf(m.Stderr, "madang: there is no command %q; see madang help\n", args[0])
	return exitUsage
}

func (m *Main) help(w io.Writer) {
	fmt.Fprint(w, "Madang is an intranet for people who have no Internet: messages, news and videos from one program.\n\n"+
		"Usage: madang COMMAND [flags]\n\n")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(table, "  %s\t%s\n", strings.TrimSpace(c.name+" "+c.args), c.short)
	}
	table.Flush()
	fmt.Fprint(w, "\nmadang help COMMAND tells its flags.\n")
}

func (m *Main) version(_ context.Context, c *command, args []string) error {
	if _, err := m.parse(m.flags(c), args, 0); err != nil {
		return err
	}
	fmt.Fprintln(m.Stdout, "madang", version)
	return nil
}

// flags returns an empty set of flags for a command.
func (m *Main) flags(c *command) *flag.FlagSet {
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(m.Stderr)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "Usage: madang %s\n\n%s.\n", strings.TrimSpace(c.name+" "+c.args), sentence(c.short))
		any := false
		fs.VisitAll(func(*flag.Flag) { any = true })
		if any {
			fmt.Fprintln(fs.Output(), "\nFlags:")
			fs.PrintDefaults()
		}
	}
	return fs
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// dataFlag adds --data, which every command that touches a node has.
func dataFlag(fs *flag.FlagSet) *string {
	return fs.String("data", "./data", "the node's data `directory`")
}

// parse reads flags before, between and after at most max other arguments, which it returns.
func (m *Main) parse(fs *flag.FlagSet, args []string, max int) ([]string, error) {
	var others []string
	for {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, errUsage // fs has told what is wrong
		}
		rest := fs.Args()
		if ended := len(args) - len(rest); ended > 0 && args[ended-1] == "--" {
			others, rest = append(others, rest...), nil
		}
		if len(rest) == 0 {
			break
		}
		others, args = append(others, rest[0]), rest[1:]
	}
	if len(others) > max {
		fmt.Fprintf(m.Stderr, "madang %s: too many arguments: %s\n", fs.Name(), strings.Join(others[max:], " "))
		return nil, errUsage
	}
	return others, nil
}

// logger logs to stderr: from info on, or from warn on for commands that have their own output.
func (m *Main) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(m.Stderr, &slog.HandlerOptions{Level: level}))
}

// isTerminal reports whether a person looks at w.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
