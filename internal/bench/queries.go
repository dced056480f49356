package bench

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"madang/internal/bench/dataset"
	"madang/internal/nostr"
)

const askers = 8

// question is a sort of REQ.
type question struct {
	what   string
	target float64 // seconds of CPU
	// filter returns one of them. own is what the connection has authenticated for.
	filter func(random *rand.Rand, own []inbox) string
}

func (r *run) questions() []question {
	kinds := []uint16{nostr.KindNote, nostr.KindAddressableVideo} // together of about 1 KB, as all events are
	return []question{
		{"newest 50 of a kind", 150e-6, func(random *rand.Rand, _ []inbox) string {
			return fmt.Sprintf(`{"kinds":[%d],"limit":50}`, kinds[random.IntN(len(kinds))])
		}},
		{"author and kind, 20 events", 120e-6, func(random *rand.Rand, _ []inbox) string {
			author := dataset.Author(random.IntN(r.stored.authors)).PubKey()
			return fmt.Sprintf(`{"authors":["%s"],"kinds":[1],"limit":20}`, author)
		}},
		{"inbox of 100 gift wraps", 500e-6, func(random *rand.Rand, own []inbox) string {
			to := own[random.IntN(len(own))].key.PubKey()
			return fmt.Sprintf(`{"kinds":[1059],"#p":["%s"],"limit":100}`, to)
		}},
		{"20 ids", 180e-6, func(random *rand.Rand, _ []inbox) string {
			ids := make([]string, 20)
			for i := range ids {
				ids[i] = `"` + r.stored.ids[random.IntN(len(r.stored.ids))].String() + `"`
			}
			return `{"ids":[` + strings.Join(ids, ",") + `]}`
		}},
	}
}

// asks is how many REQs are measured. With few events stored all are soon alike.
func (r *run) asks() int { return min(4000, max(askers, r.stored.count)) }

// queries measures each sort of REQ, and all in turn.
func (r *run) queries(ctx context.Context) error {
	return r.served(ctx, func(ctx context.Context, s *server) error {
		all := r.questions()
		for _, q := range all {
			a, err := r.ask(ctx, s, []question{q}, r.asks(), false)
			if err != nil {
				return fmt.Errorf("%s: %w", q.what, err)
			}
			r.add(row{
				what: q.what + ": CPU a REQ", unit: seconds, figure: a.cpu, target: q.target,
				limit: a.least, limitName: "copying and writing its frames", note: a.note(),
			})
		}
		a, err := r.ask(ctx, s, all, 2*r.asks(), false)
		if err != nil {
			return fmt.Errorf("all in turn: %w", err)
		}
		r.add(row{
			what: "all in turn: CPU a REQ", unit: seconds, figure: a.cpu,
			limit: a.least, limitName: "copying and writing its frames", note: a.note(),
		})
		r.add(row{
			what: "all in turn: wait until EOSE, p99", unit: seconds, figure: quantile(a.waits, 0.99), target: 10e-3,
			note: "p50: " + seconds.format(median(a.waits)),
		})
		return nil
	})
}

// asked is what so many REQs took.
type asked struct {
	cpu        float64   // seconds of CPU a REQ
	waits      []float64 // seconds until EOSE
	events     float64   // a REQ
	bytes      float64   // a REQ, over the wire
	least      float64   // seconds of CPU to copy and write so many bytes
	compressed bool      // the server took the offer
}

func (a asked) note() string {
	return fmt.Sprintf("%s events, %s; wait p50 %s, p99 %s", threeDigits(a.events), bytesOf.format(a.bytes),
		seconds.format(median(a.waits)), seconds.format(quantile(a.waits, 0.99)))
}

// asker is one client: it asks, waits for EOSE, and asks again.
type asker struct {
	*client
	own    []inbox
	random *rand.Rand
	waits  []float64
	events int
}

// ask has 8 clients ask n questions in all, the sorts in turn.
func (r *run) ask(ctx context.Context, s *server, sorts []question, n int, deflate bool) (a asked, err error) {
	clients, err := r.askers(ctx, s, deflate)
	if err != nil {
		return a, err
	}
	defer func() {
		for _, c := range clients {
			c.close()
		}
	}()
	each := func(n int) error {
		var group errgroup.Group
		for _, c := range clients {
			group.Go(func() error {
				for i := range n {
					if err := c.ask(sorts[i%len(sorts)]); err != nil {
						return err
					}
				}
				return nil
			})
		}
		return group.Wait()
	}
	if err := each(n / askers / 10); err != nil { // warm up
		return a, err
	}
	var before int64
	for _, c := range clients {
		before += c.got
		c.waits, c.events = nil, 0
	}
	used, err := s.measure(func() error { return each(n / askers) })
	if err != nil {
		return a, err
	}
	events, got := 0, -before
	for _, c := range clients {
		a.waits = append(a.waits, c.waits...)
		events += c.events
		got += c.got
	}
	all := float64(len(a.waits))
	a.cpu, a.events, a.bytes = used.cpu.Seconds()/all, float64(events)/all, float64(got)/all
	a.compressed = clients[0].inflate != nil
	write, err := socketWrite(int(a.bytes), 100, 0)
	a.least = r.machine.copyByte*a.bytes + write
	return a, err
}

// askers connects the clients. Each may read some inboxes, as many as one connection may authenticate.
func (r *run) askers(ctx context.Context, s *server, deflate bool) (clients []*asker, err error) {
	const keys = 16
	inboxes := r.stored.full(100, askers*keys)
	for i := range askers {
		c, err := dial(ctx, s.addr, clientOptions{buffer: 256 << 10, deflate: deflate})
		if err != nil {
			return nil, err
		}
		a := &asker{client: c, random: rand.New(rand.NewPCG(uint64(i), 1))}
		for k := range min(keys, len(inboxes)) {
			a.own = append(a.own, inboxes[(i*keys+k)%len(inboxes)])
		}
		var own []nostr.SecretKey
		for _, inbox := range a.own {
			own = append(own, inbox.key)
		}
		if err := c.authenticate(s.addr, own...); err != nil {
			return nil, err
		}
		clients = append(clients, a)
	}
	return clients, nil
}

// ask sends a REQ, under the same name as the one before, which it ends, and waits for EOSE.
func (a *asker) ask(q question) error {
	frame := textFrame([]byte(`["REQ","q",` + q.filter(a.random, a.own) + `]`))
	began := time.Now()
	if err := a.send(frame); err != nil {
		return err
	}
	for {
		m, err := a.next()
		switch {
		case err != nil:
			return err
		case bytes.HasPrefix(m, isEvent):
			a.events++
		case bytes.HasPrefix(m, isEOSE):
			a.waits = append(a.waits, time.Since(began).Seconds())
			return nil
		default:
			return unexpected(m)
		}
	}
}
