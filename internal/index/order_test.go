package index

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"madang/internal/nostr"
	"madang/internal/verify"
)

// orderless makes events whose outcome NIP-01, NIP-09 and NIP-62 make a matter of the set alone. What it leaves out: a
// deletion by id of one version of a replaceable event, after which older versions come back or do not; one dated before
// its target, which a request to vanish may take away first; and versions that expire.
func orderless(rt *rapid.T) (events []verify.Event) {
	kinds := []uint16{0, 1, 1, 5, 5, 62, 1059, 10002, 30023, 30023}
	for i := range rapid.IntRange(5, 40).Draw(rt, "events") {
		e := &nostr.Event{
			Kind:      rapid.SampledFrom(kinds).Draw(rt, "kind"),
			CreatedAt: rapid.Int64Range(0, 12).Draw(rt, "created_at"),
			Content:   strconv.Itoa(i),
		}
		add := func(tag ...string) { e.Tags = append(e.Tags, tag) }
		switch {
		case e.Kind == nostr.KindDeletion && len(events) > 0:
			target := rapid.SampledFrom(events).Draw(rt, "target").Event()
			if a, ok := target.Address(); ok {
				add("a", a.String())
			} else {
				add("e", target.ID.String())
				e.CreatedAt = max(e.CreatedAt, target.CreatedAt)
			}
		case e.Kind == nostr.KindGiftWrap:
			add("p", author(rapid.IntRange(0, 2).Draw(rt, "to")).PubKey().String())
		case nostr.IsAddressable(e.Kind):
			add("d", rapid.SampledFrom(randomWords).Draw(rt, "d"))
		case e.Kind == 1:
			add("t", rapid.SampledFrom(randomWords).Draw(rt, "t"))
			if rapid.IntRange(0, 3).Draw(rt, "expires") == 0 {
				add("expiration", strconv.Itoa(rapid.IntRange(1, 9).Draw(rt, "at")))
			}
		}
		if err := e.Sign(author(rapid.IntRange(0, 2).Draw(rt, "author"))); err != nil {
			rt.Fatal(err)
		}
		v, err := verify.One(e)
		if err != nil {
			rt.Fatal(err)
		}
		events = append(events, v)
	}
	return events
}

// TestAnyOrder takes the same events in in different orders, groups, and with different restarts, crashes, sweeps and
// rebuilds in between, and wants the same answers.
func TestAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		events := orderless(rt)
		const now = 5
		var first []string
		for run := range 3 {
			m := newMachine(t, rt)
			order := slices.Clone(events)
			seed := rapid.Uint64().Draw(rt, "order")
			rand.New(rand.NewPCG(seed, 0)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			for rest := order; len(rest) > 0; {
				n := rapid.IntRange(1, len(rest)).Draw(rt, "group")
				m.commit(rt, rest[:n])
				rest = rest[n:]
				rapid.SampledFrom([]func(*rapid.T){func(*rapid.T) {}, m.Reopen, m.Crash, m.Rebuild, m.Flush, func(rt *rapid.T) {
					m.model.swept = rapid.Int64Range(m.model.swept, now).Draw(rt, "sweep")
					m.sweepAgain(rt)
				}}).Draw(rt, "then")(rt)
			}
			var got []string
			q := Query{Filters: []nostr.Filter{nostr.All()}, Now: now}
			if _, err := m.x.Query(t.Context(), q, func(it Item) error {
				got = append(got, fmt.Sprintf("%d %d %s", it.Head.Kind, it.Head.CreatedAt, it.Head.ID))
				return nil
			}); err != nil {
				rt.Fatal(err)
			}
			m.close(rt)
			if run == 0 {
				first = got
			}
			if !slices.Equal(got, first) {
				rt.Fatalf("order %d gives\n%q, the first gave\n%q", run, got, first)
			}
		}
	})
}

// commit takes a group in, whatever becomes of each.
func (m *machine) commit(rt *rapid.T, group []verify.Event) {
	stage := m.x.Stage()
	var taken []verify.Event
	for _, e := range group {
		switch err := stage.Take(e); {
		case err == nil:
			taken = append(taken, e)
		case !refusal(err):
			rt.Fatal(err)
		}
	}
	if len(taken) == 0 {
		return
	}
	positions, err := m.log.Append(taken, 1)
	if err != nil {
		rt.Fatal(err)
	}
	if err := stage.Commit(positions, m.log.End()); err != nil {
		rt.Fatal(err)
	}
}
