package clock

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// setting is what an operator's setting leaves in Config.File. Times are Unix milliseconds.
type setting struct {
	Time   int64  `json:"time"`   // what the operator said
	System int64  `json:"system"` // what the machine said
	Boot   string `json:"boot"`   // which run of the machine that was
	Uptime int64  `json:"uptime"` // milliseconds that it had run
	// Outdated is a position in the log: what stands before it was stored by a clock that ran ahead, and its time does
	// not count. 0 where the time was not turned back.
	Outdated uint64 `json:"outdated,omitempty"`
}

// recall takes up a kept setting if it still fits. In the same run of the machine it does unless the machine's clock was
// set since. A new run may have asked a time server, or have a clock that went on, as wrong as before, or begun anew in
// 1970: of what the machine says with the setting and without, the earlier counts that is not before the newest thing
// stored.
func (c *Clock) recall(s setting, system time.Time) {
	offset := time.Duration(s.Time-s.System) * time.Millisecond
	if boot := c.cfg.Boot(); boot.ID != "" && boot.ID == s.Boot {
		before := time.UnixMilli(s.System - s.Uptime)
		if system.Add(-boot.Uptime).Sub(before).Abs() <= leap {
			c.offset = offset
		}
		return
	}
	fits := func(t time.Time) bool { return plausible(t) && !t.Before(c.said.Add(-slack)) }
	with := system.Add(offset)
	if fits(with) && (with.Before(system) || !fits(system)) {
		c.offset, c.carried = offset, true
	}
}

// Boot is one run of the machine.
type Boot struct {
	ID     string        // random; "" where the system does not tell it
	Uptime time.Duration // since its start, unaffected by setting the clock
}

// thisBoot asks Linux; elsewhere nothing is known.
func thisBoot() (b Boot) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return Boot{}
	}
	uptime, err := os.ReadFile("/proc/uptime") // seconds, a space, and what does not matter here
	if err != nil {
		return Boot{}
	}
	first, _, _ := strings.Cut(string(uptime), " ")
	seconds, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return Boot{}
	}
	return Boot{ID: strings.TrimSpace(string(id)), Uptime: time.Duration(seconds * float64(time.Second))}
}
