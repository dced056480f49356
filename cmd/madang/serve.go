package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"

	"github.com/mdp/qrterminal/v3"

	"madang/internal/app"
)

func (m *Main) serve(ctx context.Context, c *command, args []string) (err error) {
	fs := m.flags(c)
	cfg := app.Config{Version: version, Logger: m.logger(slog.LevelInfo)}
	data := dataFlag(fs)
	fs.StringVar(&cfg.Listen, "listen", "localhost:8080", "`HOST:PORT` to listen on; port 0 takes a free one")
	fs.StringVar(&cfg.Name, "name", "", "what people call this node (kept for the next start)")
	fs.BoolVar(&cfg.Open, "open", false, "let any key write and upload, for labs and benchmarks")
	fs.StringVar(&cfg.PublicURL, "public-url", "", "where people reach this node, as in `http://madang.lan`")
	qr := fs.Bool("qr", false, "show the first operator's link as a QR code even where stdout is no terminal")
	if _, err := m.parse(fs, args, 0); err != nil {
		return err
	}
	cfg.DataDir = *data
	if cfg.PublicURL, err = cleanURL(cfg.PublicURL); err != nil {
		return err
	}
	node, err := app.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- node.Serve(ctx) }()
	select {
	case err := <-served:
		return err
	case <-node.Ready():
	}
	if err := m.welcome(node, *qr); err != nil {
		cancel()
		return errors.Join(err, <-served)
	}
	return <-served
}

// welcome says where the node is, and how its first operator gets in.
func (m *Main) welcome(node *app.App, qr bool) error {
	fmt.Fprintf(m.Stdout, "%s is at %s (listening on %s)\n", node.Name(), node.URL(), node.Addr())
	if hint := phonesHint(node.URL()); hint != "" {
		fmt.Fprintln(m.Stdout, hint)
	}
	if !node.Media.Available() {
		fmt.Fprintln(m.Stdout, "Videos cannot be prepared for phones, as ffmpeg is missing; all else works. "+
			"On Debian and Ubuntu: apt-get install ffmpeg")
	}
	link, err := node.FirstInvite()
	if err != nil || link == "" {
		return err
	}
	fmt.Fprintf(m.Stdout, "\nNobody has joined yet. The first operator joins by this link:\n\n  %s\n\n", link)
	if qr || isTerminal(m.Stdout) {
		showQR(m.Stdout, link)
	}
	return nil
}

// showQR draws a QR code with half blocks, light on dark as most terminals are, and as any terminal is told to be: many
// cameras read no code whose colours are turned round.
func showQR(w io.Writer, text string) {
	var code strings.Builder
	qrterminal.GenerateWithConfig(text, qrterminal.Config{
		Level: qrterminal.L, Writer: &code, HalfBlocks: true, QuietZone: 2,
		BlackChar: qrterminal.BLACK_BLACK, BlackWhiteChar: qrterminal.BLACK_WHITE,
		WhiteChar: qrterminal.WHITE_WHITE, WhiteBlackChar: qrterminal.WHITE_BLACK,
	})
	begin, end := "", ""
	if isTerminal(w) {
		begin, end = "\x1b[97;40m", "\x1b[0m"
	}
	for line := range strings.Lines(code.String()) {
		fmt.Fprintf(w, "%s%s%s\n", begin, strings.TrimSuffix(line, "\n"), end)
	}
}

// cleanURL checks an address that people are to reach the node by.
func cleanURL(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("--public-url %q is not like http://HOST or https://HOST:PORT", s)
	}
	return u.Scheme + "://" + u.Host, nil
}
