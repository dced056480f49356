package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"madang/internal/account"
	"madang/internal/app"
	"madang/internal/demo"
	"madang/internal/nostr"
	"madang/internal/policy"
)

// TestDemoSparesALivedInNode has one member on the node; that a fresh one is filled, package demo tests.
func TestDemoSparesALivedInNode(t *testing.T) {
	dir := t.TempDir()
	node, err := app.Open(t.Context(), app.Config{DataDir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := runCommand(t, "demo", "--data", dir); code != exitFailed || !strings.Contains(stderr, "another madang") {
		t.Errorf("beside an open node: exit %d, %q", code, stderr)
	}
	code, err := node.Accounts.CreateInvite(account.Invite{Role: policy.Operator})
	if err != nil {
		t.Fatal(err)
	}
	sk, err := nostr.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	request := &nostr.Event{
		Kind: nostr.KindJoin, CreatedAt: time.Now().Unix(), Tags: nostr.Tags{{"-"}, {"claim", code}},
	}
	if err := request.Sign(sk); err != nil {
		t.Fatal(err)
	}
	if _, err := node.Accounts.JoinByEvent(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if err := node.Close(); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := runCommand(t, "demo", "--data", dir); code != exitFailed || !strings.Contains(stderr, "has members already") {
		t.Errorf("exit %d, %q", code, stderr)
	}
}

func TestDemoTellsHowToLogIn(t *testing.T) {
	var out, errs bytes.Buffer
	m := &Main{Stdout: &out, Stderr: &errs}
	m.tellOfVillage(demo.Result{
		People:   []demo.Person{{Name: "Grace Okoro", Passphrase: "library window", Role: "operator"}},
		Messages: 2, Articles: 3, NoVideos: "ffmpeg is not installed",
	}, "/srv/village")
	for _, want := range []string{
		"people 1, messages 2, articles 3, videos 0", "for trying only",
		"Grace Okoro (operator)\n      library window\n", "madang serve --data /srv/village",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
	if !strings.Contains(errs.String(), "ffmpeg is not installed") {
		t.Errorf("stderr: %q", errs.String())
	}
}
