package dataset

import (
	"bytes"
	"os"
	"testing"

	"madang/internal/nostr"
	"madang/internal/verify"
)

// TestFile makes events twice, in one go and in two, and reads them back.
func TestFile(t *testing.T) {
	const n = 2 * blockSize
	inOne, inTwo := Cache{Dir: t.TempDir()}, Cache{Dir: t.TempDir()}
	name, err := inOne.File(t.Context(), Stored, n)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}

	other, err := inTwo.File(t.Context(), Stored, 10)
	if err != nil {
		t.Fatal(err)
	}
	interrupted, err := os.OpenFile(other, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := interrupted.WriteString("{\"id\":\"00\"}\n{"); err != nil {
		t.Fatal(err)
	}
	if err := interrupted.Close(); err != nil {
		t.Fatal(err)
	}
	if other, err = inTwo.File(t.Context(), Stored, n-1); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes made in two goes differ from %d made in one", len(got), len(want))
	}
	if average := len(want) / n; average < 950 || average > 1150 {
		t.Errorf("an event has %d bytes on average", average)
	}
	checkEvents(t, name, n)
}

// checkEvents holds that a node takes each event and that Scan reads it right.
func checkEvents(t *testing.T, name string, n int) {
	t.Helper()
	kinds := map[uint16]int{}
	addresses := map[nostr.Address]bool{}
	err := Scan(name, n, func(l Line) error {
		e, err := nostr.DecodeEvent(bytes.Clone(l.JSON))
		if err != nil {
			return err
		}
		if kinds[e.Kind]++; kinds[e.Kind] <= 20 { // signatures take a while under the race detector
			if _, err := verify.One(e); err != nil {
				return err
			}
		}
		to := ""
		if e.Kind == nostr.KindGiftWrap {
			to, _ = e.Tags.First("p")
		}
		if l.ID != e.ID || l.PubKey != e.PubKey || l.Kind != e.Kind || l.To != to {
			t.Errorf("read %s %s %d %q of %s", l.ID, l.PubKey, l.Kind, l.To, l.JSON)
		}
		if address, ok := e.Address(); ok {
			if addresses[address] {
				t.Errorf("%s replaces another", l.JSON)
			}
			addresses[address] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []uint16{nostr.KindProfile, nostr.KindNote, nostr.KindReaction, nostr.KindGiftWrap,
		nostr.KindArticle, nostr.KindAddressableVideo} {
		if kinds[kind] == 0 {
			t.Errorf("no event of kind %d", kind)
		}
	}
}

func TestScanRefuses(t *testing.T) {
	name := t.TempDir() + "/events"
	if err := os.WriteFile(name, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Scan(name, 1, func(Line) error { return nil }); err == nil {
		t.Error("what is no event was taken")
	}
	if err := Scan(name, 0, nil); err != nil {
		t.Error(err)
	}
}
