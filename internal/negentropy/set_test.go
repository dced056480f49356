package negentropy

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// check holds a set against its sorted items: what every reconciliation reads of it, and how its blocks are made.
func check(t rapid.TB, s *Set, want []Item) {
	t.Helper()
	if got := slices.Collect(s.All()); !slices.Equal(got, want) || s.Len() != len(want) {
		t.Fatalf("%d items (Len %d), want %d", len(got), s.Len(), len(want))
	}
	for i := 0; i <= len(want); i += 1 + len(want)/50 {
		if got, want := s.sumTo(s.from+i).minus(s.sumTo(s.from)), sumOf(want[:i]); got != want {
			t.Fatalf("the sum of the first %d items is wrong", i)
		}
		if i < len(want) && (s.at(s.from+i) != want[i] || s.find(s.from, want[i].bound()) != s.from+i) {
			t.Fatalf("item %d is not where it belongs", i)
		}
	}
	start := 0
	for _, b := range s.blocks {
		if len(b.items) == 0 || len(b.items) > blockItems || b.start != start {
			t.Fatalf("a block of %d items at %d", len(b.items), b.start)
		}
		start += len(b.items)
	}
}

// TestSetHistory alters a set at random, as a node's events come and go, and looks at all the sets that were made.
func TestSetHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		seconds := rapid.SampledFrom([]int64{1, 5, 1000}).Draw(t, "seconds")
		some := func(most int) (items []Item) {
			for range random.IntN(most) {
				items = append(items, item(random.Int64N(seconds), random.IntN(2000)))
			}
			return items
		}
		type version struct {
			set  *Set
			want []Item
		}
		want := slices.Compact(slices.SortedFunc(slices.Values(some(2000)), Item.Compare))
		versions := []version{{NewSet(slices.Clone(want)), want}}
		for range rapid.IntRange(1, 8).Draw(t, "changes") {
			last := versions[len(versions)-1]
			add, drop := some(rapid.SampledFrom([]int{2, 30, 600}).Draw(t, "add")), some(30)
			for range min(len(last.want), rapid.SampledFrom([]int{0, 40, 900}).Draw(t, "drop")) {
				drop = append(drop, last.want[random.IntN(len(last.want))])
			}
			set, copied := last.set.With(add, drop)
			want = slices.Compact(slices.SortedFunc(slices.Values(append(slices.Clone(last.want), add...)), Item.Compare))
			want = slices.DeleteFunc(want, func(it Item) bool { return slices.Contains(drop, it) })
			if own := ownItems(set, last.set); copied != own {
				t.Fatalf("%d items are said to be copied, %d are", copied, own)
			}
			versions = append(versions, version{set, want})
		}
		for _, v := range versions {
			check(t, v.set, v.want)
			since := random.Int64N(seconds+2) - 1
			until := random.Int64N(seconds+2) - 1
			outside := func(it Item) bool { return it.Timestamp < since || it.Timestamp > until }
			part := slices.DeleteFunc(slices.Clone(v.want), outside)
			check(t, v.set.Between(since, until), part)
			check(t, v.set.Between(0, math.MaxInt64), v.want)
		}
	})
}

// ownItems counts those items of a that do not lie in a block of b.
func ownItems(a, b *Set) (n int) {
	shared := map[*Item]bool{}
	for _, block := range b.blocks {
		shared[&block.items[0]] = true
	}
	for _, block := range a.blocks {
		if !shared[&block.items[0]] {
			n += len(block.items)
		}
	}
	return n
}

// A part of a set is reconciled like a set that has nothing else.
func TestReconcilePart(t *testing.T) {
	var ours, theirs []Item
	for n := range 3000 {
		ours, theirs = append(ours, item(int64(n/7), n)), append(theirs, item(int64(n/7), n+n/2900))
	}
	whole := NewSet(slices.Clone(ours))
	within := func(it Item) bool { return it.Timestamp < 100 || it.Timestamp > 420 }
	part := slices.DeleteFunc(slices.Clone(ours), within)
	other := NewSet(slices.DeleteFunc(slices.Clone(theirs), within))
	initiator, responder := New(whole.Between(100, 420), 0), New(other, 0)
	alone := New(NewSet(part), 0)
	for message, same := initiator.Initiate(), alone.Initiate(); message != nil; {
		if !slices.Equal(message, same) {
			t.Fatalf("got %x, want %x", message, same)
		}
		reply, err := responder.Reconcile(message)
		if err != nil {
			t.Fatal(err)
		}
		_, have, need, err := alone.ReconcileInitiator(reply)
		if err != nil {
			t.Fatal(err)
		}
		_, gotHave, gotNeed, err := initiator.ReconcileInitiator(reply)
		if err != nil || !slices.Equal(have, gotHave) || !slices.Equal(need, gotNeed) {
			t.Fatalf("%d have, %d need, %v; want %d, %d", len(gotHave), len(gotNeed), err, len(have), len(need))
		}
		if message, _, _, err = initiator.ReconcileInitiator(reply); err != nil {
			t.Fatal(err)
		}
		same, _, _, _ = alone.ReconcileInitiator(reply)
	}
}
