package bench

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/klauspost/compress/flate"
)

// TestNext reads messages of all lengths of head, through a buffer that some do not fit.
func TestNext(t *testing.T) {
	var wire bytes.Buffer
	var want []string
	for _, size := range []int{0, 1, 125, 126, 600, 65535, 65536, 100_000} {
		message := strings.Repeat("x", size)
		want = append(want, message)
		if err := ws.WriteFrame(&wire, ws.NewTextFrame([]byte(message))); err != nil {
			t.Fatal(err)
		}
	}
	if err := ws.WriteFrame(&wire, ws.NewCloseFrame(ws.NewCloseFrameBody(1013, "too slow"))); err != nil {
		t.Fatal(err)
	}
	all := int64(wire.Len())
	c := &client{r: bufio.NewReaderSize(&wire, 512)}
	for _, w := range want {
		got, err := c.next()
		if err != nil || string(got) != w {
			t.Fatalf("got %d bytes, %v, want %d", len(got), err, len(w))
		}
	}
	if _, err := c.next(); err == nil || !strings.Contains(err.Error(), "1013 too slow") {
		t.Errorf("error %v", err)
	}
	if c.got != all {
		t.Errorf("counted %d bytes of %d", c.got, all)
	}
}

func TestNextRefuses(t *testing.T) {
	for name, wire := range map[string]string{
		"cut off":                  "\x81\x05abc",
		"head cut off":             "\x81\x7e\x00",
		"endless":                  "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
		"fragment":                 "\x01\x01a",
		"binary":                   "\x82\x01a",
		"compressed, uncalled for": "\xc1\x01a",
	} {
		c := &client{r: bufio.NewReader(strings.NewReader(wire))}
		if m, err := c.next(); err == nil {
			t.Errorf("%s: got %q", name, m)
		}
	}
}

func TestTextFrame(t *testing.T) {
	r := bytes.NewReader(textFrame([]byte(`["CLOSE","x"]`)))
	h, err := ws.ReadHeader(r)
	if err != nil || !h.Masked || h.OpCode != ws.OpText || !h.Fin || h.Length != int64(r.Len()) {
		t.Fatalf("%+v, %v", h, err)
	}
	payload, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if ws.Cipher(payload, h.Mask, 0); string(payload) != `["CLOSE","x"]` {
		t.Errorf("got %q", payload)
	}
}

func TestAccepted(t *testing.T) {
	id := strings.Repeat("0a", 32)
	for m, want := range map[string]bool{
		`["OK","` + id + `",true,""]`:                        true,
		`["OK","` + id + `",false,"blocked: no"]`:            false,
		`["OK","` + id + `",true,"duplicate: we have that"]`: false,
		`["OK"]`: false,
	} {
		if got := accepted([]byte(m)) == nil; got != want {
			t.Errorf("%s: %v", m, got)
		}
	}
}

// TestInflate opens messages as both kinds of sender make them (RFC 7692, sections 7.2.1 and 7.1.1).
func TestInflate(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, takeover := range []bool{false, true} {
		var out bytes.Buffer
		w, err := flate.NewWriter(&out, 6)
		if err != nil {
			t.Fatal(err)
		}
		f := newInflater(takeover)
		sent, plain := 0, 0
		for range 200 {
			message := []byte(strings.Repeat("gather in the madang ", random.IntN(300)))
			for range random.IntN(50) {
				message = append(message, byte('a'+random.IntN(26)))
			}
			out.Reset()
			if !takeover {
				w.Reset(&out)
			}
			if _, err := w.Write(message); err != nil {
				t.Fatal(err)
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			compressed := bytes.TrimSuffix(out.Bytes(), []byte("\x00\x00\xff\xff"))
			got, err := f.message(compressed)
			if err != nil || !bytes.Equal(got, message) {
				t.Fatalf("takeover %v: got %d bytes, %v, want %d", takeover, len(got), err, len(message))
			}
			sent, plain = sent+len(compressed), plain+len(message)
		}
		if sent > plain/4 {
			t.Errorf("%d bytes for %d: this tests nothing", sent, plain)
		}
	}
	if _, err := newInflater(false).message([]byte("\xff\xff\xff")); err == nil {
		t.Error("what is no compressed message was taken")
	}
}
