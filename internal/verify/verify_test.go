package verify

import (
	"errors"
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
	batchOfOne := func(e *nostr.Event) (Event, error) {
		verified, errs := New(Config{}).Batch([]Claim{{Event: e}})
		return verified[0], errs[0]
	}
	own := func(e *nostr.Event) (Event, error) {
		verified, errs := New(Config{Own: e.PubKey}).Batch([]Claim{{Event: e}})
		return verified[0], errs[0]
	}
	for name, c := range map[string]struct {
		check func(*nostr.Event) (Event, error)
		size  int
		want  error
	}{
		"others', as large as may be":            {One, MaxSize, nil},
		"others', too large":                     {One, MaxSize + 1, ErrTooLarge},
		"others' in a batch, as large as may be": {batchOfOne, MaxSize, nil},
		"others' in a batch, too large":          {batchOfOne, MaxSize + 1, ErrTooLarge},
		"own, as large as may be":                {own, MaxOwnSize, nil},
		"own, too large":                         {own, MaxOwnSize + 1, ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := c.check(withSize(c.size)); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
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
