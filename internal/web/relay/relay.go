// Package relay speaks Nostr's protocol between client and relay over WebSocket (RFC 6455): NIP-01, authentication
// (NIP-42), counting (NIP-45), protected events (NIP-70) and set reconciliation (NIP-77). Who may read which event is
// decided event by event by policy.MayRead, for stored events, live ones, counts and reconciliation alike.
package relay

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/gobwas/ws"

	"madang/internal/hub"
	"madang/internal/index"
	"madang/internal/ingest"
	"madang/internal/neighbour"
	"madang/internal/nostr"
	"madang/internal/policy"
)

// Config of a relay.
type Config struct {
	Index   *index.Index
	Search  Searcher // nil: filters with a search are refused
	Hub     *hub.Hub
	Ingest  *ingest.Ingest
	Policy  *policy.Policy
	Now     func() time.Time // default time.Now
	Known   func() bool      // whether Now is to be believed; default: always
	Logger  *slog.Logger     // default slog.Default()
	Metrics *metrics.Set     // the node's; default: a new one. A set takes one relay.
	Limits  Limits           // default DefaultLimits()
	// Join takes a request to join (NIP-43, kind 28934), which is not stored; the message is for OK. Its error may be
	// a *policy.Error. Nil: such requests go the way of other events, which refuses them.
	Join func(ctx context.Context, request *nostr.Event) (message string, err error)
	// Leave likewise takes a member's own request to leave (NIP-43, kind 28936).
	Leave func(ctx context.Context, request *nostr.Event) (message string, err error)
	// PublicHost is what the relay is called on the Internet, as in a Host header: an AUTH (NIP-42) for any other name
	// there is refused. "": it is not known, and what the client calls it counts.
	PublicHost string
	// Address says whose limits a request counts against; an address that is not valid has none. Default: the remote
	// address (of IPv6 its /64), and none for the machine itself, because a proxy there speaks for many.
	Address func(*http.Request) netip.Addr
}

// Relay is an http.Handler for WebSocket upgrades.
type Relay struct {
	cfg        Config
	stats      *stats
	addresses  *addresses
	authors    authors
	queued     atomic.Int64 // bytes in all outgoing queues
	negItems   atomic.Int64 // events in all reconciliations
	filters    atomic.Int64 // bytes of all subscriptions' filters
	unfinished atomic.Int64 // bytes of all messages that are not whole yet
	flushers   flushers
	deflated   deflatedEvents

	mu      sync.Mutex // guards what follows; held only for a moment
	conns   map[*conn]struct{}
	closing bool
	running sync.WaitGroup
}

// New returns a relay; Shutdown ends it.
func New(cfg Config) *Relay {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Known == nil {
		cfg.Known = func() bool { return true }
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Metrics == nil {
		cfg.Metrics = metrics.NewSet()
	}
	if cfg.Limits == (Limits{}) {
		cfg.Limits = DefaultLimits()
	}
	if cfg.Address == nil {
		cfg.Address = remoteAddress
	}
	r := &Relay{cfg: cfg, conns: make(map[*conn]struct{})}
	r.addresses, r.authors.rate = newAddresses(cfg.Limits), cfg.Limits.Key
	r.flushers.most = runtime.GOMAXPROCS(0)
	r.stats = newStats(cfg.Metrics, r)
	r.deflated.stats = r.stats
	return r
}

// ServeHTTP upgrades the request to a WebSocket, which is served until it ends; the request itself ends at once.
func (r *Relay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	addr, ok := r.addresses.join(r.cfg.Address(req))
	if !r.stats.within(limitConnections, ok) {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "too many connections from your address", http.StatusTooManyRequests)
		return
	}
	c := newConn(r, addr, req.Host)
	if !r.stats.within(limitConnections, r.enter(c)) {
		addr.leave()
		w.Header().Set("Retry-After", "60")
		http.Error(w, "too many connections", http.StatusServiceUnavailable)
		return
	}
	over := func() {
		r.leave(c)
		addr.leave()
	}
	var extension deflation
	nc, rw, _, err := ws.HTTPUpgrader{Timeout: handshakeTime, Negotiate: extension.negotiate}.Upgrade(req, w)
	if err != nil {
		if nc != nil {
			nc.Close()
		}
		over()
		return
	}
	early, _ := rw.Reader.Peek(rw.Reader.Buffered()) // what the client sent without waiting for the upgrade
	c.serve(nc, bytes.Clone(early), extension.agreed, over)
}

func (r *Relay) enter(c *conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closing || len(r.conns) >= r.cfg.Limits.Conns {
		return false
	}
	r.conns[c] = struct{}{}
	r.running.Add(1)
	return true
}

func (r *Relay) leave(c *conn) {
	r.mu.Lock()
	delete(r.conns, c)
	r.mu.Unlock()
	r.running.Done()
}

func (r *Relay) connections() []*conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*conn, 0, len(r.conns))
	for c := range r.conns {
		all = append(all, c)
	}
	return all
}

// Len returns how many connections there are.
func (r *Relay) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conns)
}

// Shutdown takes no more connections, tells every client that the node goes away, and waits until all have ended;
// those that linger when ctx is done are cut off.
func (r *Relay) Shutdown(ctx context.Context) error {
	r.mu.Lock()
	r.closing = true
	r.mu.Unlock()
	for _, c := range r.connections() {
		c.hangUp(ws.StatusGoingAway, "the node is shutting down")
	}
	done := make(chan struct{})
	go func() {
		r.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	for _, c := range r.connections() {
		c.cut()
	}
	<-done
	return ctx.Err()
}

// remoteAddress is Config.Address's default.
func remoteAddress(req *http.Request) netip.Addr {
	remote, err := netip.ParseAddrPort(req.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return neighbour.Of(remote.Addr())
}
