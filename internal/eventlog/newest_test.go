package eventlog_test

import (
	"testing"

	"madang/internal/durable/durabletest"
	"madang/internal/eventlog/eventlogtest"
)

func TestNewest(t *testing.T) {
	fs := durabletest.New()
	l := mustOpen(t, fs, "log")
	if _, _, ok, err := l.Newest(t.Context()); ok || err != nil {
		t.Errorf("of an empty log: %v, %v", ok, err)
	}
	events := eventlogtest.Events(t, 12) // some segments full
	for i := range events {
		positions, err := l.Append(events[i:i+1], int64(1000+i))
		if err != nil {
			t.Fatal(err)
		}
		pos, received, ok, err := l.Newest(t.Context())
		if pos != positions[0] || received != int64(1000+i) || !ok || err != nil {
			t.Fatalf("after event %d at %d: %d, %d, %v, %v", i, positions[0], pos, received, ok, err)
		}
	}
	last, _, _, _ := l.Newest(t.Context())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if pos, received, ok, err := mustOpen(t, fs, "log").Newest(t.Context()); pos != last || received != 1011 || !ok || err != nil {
		t.Errorf("after a restart: %d, %d, %v, %v", pos, received, ok, err)
	}
}
