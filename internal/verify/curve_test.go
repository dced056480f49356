package verify

import (
	"encoding/csv"
	"encoding/hex"
	"errors"
	"math/big"
	"os"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/secp256k1/fr"

	"madang/internal/nostr"
)

// roads are the ways in which a signature may be checked. All must say the same.
func roads(c *curve, companion term) map[string]func(*nostr.PubKey, *nostr.ID, *nostr.Sig) error {
	batch := func(with ...term) func(*nostr.PubKey, *nostr.ID, *nostr.Sig) error {
		return func(pk *nostr.PubKey, id *nostr.ID, sig *nostr.Sig) error {
			t, err := c.term(pk, id, sig)
			if err == nil && !c.sumIsZero(append(with, t)) {
				err = errForged
			}
			return err
		}
	}
	return map[string]func(*nostr.PubKey, *nostr.ID, *nostr.Sig) error{
		"btcec": checkSignature, "alone": c.check, "a batch of one": batch(), "a batch of two": batch(companion),
	}
}

func newCompanion(tb testing.TB, c *curve) term {
	tb.Helper()
	e := sign(tb, &nostr.Event{Content: "a good one"})
	t, err := c.term(&e.PubKey, &e.ID, &e.Sig)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// TestBIP340 checks BIP-340's own vectors on every road.
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
	c := newCurve()
	ways := roads(c, newCompanion(t, c))
	checked := 0
	for _, row := range rows[1:] {
		if len(row[4]) != 64 { // the last four sign messages of other lengths than an id's
			continue
		}
		checked++
		pk, id, sig := nostr.PubKey(unhex(t, row[2])), nostr.ID(unhex(t, row[4])), nostr.Sig(unhex(t, row[5]))
		for name, check := range ways {
			if err := check(&pk, &id, &sig); (err == nil) != (row[6] == "TRUE") {
				t.Errorf("vector %s (%s), %s: error %v, want %s", row[0], row[7], name, err, row[6])
			}
		}
	}
	if checked != 15 {
		t.Errorf("checked %d vectors, want 15", checked)
	}
}

// Numbers at which curve and field end, big-endian.
const (
	hexZero   = "0000000000000000000000000000000000000000000000000000000000000000"
	hexOrder  = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141" // n
	hexNoMore = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140" // n - 1
	hexField  = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f" // p
	hexAbove  = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30" // p + 1: 1 is on the curve
	hexFive   = "0000000000000000000000000000000000000000000000000000000000000005" // not on the curve
	hexAll    = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
)

// TestEdges puts such numbers in the place of each part of a good signature. None is reduced.
func TestEdges(t *testing.T) {
	good := sign(t, &nostr.Event{})
	set := func(dst []byte, number string) { copy(dst, unhex(t, number)) }
	c := newCurve()
	ways := roads(c, newCompanion(t, c))
	for _, e := range []struct {
		part, number string
		want         error
	}{
		{"s", hexOrder, errS}, {"s", hexField, errS}, {"s", hexAll, errS},
		{"s", hexZero, errForged}, {"s", hexNoMore, errForged},
		{"r", hexField, errR}, {"r", hexAbove, errR}, {"r", hexAll, errR},
		{"key", hexField, errKey}, {"key", hexAbove, errKey}, {"key", hexFive, errKey}, {"key", hexZero, errKey},
	} {
		pk, sig := good.PubKey, good.Sig
		switch e.part {
		case "s":
			set(sig[32:], e.number)
		case "r":
			set(sig[:32], e.number)
		case "key":
			set(pk[:], e.number)
		}
		for name, check := range ways {
			if err := check(&pk, &good.ID, &sig); !errors.Is(err, e.want) {
				t.Errorf("%s = %s, %s: error %v, want %v", e.part, e.number, name, err, e.want)
			}
		}
	}
	for _, number := range []string{hexFive, hexZero} { // no point has this x: alone the sum differs, together R fails
		sig := good.Sig
		set(sig[:32], number)
		for name, check := range ways {
			if err := check(&good.PubKey, &good.ID, &sig); !errors.Is(err, ErrSignature) {
				t.Errorf("r = %s, %s: error %v", number, name, err)
			}
		}
	}
}

// TestInfinity has s = e⋅d, so that R is the point at infinity, which no r stands for.
func TestInfinity(t *testing.T) {
	sk := nostr.SecretKey{31: 1} // its point is G, whose y is even
	pk := sk.PubKey()
	var id nostr.ID
	c := newCurve()
	ways := roads(c, newCompanion(t, c))
	for _, r := range []string{hexZero, pk.String()} {
		var sig nostr.Sig
		copy(sig[:32], unhex(t, r))
		e := challenge(&sig, &pk, &id)
		s := e.Bytes()
		copy(sig[32:], s[:])
		for name, check := range ways {
			if err := check(&pk, &id, &sig); !errors.Is(err, ErrSignature) {
				t.Errorf("r = %s, %s: error %v", r, name, err)
			}
		}
	}
}

// TestForgeriesDoNotCancelOut has two signatures whose errors are opposite: only random coefficients tell their sum
// from that of good ones.
func TestForgeriesDoNotCancelOut(t *testing.T) {
	a, b := sign(t, &nostr.Event{Content: "a"}), sign(t, &nostr.Event{Content: "b"})
	c := newCurve()
	read := func(e *nostr.Event) term {
		t.Helper()
		read, err := c.term(&e.PubKey, &e.ID, &e.Sig)
		if err != nil {
			t.Fatal(err)
		}
		return read
	}
	x, y := read(a), read(b)
	if !c.sumIsZero([]term{x, y}) {
		t.Fatal("good ones are refused")
	}
	one := fr.One()
	x.s.Add(&x.s, &one)
	y.s.Sub(&y.s, &one)
	for _, terms := range [][]term{{x, y}, {y, x}, {newCompanion(t, c), x, y}} {
		if c.sumIsZero(terms) {
			t.Error("they cancelled out")
		}
	}
}

// TestMultiples checks the table of the generator's multiples by whom a private key belongs to.
func TestMultiples(t *testing.T) {
	c := newCurve()
	check := func(sk nostr.SecretKey) {
		t.Helper()
		var s fr.Element
		if err := s.SetBytesCanonical(sk[:]); err != nil {
			t.Fatal(err)
		}
		product := c.multiply(&s)
		x := c.generator
		x.FromJacobian(&product)
		if got := x.X.Bytes(); nostr.PubKey(got) != sk.PubKey() {
			t.Errorf("%x⋅G = %x, want %s", sk, got, sk.PubKey())
		}
	}
	for bit := range 256 {
		n := new(big.Int).Lsh(big.NewInt(1), uint(bit))
		var sk nostr.SecretKey
		n.FillBytes(sk[:])
		check(sk)
	}
	check(nostr.SecretKey(unhex(t, hexNoMore)))
	for range 20 {
		sk, err := nostr.GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		check(sk)
	}
}

func TestKeysAreBounded(t *testing.T) {
	c := newCurve()
	for i := range maxKeys + 200 {
		var pk nostr.PubKey
		pk[0], pk[1] = byte(i>>8), byte(i)
		first, ok := c.lift(&pk)
		again, okAgain := c.lift(&pk)
		if ok != okAgain || first != again {
			t.Fatalf("%s is another point the second time", pk)
		}
	}
	for i := range 2 * maxKeys { // about half are on the curve
		c.lift(&nostr.PubKey{5: byte(i >> 8), 6: byte(i)})
	}
	if len(c.keys) != maxKeys {
		t.Errorf("%d keys, want %d", len(c.keys), maxKeys)
	}
}

// FuzzSignature holds that every road says the same of any signature. The input is what is wrong with a good one, so
// that what is nearly right is tried as well as what is not right at all.
func FuzzSignature(f *testing.F) {
	good := sign(f, &nostr.Event{Content: "good"})
	c := newCurve()
	ways := roads(c, newCompanion(f, c))
	f.Add(make([]byte, 128))
	f.Add(append(make([]byte, 127), 1))
	f.Add(append([]byte{0xff}, make([]byte, 127)...))
	f.Fuzz(func(t *testing.T, wrong []byte) {
		if len(wrong) != 128 {
			return
		}
		pk, id, sig := good.PubKey, good.ID, good.Sig
		for i := range 32 {
			pk[i] ^= wrong[i]
			id[i] ^= wrong[32+i]
		}
		for i := range sig {
			sig[i] ^= wrong[64+i]
		}
		want := checkSignature(&pk, &id, &sig)
		for name, check := range ways {
			if err := check(&pk, &id, &sig); (err == nil) != (want == nil) {
				t.Errorf("%s: error %v, want %v", name, err, want)
			}
		}
	})
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
