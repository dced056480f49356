package clock

import (
	"bytes"
	"errors"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// machine is a computer whose clock can be set.
type machine struct {
	t      *testing.T
	wall   time.Time
	uptime time.Duration
	boot   string
	file   string
	log    bytes.Buffer
}

var noon = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func newMachine(t *testing.T, wall time.Time) *machine {
	return &machine{t: t, wall: wall, boot: "first", file: filepath.Join(t.TempDir(), "clock.json")}
}

func (m *machine) open(newest Stored) *Clock {
	started := m.uptime
	return Open(Config{
		File: m.file, Newest: newest,
		System:  func() time.Time { return m.wall },
		Elapsed: func() time.Duration { return m.uptime - started },
		Boot:    func() Boot { return Boot{m.boot, m.uptime} },
		Logger:  slog.New(slog.NewTextHandler(&m.log, nil)),
	})
}

// run lets time go by.
func (m *machine) run(d time.Duration) { m.wall, m.uptime = m.wall.Add(d), m.uptime+d }

// restart begins a new run of the machine with its clock at wall.
func (m *machine) restart(boot string, wall time.Time) {
	m.boot, m.wall, m.uptime = boot, wall, 20*time.Second
}

func (m *machine) expect(c *Clock, want time.Time, unknown string) {
	m.t.Helper()
	if got := c.Now(); !got.Equal(want) {
		m.t.Errorf("the clock says %v, want %v", got.UTC(), want)
	}
	if got := c.Unknown(); got != unknown {
		m.t.Errorf("unknown because %q, want %q", got, unknown)
	}
}

func (m *machine) set(c *Clock, to time.Time, end uint64) {
	m.t.Helper()
	if err := c.Set(to, end); err != nil {
		m.t.Fatal(err)
	}
}

func at(received time.Time) Stored { return Stored{received, 1000} }

func TestTheMachineIsBelieved(t *testing.T) {
	m := newMachine(t, noon)
	c := m.open(at(noon.Add(-time.Hour)))
	m.expect(c, noon, "")
	m.run(time.Minute)
	m.expect(c, noon.Add(time.Minute), "")
	m.wall = m.wall.AddDate(0, 5, 0) // a time server was reached
	m.expect(c, m.wall, "")
	if m.log.Len() > 0 {
		t.Errorf("said without need: %s", m.log.String())
	}
}

func TestBeginningIn1970(t *testing.T) {
	boot := time.Unix(20, 0)
	m := newMachine(t, boot)
	c := m.open(Stored{}) // a node's very first start
	m.expect(c, boot, tooEarly)
	m.run(time.Hour)
	m.expect(c, boot.Add(time.Hour), tooEarly)
	if strings.Count(m.log.String(), "does not know the time") != 1 {
		t.Errorf("the node's log: %s", m.log.String())
	}

	m.restart("second", boot)
	c = m.open(at(boot.Add(time.Hour)))
	m.expect(c, boot.Add(time.Hour), tooEarly)

	// Later, with mail from better days: time goes on behind it, at full speed.
	m.restart("third", boot)
	c = m.open(at(noon))
	m.expect(c, noon, tooEarly)
	m.run(time.Hour)
	m.expect(c, noon.Add(time.Hour), tooEarly)

	// Then a time server answers.
	m.wall = noon.AddDate(0, 0, 3)
	m.expect(c, m.wall, "")
	if !strings.Contains(m.log.String(), "knows the time again") {
		t.Errorf("the node's log: %s", m.log.String())
	}
}

func TestTimeNeverRunsBack(t *testing.T) {
	m := newMachine(t, noon)
	c := m.open(at(noon))
	m.wall = m.wall.Add(-9 * time.Hour)
	m.expect(c, noon, behind)
	last := c.Now()
	for range 20 * 60 {
		m.run(time.Minute)
		now := c.Now()
		if now.Before(last) {
			t.Fatalf("%v after %v", now, last)
		}
		last = now
	}
	// At half speed, nine hours take eighteen.
	m.expect(c, m.wall, "")

	m.wall = m.wall.Add(-time.Minute)
	m.expect(c, last, "") // as clocks differ
}

// TestRandomClocks sets the machine's clock to and fro, within the years that are believed and outside them.
func TestRandomClocks(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 0))
		m := newMachine(t, noon)
		c := m.open(at(noon))
		last := c.Now()
		for range 200 {
			switch random.IntN(6) {
			case 0:
				m.wall = m.wall.Add(time.Duration(random.Int64N(int64(40*time.Hour))) - 20*time.Hour)
			case 1:
				m.wall = time.Date(1970+random.IntN(120), 1, 1, 0, 0, 0, 0, time.UTC)
			case 2:
				m.wall = noon.Add(m.uptime)
			default:
				m.run(time.Duration(random.Int64N(int64(time.Hour))))
			}
			now := c.Now()
			if now.Before(last) || now.After(latest.Add(200*time.Hour)) {
				t.Fatalf("seed %d: %v after %v, with the machine's at %v", seed, now, last, m.wall)
			}
			last = now
		}
		// Whatever there was, an operator's word mends it.
		m.wall = noon.Add(m.uptime)
		m.set(c, m.wall, 5000)
		m.expect(c, m.wall, "")
	}
}

func TestMadYears(t *testing.T) {
	mad := time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC)
	m := newMachine(t, noon)
	c := m.open(at(noon))
	m.wall = mad
	m.run(time.Minute)
	m.expect(c, noon.Add(time.Minute), tooLate)
	m.wall = noon.Add(2 * time.Minute)
	m.expect(c, m.wall, "")

	m = newMachine(t, mad)
	c = m.open(Stored{})
	m.expect(c, earliest, tooLate)
	m.run(time.Minute)
	m.expect(c, earliest.Add(time.Minute), tooLate)
}

func TestAnOperatorSetsTheClock(t *testing.T) {
	boot := time.Unix(20, 0)
	m := newMachine(t, boot)
	c := m.open(Stored{})
	m.set(c, noon, 5000)
	m.expect(c, noon, "")
	if got := c.Offset(); got != noon.Sub(boot) {
		t.Errorf("ahead by %v", got)
	}
	m.run(time.Hour)
	m.expect(c, noon.Add(time.Hour), "")

	// The program is started anew: the machine still has the same wrong time.
	c = m.open(at(noon))
	m.expect(c, noon.Add(time.Hour), "")

	// A time server is reached: the setting does not push the time into 2083.
	right := noon.Add(2 * time.Hour)
	m.wall = right
	m.expect(c, right, "")
	c = m.open(at(noon))
	m.expect(c, right, "")

	// And in 1970 again: the setting is worth no more than what was stored.
	m.restart("second", boot)
	c = m.open(at(right))
	m.expect(c, right, tooEarly)
}

func TestAClockThatGoesOnWrongly(t *testing.T) {
	wrong := noon.AddDate(13, 0, 0) // what a worn-out battery left
	m := newMachine(t, wrong)
	c := m.open(Stored{})
	m.expect(c, wrong, "") // nobody can know better
	m.run(time.Minute)
	m.set(c, noon, 5000)
	m.expect(c, noon, "")

	// Restarts: what was stored before the setting does not count, what came later does.
	c = m.open(Stored{wrong, 4000})
	m.expect(c, noon, "")
	m.run(time.Hour)
	m.expect(c, noon.Add(time.Hour), "")
	m.set(c, noon.Add(2*time.Hour), 5000)
	c = m.open(Stored{wrong, 4000})
	m.expect(c, noon.Add(2*time.Hour), "")

	// After a night without power the same clock, as wrong as before, is good for a guess.
	m.restart("second", m.wall.Add(10*time.Hour))
	c = m.open(Stored{noon.Add(2 * time.Hour), 6000})
	m.expect(c, noon.Add(12*time.Hour), restarted)
	m.set(c, noon.Add(12*time.Hour), 7000)
	m.expect(c, noon.Add(12*time.Hour), "")

	// After another the battery has been changed and the clock set right.
	m.restart("third", noon.Add(24*time.Hour))
	c = m.open(Stored{noon.Add(12 * time.Hour), 7000})
	m.expect(c, noon.Add(24*time.Hour), "")
}

func TestSettingTheClockBack(t *testing.T) {
	m := newMachine(t, noon.Add(9*time.Hour)) // local time taken for the world's
	c := m.open(at(noon.Add(9 * time.Hour)))
	m.set(c, noon, 5000)
	m.expect(c, noon, "")
	m.set(c, noon.Add(-time.Minute), 5000) // not worth turning back
	m.expect(c, noon, "")
	m.run(4 * time.Minute)
	m.expect(c, noon.Add(3*time.Minute), "")
}

func TestImplausibleSettings(t *testing.T) {
	m := newMachine(t, noon)
	c := m.open(Stored{})
	for _, year := range []int{1970, 2025, 2052, 9999} {
		if err := c.Set(time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC), 0); !errors.Is(err, ErrImplausible) {
			t.Errorf("%d: %v", year, err)
		}
	}
	m.expect(c, noon, "")
}

func TestTheMachinesOwnClock(t *testing.T) {
	c := Open(Config{File: filepath.Join(t.TempDir(), "clock.json"), Logger: slog.New(slog.DiscardHandler)})
	before := time.Now()
	now := c.Now()
	if after := time.Now(); now.Before(before) || now.After(after) || now.Location() != time.Local {
		t.Errorf("%v is not between %v and %v", now, before, after)
	}
	if boot := thisBoot(); runtime.GOOS == "linux" && (boot.ID == "" || boot.Uptime <= 0) {
		t.Errorf("this run of the machine: %+v", boot)
	}
}
