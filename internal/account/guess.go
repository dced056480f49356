package account

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"madang/internal/neighbour"
)

// How guesses at passphrases are slowed. A name waits after few misses; an address after more, because a school's
// computers may share one. Both forget within an hour of the last miss.
const (
	freeMissesName = 5
	freeMissesAddr = 20
	firstWait      = time.Second // doubles with each miss
	longestWait    = 15 * time.Minute
	forgetAfter    = 50 * time.Minute // and a sweep comes every ten: within the hour

	// All guesses together; this also bounds what an hour's misses take in memory (under 80,000 entries).
	guessesPerSecond = 20
	guessesAtOnce    = 200
)

// TooManyGuesses is returned when a name or an address has to wait.
type TooManyGuesses struct{ RetryAfter time.Duration }

func (e *TooManyGuesses) Error() string {
	return "too many wrong guesses, wait " + e.RetryAfter.Round(time.Second).String()
}

// guesses counts misses, in memory only: addresses are never written anywhere.
type guesses struct {
	all *rate.Limiter

	mu    sync.Mutex // guards what follows
	names map[string]misses
	addrs map[string]misses
	swept time.Time
}

type misses struct {
	count int
	last  time.Time // of the last miss
	until time.Time // no guess is looked at before
}

func newGuesses() *guesses {
	return &guesses{
		all:   rate.NewLimiter(guessesPerSecond, guessesAtOnce),
		names: map[string]misses{},
		addrs: map[string]misses{},
	}
}

// allow says whether a guess may be looked at now; if not, it fails with *TooManyGuesses.
func (g *guesses) allow(name, addr string, now time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sweep(now)
	wait := max(g.names[name].until.Sub(now), g.addrs[addrKey(addr)].until.Sub(now))
	if wait > 0 {
		return &TooManyGuesses{RetryAfter: wait}
	}
	if !g.all.AllowN(now, 1) {
		return &TooManyGuesses{RetryAfter: time.Second}
	}
	return nil
}

// missed counts a wrong guess.
func (g *guesses) missed(name, addr string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	miss(g.names, name, freeMissesName, now)
	if key := addrKey(addr); key != "" {
		miss(g.addrs, key, freeMissesAddr, now)
	}
}

// hit forgets the name's misses. The address keeps its own: whoever has one account could clear them at will.
func (g *guesses) hit(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.names, name)
}

func miss(of map[string]misses, key string, free int, now time.Time) {
	m := of[key]
	m.count++
	m.last = now
	if over := m.count - free; over >= 0 {
		wait := longestWait
		if over < 10 { // 1 s << 10 is longer than longestWait
			wait = min(firstWait<<over, longestWait)
		}
		m.until = now.Add(wait)
	}
	of[key] = m
}

// Sweep forgets whose guesses missed long ago. Call it every ten minutes, so that no address stays longer than an hour.
func (a *Accounts) Sweep() {
	g := a.guesses
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sweep(a.cfg.Now())
}

// sweep forgets old misses, at most once a minute.
func (g *guesses) sweep(now time.Time) {
	if now.Sub(g.swept) < time.Minute && !now.Before(g.swept) {
		return
	}
	g.swept = now
	for _, of := range []map[string]misses{g.names, g.addrs} {
		for key, m := range of {
			if now.Sub(m.last) > forgetAfter || now.Before(m.last) { // before: the clock was set back
				delete(of, key)
			}
		}
	}
}

// addrKey is the address without its port, as neighbour.Of has it; the machine itself has no key.
func addrKey(addr string) string {
	if host, _, err := net.SplitHostPort(addr); err == nil {
		addr = host
	}
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return addr
	}
	if ip = neighbour.Of(ip); !ip.IsValid() {
		return ""
	}
	return ip.String()
}
