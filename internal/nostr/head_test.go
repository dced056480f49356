package nostr

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestDecodeHead wants what DecodeEvent finds, without content and signature.
func TestDecodeHead(t *testing.T) {
	for name, e := range map[string]*Event{
		"plain":       {CreatedAt: 7, Kind: 1, Tags: Tags{{"p", "x", "y"}, {"-"}, {"t", ""}}, Content: "text"},
		"no tags":     {CreatedAt: 0, Kind: 0, Tags: Tags{}, Content: "x"},
		"largest":     {CreatedAt: maxSafeInteger, Kind: 65535, Tags: Tags{{"a"}}, Content: ""},
		"misleading":  {Kind: 1, Tags: Tags{{"t", `],"content":"`}, {`],"content":"`}}, Content: `],"content":"`},
		"backslashes": {Kind: 1, Tags: Tags{{`\`, `\\"`}, {"\n", "\x00"}}, Content: `\`},
		"many tags":   {Kind: 3, Tags: slices.Repeat(Tags{{"p", "x"}}, 300), Content: "x"},
	} {
		e.ID[0], e.ID[31], e.PubKey[3], e.Sig[5] = 0xab, 0xff, 0x09, 1
		whole, err := DecodeEvent(e.AppendJSON(nil))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := DecodeHead(e.AppendJSON(nil))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		whole.Content, whole.Sig = "", Sig{}
		if !reflect.DeepEqual(got, whole) {
			t.Errorf("%s: got %+v, want %+v", name, got, whole)
		}
	}
}

func TestDecodeHeadRefuses(t *testing.T) {
	e := &Event{CreatedAt: 7, Kind: 1, Tags: Tags{{"p", "x"}}, Content: "text"}
	good := string(e.AppendJSON(nil))
	for _, bad := range []string{
		"", "{}", " " + good, good[:100], good[:len(good)-150],
		strings.Replace(good, `{"id":"00`, `{"id":"0G`, 1),
		strings.Replace(good, `"pubkey":"00`, `"pubkey":"A0`, 1),
		strings.Replace(good, `"kind":1`, `"kind":65536`, 1),
		strings.Replace(good, `"kind":1`, `"kind":-1`, 1),
		strings.Replace(good, `"created_at":7`, `"created_at":9007199254740992`, 1),
		strings.Replace(good, `["p","x"]`, `["p",1]`, 1),
		strings.Replace(good, `["p","x"]`, `[]`, 1),
	} {
		if bad == good {
			t.Fatal("nothing replaced")
		}
		if got, err := DecodeHead([]byte(bad)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: got %v, %v", bad, got, err)
		}
	}
}

// FuzzDecodeHead wants of any event what DecodeEvent finds.
func FuzzDecodeHead(f *testing.F) {
	f.Add([]byte(fields(nil)))
	f.Fuzz(func(t *testing.T, b []byte) {
		DecodeHead(b) // must not panic
		e, err := DecodeEvent(b)
		if err != nil {
			return
		}
		got, err := DecodeHead(e.AppendJSON(nil))
		if err != nil {
			t.Fatal(err)
		}
		e.Content, e.Sig = "", Sig{}
		if !reflect.DeepEqual(got, e) {
			t.Errorf("got %+v, want %+v", got, e)
		}
	})
}

func BenchmarkDecodeHead(b *testing.B) {
	e := &Event{CreatedAt: 1_700_000_000, Kind: 1, Content: strings.Repeat("text ", 100),
		Tags: Tags{{"e", ID{}.String()}, {"p", PubKey{}.String()}, {"t", "news"}}}
	json := e.AppendJSON(nil)
	for b.Loop() {
		if _, err := DecodeHead(json); err != nil {
			b.Fatal(err)
		}
	}
}
