// Package eventlog keeps accepted events in the order in which this node accepted them. docs/formats.md, 'Event log',
// gives every byte.
//
// A group of events becomes durable with one write and one sync. What was acknowledged (Append returned nil) survives a
// power cut at any instant; what was not is, event by event, either whole or gone after the next Open. An event can be
// erased where it stands: nothing else moves.
package eventlog

import (
	"context"
	"errors"

	"madang/internal/durable"
	"madang/internal/verify"
)

// Position is a record's place in the log: the byte offset of its header, counted over all segments. Positions grow
// strictly.
type Position uint64

// ID names one log, at random, so that an index can tell that it belongs to another.
type ID [16]byte

// Record is one accepted event as the log holds it.
type Record struct {
	Pos      Position
	Received int64  // Unix milliseconds at which this node accepted it
	JSON     []byte // the event's wire form; of an erased record what was left in its place, which may be nothing
	Erased   bool
}

// Erasure asks for an event's bytes to be overwritten.
type Erasure struct {
	Pos  Position
	Left []byte // what stays in their place: printable text, shorter than the event; may be empty
}

var (
	// ErrCorrupt: a record before the tail does not match its CRC.
	ErrCorrupt = errors.New("event log is damaged")
	// ErrNotFound: no record begins at that position.
	ErrNotFound = errors.New("no record at that position")
	// ErrFull: the disk has no room for more; when it has again, Append goes on. It is durable.ErrFull.
	ErrFull = durable.ErrFull
	// ErrBroken: an error could not be undone, so the log takes nothing more until it is opened again.
	ErrBroken = errors.New("event log must be opened again")
	// ErrClosed: the log was closed.
	ErrClosed = errors.New("event log is closed")
)

// Log is what the index and the entrance need of a log; Files is the one on disk. All methods are safe for concurrent
// use.
type Log interface {
	// ID names the log.
	ID() ID
	// Append writes the events, makes them durable (one fsync for all) and returns each one's position. On an error
	// none of them is in the log.
	Append(events []verify.Event, received int64) ([]Position, error)
	// Read returns the record at pos.
	Read(pos Position) (Record, error)
	// Scan calls fn with each record that begins at or after from and was there when Scan was called, in order; fn's
	// JSON is valid only during the call. A damaged stretch is passed over, since what lies behind it is still good.
	Scan(ctx context.Context, from Position, fn func(Record) error) error
	// Erase overwrites events for good, where they stand: no position changes. It may be asked for again what is erased
	// already. After an error each of them is whole or erased, and of those only.
	Erase(erasures []Erasure) error
	// End is where the last record ends: every later record begins there or after it.
	End() Position
	Close() error
}
