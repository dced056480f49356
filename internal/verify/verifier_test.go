package verify

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"madang/internal/nostr"
)

// badness is what may be wrong with an event.
var badness = []struct {
	name string
	make func(e, other *nostr.Event)
}{
	{"nothing", func(*nostr.Event, *nostr.Event) {}},
	{"content", func(e, _ *nostr.Event) { e.Content += "!" }},
	{"id", func(e, _ *nostr.Event) { e.ID[7] ^= 1 }},
	{"r", func(e, _ *nostr.Event) { e.Sig[5] ^= 1 }},
	{"s", func(e, _ *nostr.Event) { e.Sig[60] ^= 1 }},
	{"s too large", func(e, _ *nostr.Event) {
		copy(e.Sig[32:], "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
	}},
	{"r too large", func(e, _ *nostr.Event) {
		for i := range 32 {
			e.Sig[i] = 0xff
		}
	}},
	{"no signature", func(e, _ *nostr.Event) { e.Sig = nostr.Sig{} }},
	{"another's signature", func(e, other *nostr.Event) { e.Sig = other.Sig }},
	{"another's author", func(e, other *nostr.Event) { e.PubKey = other.PubKey; e.ID = e.ComputeID() }},
	{"no author", func(e, _ *nostr.Event) { e.PubKey = nostr.PubKey{}; e.ID = e.ComputeID() }},
	{"author not on the curve", func(e, _ *nostr.Event) { e.PubKey = nostr.PubKey{31: 5}; e.ID = e.ComputeID() }},
}

// TestBatch mixes good and bad events by few authors, from a few sources: the answers are those of single checks.
func TestBatch(t *testing.T) {
	var keys []nostr.SecretKey
	for range 5 {
		sk, err := nostr.GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, sk)
	}
	var good []*nostr.Event
	for i := range 3 * minBatch {
		e := &nostr.Event{CreatedAt: int64(i), Kind: 1, Content: "hello", Tags: nostr.Tags{{"t", "x"}}}
		if err := e.Sign(keys[i%len(keys)]); err != nil {
			t.Fatal(err)
		}
		good = append(good, e)
	}
	type sample struct {
		event *nostr.Event
		want  Event
		err   error
	}
	samples := map[[2]int]sample{} // by event and badness
	spoil := func(event, badAt int) sample {
		key := [2]int{event, badAt}
		s, ok := samples[key]
		if !ok {
			e := *good[event]
			badness[badAt].make(&e, good[(event+1)%len(good)])
			s.event = &e
			s.want, s.err = One(&e)
			samples[key] = s
		}
		return s
	}
	now := time.Unix(0, 0)
	v := New(Config{Now: func() time.Time { return now }})
	rapid.Check(t, func(t *rapid.T) {
		now = now.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "seconds later")) * time.Second)
		claims := make([]Claim, rapid.IntRange(0, len(good)).Draw(t, "events"))
		wants := make([]sample, len(claims))
		bad := rapid.IntRange(0, 3).Draw(t, "how many in ten are bad")
		for i := range claims {
			badAt := 0
			if rapid.IntRange(0, 9).Draw(t, "luck") < bad {
				badAt = rapid.IntRange(0, len(badness)-1).Draw(t, "badness")
			}
			wants[i] = spoil((i*7+3)%len(good), badAt)
			claims[i] = Claim{
				Event: wants[i].event, Source: rapid.SampledFrom([]any{nil, 1, "two", [2]int{3, 3}}).Draw(t, "source"),
			}
		}
		verified, errs := v.Batch(claims)
		if len(verified) != len(claims) || len(errs) != len(claims) {
			t.Fatalf("%d events and %d errors for %d claims", len(verified), len(errs), len(claims))
		}
		for i, w := range wants {
			bothSig := errors.Is(errs[i], ErrSignature) && errors.Is(w.err, ErrSignature)
			if !bothSig && fmt.Sprint(errs[i]) != fmt.Sprint(w.err) {
				t.Errorf("event %d: error %v, alone %v", i, errs[i], w.err)
			}
			if verified[i].Event() != w.want.Event() || string(verified[i].JSON()) != string(w.want.JSON()) {
				t.Errorf("event %d is another's result", i)
			}
		}
	})
}

// TestLargeBatch has more events than make one equation, and finds the only bad one.
func TestLargeBatch(t *testing.T) {
	e := sign(t, &nostr.Event{Kind: 1, Content: "hello"})
	claims := make([]Claim, maxBatch+minBatch+3)
	for i := range claims {
		claims[i].Event = e
	}
	bad := *e
	bad.Sig[63] ^= 1
	const at = maxBatch + 2
	claims[at].Event = &bad
	v := New(Config{})
	_, errs := v.Batch(claims)
	for i, err := range errs {
		if (i == at) != errors.Is(err, ErrSignature) {
			t.Fatalf("event %d: error %v", i, err)
		}
	}
	if n := v.stats.failed.Get(); n != 1 {
		t.Errorf("%d batches failed, want 1", n)
	}
	if n := v.stats.alone.Get(); n != minBatch+3 {
		t.Errorf("%d checked one by one, want %d", n, minBatch+3)
	}
}

// TestBatchBut: what is settled between keeps its error and gives no event, and its signature is neither checked nor
// held against anyone.
func TestBatchBut(t *testing.T) {
	good := sign(t, &nostr.Event{Kind: 1})
	badID, badSig := *good, *good
	badID.ID[0] ^= 1
	badSig.Sig[63] ^= 1
	settled := errors.New("settled")
	v := New(Config{})
	claims := []Claim{{Event: good}, {Event: &badSig, Source: "a"}, {Event: &badID}, {Event: &badSig}, {Event: good}}
	asked := 0
	verified, errs := v.BatchBut(claims, func(errs []error) {
		asked++
		for i, err := range errs {
			if (i == 2) != errors.Is(err, ErrID) || i != 2 && err != nil {
				t.Errorf("claim %d before its signature: %v", i, err)
			}
		}
		errs[0], errs[1] = settled, settled
	})
	for i, want := range []error{settled, settled, ErrID, ErrSignature, nil} {
		if !errors.Is(errs[i], want) || (verified[i].Event() == good) != (want == nil) {
			t.Errorf("claim %d: %v, %v, want %v", i, verified[i].Event(), errs[i], want)
		}
	}
	if n := v.stats.alone.Get(); asked != 1 || n != 2 || v.suspects.len() > 0 {
		t.Errorf("asked %d times, %d signatures checked, %d suspects", asked, n, v.suspects.len())
	}
}

// TestSuspects: who brought a bad signature is checked apart from the others for ten minutes, and cannot make their
// batches fail.
func TestSuspects(t *testing.T) {
	good := sign(t, &nostr.Event{Kind: 1})
	bad := *good
	bad.Sig[63] ^= 1
	now := time.Unix(1_000_000, 0)
	v := New(Config{Now: func() time.Time { return now }})
	batch := func(badFrom any) (failed, alone uint64) {
		t.Helper()
		failed, alone = v.stats.failed.Get(), v.stats.alone.Get()
		claims := slices.Repeat([]Claim{{good, "neighbour"}}, minBatch)
		claims = append(claims, Claim{&bad, badFrom}, Claim{good, badFrom})
		_, errs := v.Batch(claims)
		for i, err := range errs {
			if (claims[i].Event == &bad) != errors.Is(err, ErrSignature) {
				t.Errorf("event %d: %v", i, err)
			}
		}
		return v.stats.failed.Get() - failed, v.stats.alone.Get() - alone
	}
	if failed, alone := batch("stranger"); failed != 1 || alone != minBatch+2 {
		t.Errorf("a first bad one: %d failed, %d alone", failed, alone)
	}
	now = now.Add(suspectTime - 1)
	if failed, alone := batch("stranger"); failed != 0 || alone != 2 {
		t.Errorf("from a suspect: %d failed, %d alone", failed, alone)
	}
	now = now.Add(suspectTime) // since the last bad one
	if failed, alone := batch("stranger"); failed != 1 || alone != minBatch+2 {
		t.Errorf("after its time: %d failed, %d alone", failed, alone)
	}
	if n := v.suspects.len(); n != 1 {
		t.Errorf("%d suspects", n)
	}
	for range 2 {
		if failed, _ := batch(nil); failed != 1 {
			t.Error("nobody became a suspect")
		}
	}
}

func TestSuspectsAreBounded(t *testing.T) {
	s := suspects{until: make(map[any]time.Time)}
	now := time.Unix(0, 0)
	for i := range 2 * maxSuspects {
		s.add(i, now)
		if s.filter([]Claim{{Source: i}}, now) == nil {
			t.Fatalf("%d is no suspect", i)
		}
	}
	if n := s.len(); n != maxSuspects {
		t.Errorf("%d suspects, want %d", n, maxSuspects)
	}
	s.add("later", now.Add(1))
	s.filter(nil, now.Add(suspectTime))
	if n := s.len(); n != 1 {
		t.Errorf("%d suspects after the others' time, want 1", n)
	}
}

func TestConcurrent(t *testing.T) {
	claims := make([]Claim, 3*grain)
	for i := range claims {
		e := sign(t, &nostr.Event{CreatedAt: int64(i)})
		if i%11 == 10 {
			e.Sig[63] ^= 1
		}
		claims[i] = Claim{e, i % 5}
	}
	v := New(Config{})
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			_, errs := v.Batch(claims[:len(claims)-n])
			for i, err := range errs {
				if (i%11 == 10) != (err != nil) {
					t.Errorf("event %d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkBatch shows what a signature costs in batches of each size, by as many authors and by at most 1,000, and
// alone; and what one costs in a batch that fails.
func BenchmarkBatch(b *testing.B) {
	const most = maxBatch
	keys := make([]nostr.SecretKey, most)
	events := make([]*nostr.Event, 2*most) // the first half by all, the second by 1,000
	for i := range events {
		author := i
		if i >= most {
			author = i % 1000
		} else {
			keys[i] = nostr.SecretKey{1: byte(i >> 8), 2: byte(i), 31: 1}
		}
		events[i] = &nostr.Event{CreatedAt: int64(i), Kind: 1, Content: fmt.Sprintf("%0800d", i)}
		if err := events[i].Sign(keys[author]); err != nil {
			b.Fatal(err)
		}
	}
	forged := *events[0]
	forged.Sig[63] ^= 1
	run := func(name string, events []*nostr.Event) {
		claims := make([]Claim, len(events))
		for i, e := range events {
			claims[i].Event = e
		}
		b.Run(fmt.Sprintf("%s/%d", name, len(events)), func(b *testing.B) {
			v := New(Config{})
			b.ReportAllocs()
			for b.Loop() {
				v.Batch(claims)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(len(events)), "us/event")
		})
	}
	for n := 1; n <= most; n *= 2 {
		run("all distinct", events[:n])
		run("1000 authors", events[most:most+n])
	}
	run("one forged", append([]*nostr.Event{&forged}, events[1:1024]...))
}
