package account

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

var noon = time.Unix(1_760_000_000, 0)

func wait(t *testing.T, err error) time.Duration {
	t.Helper()
	if err == nil {
		return 0
	}
	var tooMany *TooManyGuesses
	if !errors.As(err, &tooMany) {
		t.Fatalf("got %v, want *TooManyGuesses", err)
	}
	return tooMany.RetryAfter
}

func TestGuessesBackOffByName(t *testing.T) {
	g, now := newGuesses(), noon
	var waits []time.Duration
	for i := range 18 {
		if w := wait(t, g.allow("mina", "", now)); w != 0 {
			t.Fatalf("guess %d: must still wait %v after waiting", i, w)
		}
		g.missed("mina", fmt.Sprintf("192.0.2.%d:99", i), now)
		w := wait(t, g.allow("mina", "198.51.100.1", now))
		waits = append(waits, w)
		now = now.Add(w)
	}
	want := []time.Duration{0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900}
	for i := range want {
		if waits[i] != want[i]*time.Second {
			t.Fatalf("waits %v, want %v seconds", waits, want)
		}
	}
	g.missed("mina", "192.0.2.1", now)
	if err := g.allow("jun", "198.51.100.1", now); err != nil {
		t.Errorf("another name has to wait: %v", err)
	}
	if err := g.allow("mina", "", now.Add(forgetAfter+time.Minute)); err != nil {
		t.Errorf("not forgotten after an hour: %v", err)
	}
	if len(g.names) != 0 || len(g.addrs) != 0 {
		t.Errorf("%d names and %d addresses are still in memory", len(g.names), len(g.addrs))
	}
}

func TestGuessesBackOffByAddress(t *testing.T) {
	g := newGuesses()
	for i := range freeMissesAddr {
		if err := g.allow(fmt.Sprint("name", i), "[2001:db8::1]:80", noon); err != nil {
			t.Fatalf("guess %d: %v", i, err)
		}
		g.missed(fmt.Sprint("name", i), fmt.Sprintf("[2001:db8::%x]:80", i), noon)
	}
	if w := wait(t, g.allow("fresh", "2001:db8::ffff", noon)); w != time.Second {
		t.Errorf("the /64 waits %v, want 1s", w)
	}
	if err := g.allow("fresh", "2001:db8:1::1", noon); err != nil {
		t.Errorf("another network has to wait: %v", err)
	}
	g.hit("name1")
	if g.allow("fresh", "2001:db8::ffff", noon) == nil {
		t.Error("one right guess cleared the address")
	}
	for i := range freeMissesAddr {
		g.missed(fmt.Sprint("local", i), fmt.Sprintf("127.0.0.1:%d", i), noon)
	}
	if err := g.allow("fresh", "127.0.0.1:99", noon); err != nil {
		t.Errorf("the proxy on this machine has to wait for one client: %v", err)
	}
}

func TestGuessesAltogether(t *testing.T) {
	g := newGuesses()
	refused := 0
	for i := range guessesAtOnce + 50 {
		if g.allow(fmt.Sprint(i), fmt.Sprintf("10.0.%d.%d", i/250, i%250), noon) != nil {
			refused++
		}
	}
	if refused != 50 {
		t.Errorf("%d refused, want 50", refused)
	}
	if err := g.allow("later", "10.9.9.9", noon.Add(time.Second)); err != nil {
		t.Errorf("a second later: %v", err)
	}
}

// TestGuessesAreForgotten: whoever missed is known for less than an hour, though nobody guesses again.
func TestGuessesAreForgotten(t *testing.T) {
	now := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	a := &Accounts{guesses: newGuesses(), cfg: Config{Now: func() time.Time { return now }}}
	a.guesses.missed("mira", "192.0.2.7:5000", now)
	for range 6 {
		now = now.Add(10 * time.Minute)
		a.Sweep()
	}
	if len(a.guesses.names)+len(a.guesses.addrs) != 0 {
		t.Errorf("after an hour: %v, %v", a.guesses.names, a.guesses.addrs)
	}
}
