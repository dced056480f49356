// Package wire is the road between nodes that a network joins. This node is the other relay's client: it reconciles what
// both hold (NIP-77), or where the relay cannot, pages through what it has (NIP-01), takes in what is missing here, and
// publishes what is missing there. Mail does not travel by it, since another relay gives a gift wrap to nobody but its
// recipient; the other's gift wraps for members of this node are taken in where it does give them.
package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/gobwas/ws"

	"madang/internal/index"
	"madang/internal/ingest"
	"madang/internal/nostr"
	"madang/internal/policy"
)

// Config of this side.
type Config struct {
	Index    *index.Index
	Ingest   *ingest.Ingest
	Policy   *policy.Policy
	Now      func() time.Time // default time.Now
	Logger   *slog.Logger     // default slog.Default()
	Patience time.Duration    // with a relay that says nothing; default one minute
	Pause    time.Duration    // before trying again the first time, twice as long the next; default one second
}

func (cfg Config) withDefaults() Config {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Patience == 0 {
		cfg.Patience = time.Minute
	}
	if cfg.Pause == 0 {
		cfg.Pause = time.Second
	}
	return cfg
}

// Options say what is to be done.
type Options struct {
	URL    string       // of the other relay: ws:// or wss://
	Filter nostr.Filter // which events; its limit has no say
	Down   bool         // take in what is missing here
	Up     bool         // publish what is missing there
}

// Report counts events.
type Report struct {
	Received int `json:"received"` // that came and are kept
	Sent     int `json:"sent"`     // that the other side has taken
	Refused  int `json:"refused"`  // that either side has not
	Withheld int `json:"withheld"` // that the other side says to have, and did not give when asked
}

// String is the report in one line.
func (r Report) String() string {
	return fmt.Sprintf("received %d, sent %d, refused %d", r.Received, r.Sent, r.Refused)
}

const (
	dialTime    = 30 * time.Second
	maxFailures = 6                // in a row, without an event moved between them
	maxPause    = 30 * time.Second // between two of them
)

// ErrURL is wrapped by CheckURL's error.
var ErrURL = errors.New("not the address of a relay: want ws://HOST:PORT/")

// CheckURL refuses what is no address of a relay.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "" || u.User != nil {
		return fmt.Errorf("%q is %w", address, ErrURL)
	}
	return nil
}

// temporary is an error after which it is worth to connect and reconcile again: what was done before is not lost.
type temporary struct{ error }

func (t temporary) Unwrap() error { return t.error }

// Sync reconciles until both have what they are to have, or an error that trying again does not mend. Events that either
// side refuses are counted and no error. After a cut it connects again. tell, which may be nil, hears how far it is.
func Sync(ctx context.Context, cfg Config, o Options, tell func(Report)) (Report, error) {
	if err := CheckURL(o.URL); err != nil {
		return Report{}, err
	}
	p := &peer{cfg: cfg.withDefaults(), options: o, tell: tell, settled: map[nostr.ID]bool{}, unwelcome: map[sender]int{}}
	for failures := 1; ; failures++ {
		moved := p.moved()
		err := p.once(ctx)
		if err == nil || ctx.Err() != nil {
			return p.report, firstOf(ctx.Err(), err)
		}
		if p.moved() > moved {
			failures = 1
		}
		// An address where nobody answers at first is more likely wrong than cut off.
		if again := new(temporary); !errors.As(err, again) || !p.connected || failures > maxFailures {
			return p.report, err
		}
		p.cfg.Logger.Info("peer: beginning anew", "err", err)
		if err := p.pause(ctx, failures); err != nil {
			return p.report, err
		}
	}
}

func firstOf(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// peer is one Sync.
type peer struct {
	cfg       Config
	options   Options
	tell      func(Report)
	report    Report
	connected bool              // once, at least
	pages     bool              // the other side does not reconcile
	settled   map[nostr.ID]bool // events that one side refused, and is not asked to take again
	unwelcome map[sender]int    // how many events the relay refused for who they are by
}

const maxSettled = 100_000

func (p *peer) moved() int { return p.report.Received + p.report.Sent }

// refused counts an event that one side has not taken.
func (p *peer) refused(id nostr.ID) {
	p.report.Refused++
	if len(p.settled) < maxSettled {
		p.settled[id] = true
	}
}

func (p *peer) told() {
	if p.tell != nil {
		p.tell(p.report)
	}
}

// pause waits before the n-th new try.
func (p *peer) pause(ctx context.Context, n int) error {
	wait := time.NewTimer(min(p.cfg.Pause<<min(n-1, 10), maxPause))
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// once connects and goes as far as that connection carries.
func (p *peer) once(ctx context.Context) error {
	dialer := ws.Dialer{Timeout: dialTime}
	nc, buffered, _, err := dialer.Dial(ctx, p.options.URL)
	if err != nil {
		return temporary{fmt.Errorf("connecting: %w", err)}
	}
	p.connected = true
	s := &session{peer: p, ctx: ctx, conn: newConn(nc, buffered, p.cfg.Patience)}
	defer s.conn.close()
	defer context.AfterFunc(ctx, func() { nc.Close() })()

	mine, err := p.hold(ctx)
	if err != nil {
		return err
	}
	defer mine.release()
	if !p.pages {
		if err := s.reconcile(mine); !errors.Is(err, errCannotReconcile) {
			return err
		}
		p.pages = true
	}
	return s.page(mine)
}
