package nostr

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

// TestCanonicalAgreesWithNostrTools reads what the library of the web client made of odd strings.
func TestCanonicalAgreesWithNostrTools(t *testing.T) {
	text, err := os.ReadFile("../../testdata/nostr/canonical.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			Event     json.RawMessage
			Canonical string
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Vectors) < 10 {
		t.Fatalf("%d vectors", len(file.Vectors))
	}
	for _, v := range file.Vectors {
		e, err := DecodeRumor(v.Event)
		if err != nil {
			t.Errorf("%s: %v", v.Event, err)
			continue
		}
		if got := string(e.AppendCanonical(nil)); got != v.Canonical {
			t.Errorf("canonical form\n got %q\nwant %q", got, v.Canonical)
		}
		if e.ComputeID() != e.ID {
			t.Errorf("id of %q: got %v, want %v", e.Content, e.ComputeID(), e.ID)
		}
	}
}

func TestAppendStringEscapes(t *testing.T) {
	for in, want := range map[string]string{
		"":                   `""`,
		"\"\\\b\f\n\r\t":     `"\"\\\b\f\n\r\t"`,
		"\x00\x0b\x1b\x1f":   `"\u0000\u000b\u001b\u001f"`,
		"/<>&'\x7f\u2028é마😀": "\"/<>&'\x7f\u2028é마😀\"",
	} {
		if got := string(appendString(nil, in)); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestWireForm(t *testing.T) {
	e := &Event{CreatedAt: 7, Kind: 1, Tags: Tags{{"a", "b"}, {"c"}}, Content: "x"}
	e.ID[0], e.PubKey[0], e.Sig[0] = 1, 2, 3
	zeros := func(n int) string { return string(bytes.Repeat([]byte("0"), n)) }
	rumor := `{"id":"01` + zeros(62) + `","pubkey":"02` + zeros(62) +
		`","created_at":7,"kind":1,"tags":[["a","b"],["c"]],"content":"x"`
	if got, want := string(e.AppendJSON([]byte("before"))), "before"+rumor+`,"sig":"03`+zeros(126)+`"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := string(e.AppendRumor(nil)), rumor+"}"; got != want {
		t.Errorf("rumor: got %s, want %s", got, want)
	}
	byJSON, err := json.Marshal(e)
	if err != nil || string(byJSON) != string(e.AppendJSON(nil)) {
		t.Errorf("encoding/json: %s, %v", byJSON, err)
	}
	var back Event
	if err := json.Unmarshal(byJSON, &back); err != nil || back.ID != e.ID {
		t.Errorf("from encoding/json: %+v, %v", back, err)
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		dst = benchmarkEvent.AppendJSON(dst[:0])
	}
}

func BenchmarkComputeID(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		benchmarkEvent.ComputeID()
	}
}
