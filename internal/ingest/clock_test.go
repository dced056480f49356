package ingest_test

import (
	"log/slog"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"madang/internal/hub"
	"madang/internal/ingest"
	"madang/internal/nostr"
	"madang/internal/policy"
)

func TestWithoutAClockNothingIsRefusedForItsTime(t *testing.T) {
	h := open(t, true)
	var known atomic.Bool
	in := ingest.New(ingest.Config{
		Log: h.log, Index: h.index, Hub: hub.New(), Policy: h.policy, Logger: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.Unix(now, 0) }, Known: known.Load,
	})
	defer in.Close()
	const year = 365 * 24 * 60 * 60
	events := func(content string) map[string]*nostr.Event {
		return map[string]*nostr.Event{
			"late":    signed(t, key(2), 1, now-50*year, content),
			"early":   signed(t, key(2), 1, now+50*year, content),
			"expired": signed(t, key(2), 1, now, content, nostr.Tag{"expiration", strconv.Itoa(now - 1)}),
		}
	}
	for name, e := range events("without a clock") {
		if r := in.Submit(t.Context(), e, policy.Writer{}); r != stored {
			t.Errorf("%s: %+v", name, r)
		}
	}
	known.Store(true)
	for name, e := range events("with one") {
		if r := in.Submit(t.Context(), e, policy.Writer{}); r.OK != (name == "late") {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
