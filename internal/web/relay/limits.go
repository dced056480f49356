package relay

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

const (
	idleTime      = 90 * time.Second // without a byte from the client, after which it is gone
	pingTime      = 30 * time.Second // between pings
	handshakeTime = 10 * time.Second // for writing the answer to an upgrade
	writeTime     = 30 * time.Second // for one chunk of writeChunk bytes: a link slower than 1 KiB/s is no link
	writeChunk    = 32 << 10
	closeTime     = 3 * time.Second  // for the last frames and the client's farewell
	queryTime     = 30 * time.Second // for REQ, COUNT and NEG-OPEN to find what they ask for

	wrapToken    = 8 << 10          // bytes of a gift wrap for which its bringer needs a token
	maxFragments = 1024             // of one message
	maxStrikes   = 10               // malformed messages in a row
	forgetTime   = 10 * time.Minute // after which an address without connections is forgotten
	authWindow   = 600              // seconds between an AUTH event's created_at and the node's time (NIP-42)
)

// Rate is a token bucket; the zero Rate has no bound.
type Rate struct {
	PerSecond float64
	Burst     int
}

func (r Rate) limiter() *rate.Limiter {
	if r == (Rate{}) {
		return rate.NewLimiter(rate.Inf, 0)
	}
	return rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)
}

// Rates bound what one connection, or one address, may ask for.
type Rates struct {
	Messages Rate // messages of any type; beyond it all but CLOSE are refused, and beyond twice it the connection ends
	Bytes    Rate // bytes of any kind; whoever sends more is read more slowly
	Events   Rate // EVENT and AUTH
	Wraps    Rate // gift wraps on a connection that no member has authenticated, each begun 8 KiB of one counting
	Queries  Rate // REQ, COUNT, NEG-OPEN and NEG-MSG
}

// Limits of a relay. All counts are for one connection unless they say otherwise.
type Limits struct {
	Conns        int // of the relay
	ConnsPerAddr int // of one address; many phones may sit behind one
	Frame        int // bytes of one message, however many fragments it comes in
	Unfinished   int // bytes of all messages that are not whole yet, beyond which each may have only 8 KiB
	Queue        int // bytes that wait to be written, beyond which a live event drops the connection
	Queues       int // bytes that wait in all queues of the relay, beyond which each may hold only a sixteenth of Queue
	Subs         int // open subscriptions
	Filters      int // bytes of the messages that opened them: they are held, and each live event is matched with them
	FiltersAll   int // the same of all connections, beyond which each may have only a sixteenth of Filters
	Results      int // largest and default limit of a filter
	Keys         int // authenticated keys
	NegSessions  int // open reconciliations
	NegItems     int // events of one reconciliation
	NegItemsAll  int // events of all reconciliations of the relay, of which strangers get the first half
	AddrQueries  int // REQ, COUNT and NEG-OPEN of one address that read the store at the same time; 0: no bound
	Conn, Addr   Rates
	Key          Rate // events of one author that are accepted over all connections, gift wraps apart
}

// DefaultLimits are fit for a small box and a village.
func DefaultLimits() Limits {
	return Limits{
		Conns:        10_000,
		ConnsPerAddr: 256,
		Frame:        512 << 10,
		Unfinished:   64 << 20,
		Queue:        1 << 20,
		Queues:       256 << 20,
		Subs:         100,
		Filters:      1 << 20,
		FiltersAll:   64 << 20,
		Results:      500,
		Keys:         16,
		NegSessions:  8,
		NegItems:     1_000_000,
		NegItemsAll:  4_000_000,
		AddrQueries:  64,
		Conn: Rates{
			Messages: Rate{100, 1000}, Bytes: Rate{2 << 20, 32 << 20},
			Events: Rate{50, 500}, Wraps: Rate{2, 100}, Queries: Rate{20, 200},
		},
		Addr: Rates{
			Messages: Rate{1000, 20_000}, Bytes: Rate{16 << 20, 256 << 20},
			Events: Rate{500, 5000}, Wraps: Rate{20, 1000}, Queries: Rate{200, 4000},
		},
		Key: Rate{100, 5000},
	}
}

// WithoutRates returns the limits without those that count by time, for labs and benchmarks.
func (l Limits) WithoutRates() Limits {
	l.Conn, l.Addr, l.Key = Rates{}, Rates{}, Rate{}
	return l
}

// buckets are the token buckets of a connection or an address.
type buckets struct{ messages, bytes, events, wraps, queries *rate.Limiter }

func newBuckets(r Rates) buckets {
	return buckets{
		messages: r.Messages.limiter(), bytes: r.Bytes.limiter(),
		events: r.Events.limiter(), wraps: r.Wraps.limiter(), queries: r.Queries.limiter(),
	}
}

// addresses counts connections and keeps token buckets by address, in memory only, and forgets them.
type addresses struct {
	limits  Limits
	unknown *address   // of all who have none
	mu      sync.Mutex // guards the map and each address's count and timer
	known   map[netip.Addr]*address
}

type address struct {
	buckets
	all    *addresses // nil for an address without limits
	key    netip.Addr
	asking atomic.Int32 // queries that read the store
	conns  int
	forget *time.Timer
}

func newAddresses(l Limits) *addresses {
	unknown := &address{buckets: newBuckets(Rates{})}
	return &addresses{limits: l, unknown: unknown, known: make(map[netip.Addr]*address)}
}

// join counts one more connection, unless the address has too many.
func (as *addresses) join(key netip.Addr) (*address, bool) {
	if !key.IsValid() {
		return as.unknown, true
	}
	as.mu.Lock()
	defer as.mu.Unlock()
	a := as.known[key]
	if a == nil {
		as.makeRoom()
		a = &address{buckets: newBuckets(as.limits.Addr), all: as, key: key}
		as.known[key] = a
	}
	if a.conns >= as.limits.ConnsPerAddr {
		return nil, false
	}
	a.conns++
	if a.forget != nil {
		a.forget.Stop()
		a.forget = nil
	}
	return a, true
}

// makeRoom forgets an address without connections where too many are known: someone may have very many, one after the
// other. There are at least as many such as others, and the map's order is chance. Call with mu held.
func (as *addresses) makeRoom() {
	if len(as.known) < 2*as.limits.Conns {
		return
	}
	for key, a := range as.known {
		if a.conns == 0 {
			a.forget.Stop()
			delete(as.known, key)
			return
		}
	}
}

// leave counts one connection less; the last one starts the clock after which the address is forgotten.
func (a *address) leave() {
	if a.all == nil {
		return
	}
	a.all.mu.Lock()
	defer a.all.mu.Unlock()
	a.conns--
	if a.conns == 0 {
		a.forget = time.AfterFunc(forgetTime, a.drop)
	}
}

func (a *address) drop() {
	a.all.mu.Lock()
	defer a.all.mu.Unlock()
	if a.conns == 0 && a.all.known[a.key] == a {
		delete(a.all.known, a.key)
	}
}
