// Package clock tells a node the time on a machine that may not know it: one that boots in 1970, was set wrongly, or is
// set anew while the node runs. docs/operating.md tells the rules in the operator's words, docs/formats.md the file.
//
//   - The time is the machine's, and goes forward with it when that is set forward.
//   - It never runs back. At a start it is no earlier than the newest thing that the node has stored. While the machine's
//     clock is behind, the node's goes on at half speed, so that the two meet again.
//   - The machine is not believed outside the years in which this program can run. Then the time goes on by itself.
//   - An operator's setting counts until somebody else sets the machine's clock. It alone can turn the time back: what
//     is stored with a later time than an operator's was stored by a clock that was wrong.
//
// As long as Unknown gives a reason, nobody should be refused because of a date, and nothing dropped.
package clock

import (
	"errors"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"madang/internal/durable"
)

const (
	// slack is how far two clocks may differ that tell the same time.
	slack = 5 * time.Minute
	// leap is what tells that a machine's clock was set from its being steered, which makes it go faster or slower.
	leap = 2 * time.Second
)

// earliest and latest bound the years in which this program can run.
var (
	earliest = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = earliest.AddDate(25, 0, 0)
)

// ErrImplausible is returned for a time at which this program cannot run.
var ErrImplausible = errors.New("the time must be after 2025 and before 2051")

// Reasons why the time is not known.
const (
	tooEarly  = "the machine's clock is in the past, before this program was made"
	tooLate   = "the machine's clock is decades in the future"
	behind    = "the machine's clock is behind the newest thing that this node has stored"
	restarted = "the machine was started anew since an operator set the clock"
)

// Stored is the newest thing that a node has stored.
type Stored struct {
	Received time.Time // zero: nothing is stored
	Position uint64    // its place in the log
}

// Config of a clock.
type Config struct {
	File    string               // where an operator's setting is kept; see docs/formats.md, 'Clock'
	Newest  Stored               // time begins there
	System  func() time.Time     // the machine's clock; default time.Now
	Elapsed func() time.Duration // goes forward evenly; default: since Open, by Go's monotonic clock
	Boot    func() Boot          // which run of the machine this is; default: Linux's word
	Logger  *slog.Logger         // default slog.Default()
}

// Clock is a node's clock. It is safe for concurrent use.
type Clock struct {
	cfg Config

	mu      sync.Mutex    // guards what follows
	said    time.Time     // the last answer
	elapsed time.Duration // when it was given
	epoch   time.Time     // where the machine's clock stood when elapsed was 0; it moves when that clock is set
	offset  time.Duration // what an operator's setting adds to the machine's clock
	carried bool          // the setting is of an earlier run of the machine
	// outdated is the position in the log before which times do not count; see setting.
	outdated uint64
	unknown  string // why the time is not known
}

// Open starts the clock. A setting that cannot be read is as none, with a line in the node's log.
func Open(cfg Config) *Clock {
	if cfg.System == nil {
		cfg.System = time.Now
	}
	if cfg.Elapsed == nil {
		start := time.Now()
		cfg.Elapsed = func() time.Duration { return time.Since(start) }
	}
	if cfg.Boot == nil {
		cfg.Boot = thisBoot
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	c := &Clock{cfg: cfg, said: cfg.Newest.Received, elapsed: cfg.Elapsed()}
	system := c.system()
	c.epoch = system.Add(-c.elapsed)
	var s setting
	switch err := durable.ReadJSON(cfg.File, &s, 4<<10); {
	case err == nil && plausible(time.UnixMilli(s.Time)):
		if c.outdated = s.Outdated; cfg.Newest.Position < c.outdated {
			c.said = time.Time{}
		}
		c.said = later(c.said, time.UnixMilli(s.Time))
		c.recall(s, system)
	case !errors.Is(err, fs.ErrNotExist):
		cfg.Logger.Warn("the clock's setting cannot be read and does not count", "error", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.look()
	return c
}

// Now is the time, in the machine's time zone.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.look()
}

// Unknown says in plain English why the time that Now tells may be wrong; "": there is no reason to think so.
func (c *Clock) Unknown() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.look()
	return c.unknown
}

// Known reports whether Unknown has nothing to say.
func (c *Clock) Known() bool { return c.Unknown() == "" }

// Offset is how far the node's time is ahead of the machine's clock.
func (c *Clock) Offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.look()
	return now.Sub(c.epoch.Add(c.elapsed))
}

// Set gives the clock the time that an operator tells, and keeps it. end is where the log ends: if the time must be
// turned back, by more than clocks differ, the times of what the log has so far count no longer.
func (c *Clock) Set(t time.Time, end uint64) error {
	if !plausible(t) {
		return ErrImplausible
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	back := t.Before(c.look().Add(-slack))
	system, boot := c.epoch.Add(c.elapsed), c.cfg.Boot()
	s := setting{
		Time: t.UnixMilli(), System: system.UnixMilli(), Boot: boot.ID, Uptime: boot.Uptime.Milliseconds(),
		Outdated: c.outdated,
	}
	if back {
		s.Outdated = end
	}
	if err := durable.WriteJSON(c.cfg.File, s, 0o600); err != nil {
		return err
	}
	if back {
		c.said = t
	}
	c.offset, c.carried, c.outdated = t.Sub(system), false, s.Outdated
	c.cfg.Logger.Info("an operator has set the node's clock", "ahead of the machine's", c.offset.Round(time.Second))
	c.look()
	return nil
}

// look reads the machine's clock and returns the time. c.mu is held.
func (c *Clock) look() time.Time {
	system, elapsed := c.system(), c.cfg.Elapsed()
	epoch, passed := system.Add(-elapsed), elapsed-c.elapsed
	if epoch.Sub(c.epoch).Abs() > leap && c.offset != 0 {
		c.cfg.Logger.Info("the machine's clock has been set: it counts again")
		c.offset, c.carried = 0, false
	}
	c.epoch, c.elapsed = epoch, elapsed

	told := system.Add(c.offset)
	unknown := ""
	switch own := c.said.Add(passed); {
	case told.Before(earliest):
		c.said, unknown = later(own, told), tooEarly
	case told.After(latest):
		c.said, unknown = later(own, earliest), tooLate
	default:
		if told.Before(own.Add(-slack)) {
			unknown = behind
		} else if c.carried {
			unknown = restarted
		}
		c.said = later(told, c.said.Add(passed/2))
	}
	c.tell(unknown)
	return c.said.In(system.Location())
}

// system is the machine's clock without the monotonic reading that time.Now adds, by which a difference of two would not
// show that the clock was set in between.
func (c *Clock) system() time.Time { return c.cfg.System().Round(0) }

// tell makes a line in the node's log when the time is no longer known, or is again.
func (c *Clock) tell(unknown string) {
	if unknown == c.unknown {
		return
	}
	c.unknown = unknown
	if unknown == "" {
		c.cfg.Logger.Info("the node knows the time again")
		return
	}
	c.cfg.Logger.Warn("the node does not know the time: nothing is refused or dropped because of a date. "+
		"Operators are asked in the app to set the clock", "why", unknown)
}

func plausible(t time.Time) bool { return !t.Before(earliest) && !t.After(latest) }

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
