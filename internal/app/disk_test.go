package app

import (
	"bytes"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"madang/internal/blob"
)

func TestTheDiskIsWatched(t *testing.T) {
	var log bytes.Buffer
	var free int64
	var failure error
	d := diskWatch{
		free:   func() (int64, error) { return free, failure },
		logger: slog.New(slog.NewTextHandler(&log, nil)),
	}
	for _, step := range []struct {
		free       int64
		err        error
		full, room int // lines so far
	}{
		{blob.Reserve, nil, 0, 0},
		{blob.Reserve - 1, nil, 1, 0},
		{0, nil, 1, 0},
		{0, syscall.EIO, 1, 0},
		{blob.Reserve * 2, nil, 1, 1},
		{blob.Reserve * 2, nil, 1, 1},
		{1, nil, 2, 1},
	} {
		free, failure = step.free, step.err
		d.look()
		full, room := strings.Count(log.String(), "nearly full"), strings.Count(log.String(), "room again")
		if full != step.full || room != step.room {
			t.Errorf("with %d bytes free: %d and %d lines, want %d and %d", step.free, full, room, step.full, step.room)
		}
	}
}
