package verify

import (
	"crypto/rand"
	"crypto/sha256"
	"math/big"
	"math/bits"
	"runtime"
	"sync"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/secp256k1"
	"github.com/consensys/gnark-crypto/ecc/secp256k1/fp"
	"github.com/consensys/gnark-crypto/ecc/secp256k1/fr"

	"madang/internal/nostr"
)

// gnark-crypto computes in words of 64 bits. Where a processor has none of these, a batch pays late, and btcec checks a
// signature alone much faster.
const wide = bits.UintSize == 64

// minBatch is how many signatures it takes for a batch to cost less than checking each (BenchmarkBatch): 16, or 64
// where words are not wide.
const minBatch = 64 - 48*(bits.UintSize>>6)

// maxKeys bounds the memory of lifted keys: about 150 bytes each.
const maxKeys = 4096

// curve computes on secp256k1 in BIP-340's words: lift_x, challenge e, R = s⋅G - e⋅P.
type curve struct {
	generator secp256k1.G1Affine
	multiples [64][15]secp256k1.G1Affine // multiples[i][d-1] is d⋅16^i⋅G

	mu   sync.Mutex // guards keys; held for one look-up
	keys map[nostr.PubKey]secp256k1.G1Affine
}

// term is a signature (R, s) with all that its equation s⋅G = R + e⋅P needs.
type term struct {
	r, key secp256k1.G1Affine
	s, e   fr.Element
	pk     nostr.PubKey
}

func newCurve() *curve {
	c := &curve{keys: make(map[nostr.PubKey]secp256k1.G1Affine)}
	_, c.generator = secp256k1.Generators()
	sums := make([]secp256k1.G1Jac, 0, 64*15)
	var base secp256k1.G1Jac
	base.FromAffine(&c.generator)
	for range c.multiples {
		sum := base
		for range 15 {
			sums = append(sums, sum)
			sum.AddAssign(&base)
		}
		base = sum
	}
	affine := secp256k1.BatchJacobianToAffineG1(sums)
	for i := range c.multiples {
		copy(c.multiples[i][:], affine[15*i:])
	}
	return c
}

// check is BIP-340's Verify for one signature.
func (c *curve) check(pk *nostr.PubKey, id *nostr.ID, sig *nostr.Sig) error {
	if !wide {
		return checkSignature(pk, id, sig)
	}
	var s fr.Element
	if s.SetBytesCanonical(sig[32:]) != nil {
		return errS
	}
	key, ok := c.lift(pk)
	if !ok {
		return errKey
	}
	var x fp.Element
	if x.SetBytesCanonical(sig[:32]) != nil {
		return errR
	}
	e := challenge(sig, pk, id)
	e.Neg(&e)
	var p secp256k1.G1Jac
	p.FromAffine(&key)
	p.ScalarMultiplication(&p, e.BigInt(new(big.Int)))
	sum := c.multiply(&s)
	sum.AddAssign(&p)
	var r secp256k1.G1Affine
	r.FromJacobian(&sum)
	if r.IsInfinity() || isOdd(&r.Y) || !r.X.Equal(&x) {
		return errForged
	}
	return nil
}

// multiply returns s⋅G.
func (c *curve) multiply(s *fr.Element) (sum secp256k1.G1Jac) {
	words := s.Bits()
	for i := range c.multiples {
		if digit := words[i/16] >> (i % 16 * 4) & 15; digit != 0 {
			sum.AddMixed(&c.multiples[i][digit-1])
		}
	}
	return sum
}

// term reads a signature for sumIsZero.
func (c *curve) term(pk *nostr.PubKey, id *nostr.ID, sig *nostr.Sig) (t term, err error) {
	if t.s.SetBytesCanonical(sig[32:]) != nil {
		return t, errS
	}
	var ok bool
	if t.key, ok = c.lift(pk); !ok {
		return t, errKey
	}
	if t.r, ok = liftX(sig[:32]); !ok {
		return t, errR
	}
	t.pk, t.e = *pk, challenge(sig, pk, id)
	return t, nil
}

// sumIsZero reports whether Σ a⋅R + Σ (a⋅e)⋅P - (Σ a⋅s)⋅G is the point at infinity for random a (BIP-340, "Batch
// Verification"). Where one of the terms is a forgery that happens once in 2^128 times. Terms of the same author share
// a point.
func (c *curve) sumIsZero(terms []term) bool {
	points := make([]secp256k1.G1Affine, 0, 2*len(terms)+1)
	scalars := make([]fr.Element, 0, 2*len(terms)+1)
	keyAt := make(map[nostr.PubKey]int)
	random := make([]byte, 16*len(terms))
	rand.Read(random) // never fails
	var sum fr.Element
	for i := range terms {
		t := &terms[i]
		a := fr.One()
		if i > 0 {
			a = coefficient(random[16*i:])
		}
		var as, ae fr.Element
		sum.Add(&sum, as.Mul(&a, &t.s))
		ae.Mul(&a, &t.e)
		points, scalars = append(points, t.r), append(scalars, a)
		if at, ok := keyAt[t.pk]; ok {
			scalars[at].Add(&scalars[at], &ae)
			continue
		}
		keyAt[t.pk] = len(points)
		points, scalars = append(points, t.key), append(scalars, ae)
	}
	points, scalars = append(points, c.generator), append(scalars, *sum.Neg(&sum))
	var total secp256k1.G1Jac
	_, err := total.MultiExp(points, scalars, ecc.MultiExpConfig{NbTasks: runtime.GOMAXPROCS(0)})
	return err == nil && total.Z.IsZero()
}

// coefficient reads 128 bits.
func coefficient(random []byte) fr.Element {
	var b [fr.Bytes]byte
	copy(b[16:], random[:16])
	a, err := fr.BigEndian.Element(&b)
	if err != nil {
		panic(err) // 128 bits are below the order
	}
	return a
}

// challenge is BIP-340's e.
func challenge(sig *nostr.Sig, pk *nostr.PubKey, id *nostr.ID) (e fr.Element) {
	b := make([]byte, 0, 5*32)
	b = append(append(b, challengeTag...), challengeTag...)
	b = append(append(append(b, sig[:32]...), pk[:]...), id[:]...)
	hash := sha256.Sum256(b)
	e.SetBytes(hash[:]) // modulo the order
	return e
}

// challengeTag is SHA-256("BIP0340/challenge").
const challengeTag = "\x7b\xb5\x2d\x7a\x9f\xef\x58\x32\x3e\xb1\xbf\x7a\x40\x7d\xb3\x82" +
	"\xd2\xf3\xf2\xd8\x1b\xb1\x22\x4f\x49\xfe\x51\x8f\x6d\x48\xd3\x7c"

// lift is liftX of a key, remembered.
func (c *curve) lift(pk *nostr.PubKey) (secp256k1.G1Affine, bool) {
	c.mu.Lock()
	p, ok := c.keys[*pk]
	c.mu.Unlock()
	if ok {
		return p, true
	}
	if p, ok = liftX(pk[:]); !ok {
		return p, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.keys) >= maxKeys {
		for other := range c.keys { // any one: a map begins anywhere
			delete(c.keys, other)
			break
		}
	}
	c.keys[*pk] = p
	return p, true
}

// liftX returns the point with this x coordinate and an even y, if there is one (BIP-340's lift_x).
func liftX(x []byte) (p secp256k1.G1Affine, ok bool) {
	if p.X.SetBytesCanonical(x) != nil {
		return p, false
	}
	var square fp.Element
	_, b := secp256k1.CurveCoefficients()
	square.Square(&p.X).Mul(&square, &p.X).Add(&square, &b)
	if p.Y.Sqrt(&square) == nil {
		return p, false
	}
	if isOdd(&p.Y) {
		p.Y.Neg(&p.Y)
	}
	return p, true
}

func isOdd(y *fp.Element) bool { return y.Bits()[0]&1 == 1 }
