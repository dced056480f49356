package negentropy

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"madang/internal/nostr"
)

// item makes an id of n that looks random.
func item(timestamp int64, n int) Item {
	return Item{timestamp, sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))}
}

// reconcile runs both sides to the end and returns what the initiator learnt, and how many messages it sent.
func reconcile(t rapid.TB, ours, theirs []Item, frameLimit int) (have, need []nostr.ID, rounds int) {
	t.Helper()
	initiator, responder := New(NewSet(slices.Clone(ours)), frameLimit), New(NewSet(slices.Clone(theirs)), frameLimit)
	fits := func(message []byte) {
		if frameLimit > 0 && len(message) > max(frameLimit, minFrame) {
			t.Fatalf("a message of %d bytes, with a limit of %d", len(message), frameLimit)
		}
	}
	for message := initiator.Initiate(); message != nil; rounds++ {
		if rounds > 10_000 {
			t.Fatalf("no end after %d rounds", rounds)
		}
		fits(message)
		reply, err := responder.Reconcile(message)
		if err != nil {
			t.Fatal(err)
		}
		fits(reply)
		var h, n []nostr.ID
		if message, h, n, err = initiator.ReconcileInitiator(reply); err != nil {
			t.Fatal(err)
		}
		have, need = append(have, h...), append(need, n...)
	}
	return have, need, rounds
}

// missing returns the sorted ids of a that b lacks.
func missing(a, b []Item) []nostr.ID {
	in := map[nostr.ID]bool{}
	for _, it := range b {
		in[it.ID] = true
	}
	var ids []nostr.ID
	for _, it := range a {
		if !in[it.ID] {
			in[it.ID] = true
			ids = append(ids, it.ID)
		}
	}
	return sorted(ids)
}

// sorted returns each id once, in order.
func sorted(ids []nostr.ID) []nostr.ID {
	slices.SortFunc(ids, func(a, b nostr.ID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}

func checkDifference(t rapid.TB, ours, theirs []Item, frameLimit, maxRounds int) {
	t.Helper()
	have, need, rounds := reconcile(t, ours, theirs, frameLimit)
	if want := missing(ours, theirs); !slices.Equal(sorted(have), want) {
		t.Errorf("have %d ids, want %d", len(have), len(want))
	}
	if want := missing(theirs, ours); !slices.Equal(sorted(need), want) {
		t.Errorf("need %d ids, want %d", len(need), len(want))
	}
	if rounds > maxRounds {
		t.Errorf("%d rounds, want at most %d", rounds, maxRounds)
	}
}

// TestAnyTwoSets draws sets that share some items, with many items at one second and far apart.
func TestAnyTwoSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.SampledFrom([]int{1, 3, 1000}).Draw(t, "seconds")
		start := rapid.SampledFrom([]int64{0, 1_700_000_000, math.MaxInt64 - 1000}).Draw(t, "start")
		size := rapid.SampledFrom([]int{0, 1, 2, 31, 33, 500, 5000}).Draw(t, "size")
		oneIn := rapid.IntRange(1, 400).Draw(t, "one in so many differs")
		keep := rapid.SampledFrom([]int{1, 1, 50, 10_000}).Draw(t, "this side keeps one in")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		var ours, theirs []Item
		for n := range size {
			it := item(start+int64(n%seconds), int(random.Int64()))
			where := 0
			if n%oneIn == 0 {
				where = random.IntN(3)
			}
			if where != 1 && n%keep == keep/2 {
				ours = append(ours, it)
			}
			if where != 2 {
				theirs = append(theirs, it)
			}
		}
		frameLimit := rapid.SampledFrom([]int{0, 1, 4096, 5000, 64 << 10}).Draw(t, "frame limit")
		checkDifference(t, ours, theirs, frameLimit, 10+2*size*len(nostr.ID{})/(minFrame/2))
	})
}

func TestManyRoundsInSmallFrames(t *testing.T) {
	var ours, theirs []Item
	for n := range 30_000 {
		if n%2 == 0 {
			ours = append(ours, item(int64(n/7), n))
		}
		if n%3 == 0 {
			theirs = append(theirs, item(int64(n/7), n))
		}
	}
	checkDifference(t, ours, theirs, 4096, 600)
	checkDifference(t, ours, theirs, 60_000, 60)
	checkDifference(t, ours, theirs, 0, 4)
	checkDifference(t, ours, nil, 4096, 600)
	checkDifference(t, nil, theirs, 4096, 600)
	checkDifference(t, ours, ours, 4096, 1)
}

func TestDoubledItemsCountOnce(t *testing.T) {
	a, b := item(1, 1), item(1, 2)
	checkDifference(t, []Item{a, a, b, a}, []Item{b, b}, 0, 2)
	checkDifference(t, []Item{a, a}, []Item{a}, 0, 1)
}

// TestFingerprint holds the sums against NIP-77's words, done with big numbers.
func TestFingerprint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var items []Item
		for n := range rapid.IntRange(0, 900).Draw(t, "size") {
			it := item(int64(n), n)
			if rapid.Bool().Draw(t, "high") { // so that sums overflow
				it.ID[31] = 0xff
			}
			items = append(items, it)
		}
		v := NewSet(slices.Clone(items))
		lower := rapid.IntRange(0, len(items)).Draw(t, "lower")
		upper := rapid.IntRange(lower, len(items)).Draw(t, "upper")
		sum := new(big.Int)
		for _, it := range items[lower:upper] {
			littleEndian := it.ID
			slices.Reverse(littleEndian[:])
			sum.Add(sum, new(big.Int).SetBytes(littleEndian[:]))
		}
		sum.Mod(sum, new(big.Int).Lsh(big.NewInt(1), 256))
		b := sum.FillBytes(make([]byte, 32))
		slices.Reverse(b)
		n := upper - lower
		if n >= 128 {
			b = append(b, byte(n>>7)|0x80)
		}
		want := sha256.Sum256(append(b, byte(n&0x7f)))
		if got := v.fingerprint(lower, upper); !bytes.Equal(got[:], want[:fingerprintSize]) {
			t.Errorf("items %d to %d: got %x, want %x", lower, upper, got, want[:fingerprintSize])
		}
	})
}

func TestVarint(t *testing.T) {
	for v, want := range map[uint64]string{
		0: "\x00", 1: "\x01", 127: "\x7f", 128: "\x81\x00", 16383: "\xff\x7f", 16384: "\x81\x80\x00",
		math.MaxUint64: "\x81\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
	} {
		if got := string(appendVarint(nil, v)); got != want {
			t.Errorf("%d: got %x, want %x", v, got, want)
		}
		r := reader{b: []byte(want)}
		if got, err := r.varint(); err != nil || got != v || len(r.b) != 0 {
			t.Errorf("%x: got %d, %v", want, got, err)
		}
	}
	for _, bad := range []string{
		"", "\x80", "\x81", "\x80\x01", "\x82\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
		"\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00",
	} {
		r := reader{b: []byte(bad)}
		if got, err := r.varint(); !errors.Is(err, ErrMessage) {
			t.Errorf("%x: got %d, %v", bad, got, err)
		}
	}
}

func TestVersions(t *testing.T) {
	r := New(NewSet(nil), 0)
	if reply, err := r.Reconcile([]byte{0x62, 1, 2, 3}); err != nil || !bytes.Equal(reply, []byte{0x61}) {
		t.Errorf("version 2: got %x, %v", reply, err)
	}
	if _, _, _, err := r.ReconcileInitiator([]byte{0x60}); !errors.Is(err, ErrVersion) {
		t.Errorf("version 0 from a responder: error %v", err)
	}
}

func TestHostileMessages(t *testing.T) {
	r := New(NewSet([]Item{item(1, 1), item(2, 2)}), 0)
	id := strings.Repeat("x", 32)
	for name, message := range map[string]string{
		"nothing":                    "",
		"no version":                 "\x00",
		"a bound cut off":            "a\x81",
		"a bound without an id":      "a\x05",
		"an id too long":             "a\x05\x21" + id + "x\x00",
		"an id cut off":              "a\x05\x20" + id[1:],
		"no mode":                    "a\x00\x00",
		"an unknown mode":            "a\x00\x00\x03",
		"a fingerprint cut off":      "a\x00\x00\x01" + id[:15],
		"ids cut off":                "a\x00\x00\x02\x02" + id + id[1:],
		"more ids than there can be": "a\x00\x00\x02\x81\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
		"no number of ids":           "a\x00\x00\x02",
		"ranges that go backwards":   "a\x05\x01b\x00\x01\x01a\x00",
		"a timestamp of infinity": "a\x81\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x00\x00" +
			"\x81\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x00\x00",
	} {
		if reply, err := r.Reconcile([]byte(message)); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: got %x, error %v", name, reply, err)
		}
		if _, have, need, err := r.ReconcileInitiator([]byte(message)); !errors.Is(err, ErrMessage) {
			t.Errorf("%s, to the initiator: got %x, %x, error %v", name, have, need, err)
		}
	}
}

// FuzzReconcile holds that no message breaks either side or makes it write more than its limit.
func FuzzReconcile(f *testing.F) {
	var ours, theirs []Item
	for n := range 200 {
		ours, theirs = append(ours, item(int64(n/3), n)), append(theirs, item(int64(n/3), n+n/100))
	}
	message := New(NewSet(theirs), 0).Initiate()
	f.Add(message)
	reply, err := New(NewSet(ours), 0).Reconcile(message)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(reply)
	f.Add([]byte("a\x00\x00\x02\x00\x00\x00\x02\x00"))
	f.Fuzz(func(t *testing.T, message []byte) {
		known := func(err error) bool { return err == nil || errors.Is(err, ErrMessage) || errors.Is(err, ErrVersion) }
		r := New(NewSet(slices.Clone(ours)), minFrame)
		reply, err := r.Reconcile(message)
		if !known(err) || len(reply) > minFrame {
			t.Errorf("responder: %d bytes, %v", len(reply), err)
		}
		reply, have, need, err := r.ReconcileInitiator(message)
		if !known(err) || len(reply) > minFrame || len(have) > len(ours) || 32*len(need) > len(message) {
			t.Errorf("initiator: %d bytes, %d have, %d need, %v", len(reply), len(have), len(need), err)
		}
	})
}
