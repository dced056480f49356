package index

import (
	"madang/internal/eventlog"
	"madang/internal/nostr"
	"madang/internal/verify"
)

// Entry is one committed event.
type Entry struct {
	Pos   eventlog.Position
	Event verify.Event
}

// Check says whether the event would be stored after those already applied: nil, or one of the errors above.
func (x *Index) Check(e *nostr.Event) error {
	return x.Stage().Check(e)
}

// Apply takes in committed events in log order: their keys, and what they replace or delete; those that Check would
// refuse are passed over. end is where the last of them ends in the log. The rules are a function of the log alone, so
// that a rebuild gives the same index.
func (x *Index) Apply(entries []Entry, end eventlog.Position) error {
	if err := x.enter(); err != nil {
		return err
	}
	defer x.users.Done()
	x.writing.Lock()
	defer x.writing.Unlock()
	s := x.Stage()
	var positions []eventlog.Position
	for _, entry := range entries {
		switch err := s.take(entry.Event.Event()); {
		case err == nil:
			positions = append(positions, entry.Pos)
		case !refusal(err):
			return err
		}
	}
	return x.commit(s, positions, end)
}
