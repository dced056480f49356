package eventlog_test

import (
	"fmt"
	"testing"

	"madang/internal/durable"
	"madang/internal/durable/durabletest"
	"madang/internal/eventlog"
	"madang/internal/eventlog/eventlogtest"
	"madang/internal/verify"
)

// TestErasingJournal: what a damaged or hostile journal says touches no record but one that fits it.
func TestErasingJournal(t *testing.T) {
	fs := durabletest.New()
	l := mustOpen(t, fs, "log")
	s := stored{acked: map[eventlog.Position]verify.Event{}}
	s.tried = eventlogtest.Events(t, 8)
	positions, err := l.Append(s.tried, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, pos := range positions {
		s.acked[pos] = s.tried[i]
	}
	l.Close()
	first, length := positions[0], len(s.tried[0].JSON())
	line := func(pos eventlog.Position, length int, left string) string {
		return fmt.Sprintf(`{"position":%d,"length":%d,"received":1,"left":%q}`, pos, length, left)
	}
	const erased, groupStart = 1 << 24, 1 << 31
	for _, journal := range []string{
		"", "{", "[", "null", "[null]", "[{}]", `[{"position":-1}]`,
		"[" + line(0, length|erased|groupStart, "") + "]",
		"[" + line(first+1, length|erased|groupStart, "") + "]",
		"[" + line(positions[7]+1, length|erased, "") + "]",
		"[" + line(1<<60, length|erased, "") + "]",
		"[" + line(first, length|erased, "") + "]",                // it does start a group
		"[" + line(first, (length+1)|erased|groupStart, "") + "]", // it is shorter
		"[" + line(first, 0|erased|groupStart, "") + "]",
		"[" + line(first, length|erased|groupStart, string(make([]byte, length+1))) + "]",
		"[" + line(first, length|groupStart, "") + "]", // it is not erased by that
	} {
		if err := durable.WriteFile(fs, "log/erasing.json", []byte(journal), 0o600); err != nil {
			t.Fatal(err)
		}
		l := mustOpen(t, fs, "log")
		s.check(t, l)
		l.Close()
		if len(fs.Sizes(".json")) > 0 {
			t.Errorf("%s stays", journal)
		}
	}
	journal := "[" + line(first, length|erased|groupStart, "x") + "]"
	if err := durable.WriteFile(fs, "log/erasing.json", []byte(journal), 0o600); err != nil {
		t.Fatal(err)
	}
	s.asked, s.erased = map[eventlog.Position]string{first: "x"}, map[eventlog.Position]bool{first: true}
	s.check(t, mustOpen(t, fs, "log"))
}
