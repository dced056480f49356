package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"madang/internal/account"
	"madang/internal/app"
)

// unservedURL is where a node is that has not served yet, by the defaults of serve.
const unservedURL = "http://localhost:8080"

// invite prints a link that lets someone in. It works beside a running node, which reads the invite when it is used.
func (m *Main) invite(ctx context.Context, c *command, args []string) error {
	fl := m.flags(c)
	data := dataFlag(fl)
	roleName := fl.String("role", "member", "what the invited will be: member, editor or operator")
	uses := fl.Int("uses", 1, fmt.Sprintf("how many may join by the link, 1 to %d", account.MaxInviteUses))
	days := fl.Int("days", int(account.DefaultInviteLife.Hours()/24), "how many days the link is good for, 1 to 365")
	qr := fl.Bool("qr", false, "show the link as a QR code even where stdout is no terminal")
	if _, err := m.parse(fl, args, 0); err != nil {
		return err
	}
	role, ok := account.ParseRole(*roleName)
	switch {
	case !ok:
		return fmt.Errorf("--role %q is not member, editor or operator", *roleName)
	case *uses < 1 || *uses > account.MaxInviteUses:
		return fmt.Errorf("--uses %d is not 1 to %d", *uses, account.MaxInviteUses)
	case *days < 1 || *days > 365:
		return fmt.Errorf("--days %d is not 1 to 365", *days)
	}
	if err := mustHoldNode(*data); err != nil {
		return err
	}
	base, err := app.LastURL(*data)
	if err != nil {
		return err
	}
	if base == "" {
		base = unservedURL
	}
	now, err := app.NodeTime(ctx, app.Config{DataDir: *data, Logger: m.logger(slog.LevelError)})
	if err != nil {
		return err
	}
	expires := now.AddDate(0, 0, *days)
	code, err := account.CreateInvite(*data, account.Invite{Role: role, Uses: *uses, Expires: expires}, now)
	if err != nil {
		return err
	}
	link := account.InviteLink(base, code)
	fmt.Fprintln(m.Stdout, link)
	if *qr || isTerminal(m.Stdout) {
		showQR(m.Stdout, link)
	}
	people := "one person"
	if *uses > 1 {
		people = fmt.Sprintf("%d people", *uses)
	}
	fmt.Fprintf(m.Stderr, "It lets %s in as %s, until %s.\n", people, role, expires.Format(time.DateOnly))
	if hint := phonesHint(base); hint != "" {
		fmt.Fprintln(m.Stderr, hint)
	}
	return nil
}
