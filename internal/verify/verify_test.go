package verify

import (
	"encoding/csv"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"

	"madang/internal/nostr"
)

func TestOne(t *testing.T) {
	signed := func() *nostr.Event {
		return sign(t, &nostr.Event{CreatedAt: 1, Kind: 1, Tags: nostr.Tags{{"t", "x"}}, Content: "hello"})
	}
	good, err := One(signed())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(good.JSON()), string(good.Event().AppendJSON(nil)); got != want {
		t.Errorf("JSON() = %s, want %s", got, want)
	}

	other := sign(t, &nostr.Event{CreatedAt: 1, Kind: 1, Content: "another"})
	for name, c := range map[string]struct {
		alter func(e *nostr.Event)
		want  error
	}{
		"content":          {func(e *nostr.Event) { e.Content += "!" }, ErrID},
		"tags":             {func(e *nostr.Event) { e.Tags = nil }, ErrID},
		"id":               {func(e *nostr.Event) { e.ID[0] ^= 1 }, ErrID},
		"sig":              {func(e *nostr.Event) { e.Sig[63] ^= 1 }, ErrSignature},
		"another's sig":    {func(e *nostr.Event) { e.Sig = other.Sig }, ErrSignature},
		"another's author": {func(e *nostr.Event) { e.PubKey = other.PubKey; e.ID = e.ComputeID() }, ErrSignature},
		"no sig":           {func(e *nostr.Event) { e.Sig = nostr.Sig{} }, ErrSignature},
		"no author":        {func(e *nostr.Event) { e.PubKey = nostr.PubKey{}; e.ID = e.ComputeID() }, ErrSignature},
	} {
		t.Run(name, func(t *testing.T) {
			e := signed()
			c.alter(e)
			got, err := One(e)
			if !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if got.Event() != nil || got.JSON() != nil {
				t.Error("an event came out of a failed check")
			}
		})
	}
}

func TestSizeLimits(t *testing.T) {
	withSize := func(n int) *nostr.Event {
		e := &nostr.Event{Kind: 1}
		e.Content = strings.Repeat("x", n-len(e.AppendJSON(nil)))
		return sign(t, e)
	}
	for name, c := range map[string]struct {
		check func(*nostr.Event) (Event, error)
		size  int
		want  error
	}{
		"others', as large as may be": {One, MaxSize, nil},
		"others', too large":          {One, MaxSize + 1, ErrTooLarge},
		"own, as large as may be":     {Own, MaxOwnSize, nil},
		"own, too large":              {Own, MaxOwnSize + 1, ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := c.check(withSize(c.size)); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
}

func TestBatch(t *testing.T) {
	events := make([]*nostr.Event, 50)
	for i := range events {
		events[i] = sign(t, &nostr.Event{CreatedAt: int64(i), Kind: 1})
		if i%3 == 0 {
			events[i].Sig[i] ^= 1
		}
	}
	verified, errs := Batch(events)
	for i, e := range events {
		bad := i%3 == 0
		if bad != errors.Is(errs[i], ErrSignature) {
			t.Errorf("event %d: error %v", i, errs[i])
		}
		if !bad && verified[i].Event() != e {
			t.Errorf("event %d is another's result", i)
		}
	}
	if verified, errs := Batch(nil); len(verified) != 0 || len(errs) != 0 {
		t.Error("an empty batch has results")
	}
}

// TestBIP340 checks BIP-340's own vectors.
func TestBIP340(t *testing.T) {
	f, err := os.Open("../../testdata/nostr/bip340.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, row := range rows[1:] {
		if len(row[4]) != 64 { // the last four sign messages of other lengths than an id's
			continue
		}
		checked++
		t.Run(row[0]+" "+row[7], func(t *testing.T) {
			pk, message, sig := nostr.PubKey(unhex(t, row[2])), unhex(t, row[4]), nostr.Sig(unhex(t, row[5]))
			if err := checkSignature(&pk, message, &sig); (err == nil) != (row[6] == "TRUE") {
				t.Errorf("error %v, want %s", err, row[6])
			}
		})
	}
	if checked != 15 {
		t.Errorf("checked %d vectors, want 15", checked)
	}
}

// TestScalarIsNotReduced holds BIP-340's "fail if s >= n", which its vectors show for s = n alone.
func TestScalarIsNotReduced(t *testing.T) {
	e := sign(t, &nostr.Event{})
	copy(e.Sig[32:], unhex(t, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"))
	if err := checkSignature(&e.PubKey, e.ID[:], &e.Sig); err == nil || !strings.Contains(err.Error(), "order") {
		t.Errorf("error %v", err)
	}
}

func BenchmarkOne(b *testing.B) {
	e := sign(b, &nostr.Event{CreatedAt: 1, Kind: 1, Tags: nostr.Tags{{"t", "x"}}, Content: strings.Repeat("hello ", 40)})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := One(e); err != nil {
			b.Fatal(err)
		}
	}
}

func sign(tb testing.TB, e *nostr.Event) *nostr.Event {
	tb.Helper()
	sk, err := nostr.GenerateKey()
	if err != nil {
		tb.Fatal(err)
	}
	if err := e.Sign(sk); err != nil {
		tb.Fatal(err)
	}
	return e
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
