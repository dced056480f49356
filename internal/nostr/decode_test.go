package nostr

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

var (
	idHex     = strings.Repeat("1a", 32)
	pubkeyHex = strings.Repeat("2b", 32)
	sigHex    = strings.Repeat("3c", 64)
)

// fields returns an event's JSON with some fields' text replaced, added, or (by "") left out.
func fields(replace map[string]string) string {
	values := map[string]string{
		"id": `"` + idHex + `"`, "pubkey": `"` + pubkeyHex + `"`, "sig": `"` + sigHex + `"`,
		"created_at": "1700000000", "kind": "1", "tags": `[["t","x"]]`, "content": `"hello"`,
	}
	for name, text := range replace {
		values[name] = text
	}
	var parts []string
	for name, text := range values {
		if text != "" {
			parts = append(parts, `"`+name+`":`+text)
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func TestDecodeEvent(t *testing.T) {
	got, err := DecodeEvent([]byte(" \t\r\n" + fields(nil) + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := &Event{CreatedAt: 1700000000, Kind: 1, Tags: Tags{{"t", "x"}}, Content: "hello"}
	want.ID, _ = ParseID(idHex)
	want.PubKey, _ = ParsePubKey(pubkeyHex)
	sig, _ := hex.DecodeString(sigHex)
	want.Sig = Sig(sig)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestDecodeEventFields(t *testing.T) {
	quoted := func(s string) string { return `"` + s + `"` }
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	manyTags := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat(`["t"],`, n), ",") + "]" }
	for _, c := range []struct {
		field, text string
		ok          bool
	}{
		{"id", "", false},
		{"id", quoted(idHex[1:]), false},
		{"id", quoted(idHex + "0"), false},
		{"id", quoted(strings.ToUpper(idHex)), false},
		{"id", quoted(idHex[1:] + "g"), false},
		{"id", quoted(idHex[1:] + "é"[:1]), false},
		{"id", quoted(`\u0031` + idHex[1:]), true},
		{"id", "null", false},
		{"pubkey", "", false},
		{"pubkey", quoted(strings.ToUpper(pubkeyHex)), false},
		{"pubkey", "12", false},
		{"sig", "", false},
		{"sig", quoted(sigHex[2:]), false},
		{"sig", quoted(sigHex + "00"), false},

		{"created_at", "", false},
		{"created_at", "0", true},
		{"created_at", "9007199254740991", true},
		{"created_at", "9007199254740992", false},
		{"created_at", "18446744073709551617", false},
		{"created_at", strings.Repeat("9", 400), false},
		{"created_at", "-1", false},
		{"created_at", "-0", false},
		{"created_at", "+1", false},
		{"created_at", "07", false},
		{"created_at", "00", false},
		{"created_at", "1.0", false},
		{"created_at", "1e3", false},
		{"created_at", "1E3", false},
		{"created_at", "0x10", false},
		{"created_at", "1_0", false},
		{"created_at", "1 0", false},
		{"created_at", `"1"`, false},
		{"created_at", "null", false},
		{"created_at", "true", false},
		{"kind", "", false},
		{"kind", "0", true},
		{"kind", "65535", true},
		{"kind", "65536", false},
		{"kind", "-1", false},
		{"kind", "1.0", false},

		{"tags", "", false},
		{"tags", "null", false},
		{"tags", "{}", false},
		{"tags", "[]", true},
		{"tags", "[ [ \"a\" , \"b\" ] , [ \"c\" ] ]", true},
		{"tags", "[[]]", false},
		{"tags", `[["a"],[]]`, false},
		{"tags", `[["a"],]`, false},
		{"tags", `[["a",]]`, false},
		{"tags", `[,["a"]]`, false},
		{"tags", `[["a"]["b"]]`, false},
		{"tags", `[["a" "b"]]`, false},
		{"tags", `[["a",1]]`, false},
		{"tags", `[["a",null]]`, false},
		{"tags", `[["a",["b"]]]`, false},
		{"tags", `["a"]`, false},
		{"tags", `[[""]]`, true},
		{"tags", manyTags(5000), true},
		{"tags", manyTags(5001), false},

		{"content", "", false},
		{"content", "null", false},
		{"content", "1", false},
		{"content", `""`, true},
		{"content", `"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00"`, true},
		{"content", "\"\x7f\u2028\u2029\ufeff\ufffd\"", true},
		{"content", `"\u0000"`, true},
		{"content", "\"\x00\"", false},
		{"content", "\"a\nb\"", false},
		{"content", "\"\x1f\"", false},
		{"content", `"\` + "\n" + `"`, false},
		{"content", `"\ud83d"`, false},
		{"content", `"\ud83dx"`, false},
		{"content", `"\ud83d\n"`, false},
		{"content", `"\ud83d\u0041"`, false},
		{"content", `"\ud83d\ud83d"`, false},
		{"content", `"\ude00"`, false},
		{"content", `"\ude00\ud83d"`, false},
		{"content", `"\u12"`, false},
		{"content", `"\u+123"`, false},
		{"content", `"\u12g4"`, false},
		{"content", `"\x41"`, false},
		{"content", `"\'"`, false},
		{"content", `'a'`, false},
		{"content", "\"\xff\"", false},
		{"content", "\"\xc0\x80\"", false},
		{"content", "\"\xed\xa0\xbd\xed\xb8\x80\"", false},

		{"other", `{"a":[1,-0.5e+3,0,-0,1E5,"\u0041",true,false,null,{},[]]}`, true},
		{"other", nested(32), true},
		{"other", nested(33), false},
		{"other", strings.Repeat(`{"a":`, 33) + "1" + strings.Repeat("}", 33), false},
		{"other", "01", false},
		{"other", "1.", false},
		{"other", ".5", false},
		{"other", "-", false},
		{"other", "1e", false},
		{"other", "1e+", false},
		{"other", "+1", false},
		{"other", "NaN", false},
		{"other", "nul", false},
		{"other", "nulls", false},
		{"other", "undefined", false},
		{"other", "{1:2}", false},
		{"other", `{"a"}`, false},
		{"other", `{"a":1,}`, false},
		{"other", `{"a":1 "b":2}`, false},
		{"other", `/* */1`, false},
		{"ID", "1", true},
	} {
		_, err := DecodeEvent([]byte(fields(map[string]string{c.field: c.text})))
		if c.ok != (err == nil) || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("%s %.80s: error %v", c.field, c.text, err)
		}
	}
}

func TestDecodeEventWhole(t *testing.T) {
	good := fields(nil)
	for name, text := range map[string]string{
		"nothing":             "",
		"white space":         "  ",
		"an array":            "[" + good + "]",
		"null":                "null",
		"cut off":             good[:len(good)-1],
		"more after it":       good + "x",
		"two":                 good + good,
		"a byte order mark":   "\ufeff" + good,
		"a comma too many":    good[:len(good)-1] + ",}",
		"a NUL after it":      good + "\x00",
		"another white space": "\v" + good,
	} {
		if _, err := DecodeEvent([]byte(text)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for _, field := range eventFields {
		for _, name := range []string{field, `\u00` + hex.EncodeToString([]byte(field[:1])) + field[1:]} {
			var parts map[string]json.RawMessage
			if err := json.Unmarshal([]byte(good), &parts); err != nil {
				t.Fatal(err)
			}
			text := good[:len(good)-1] + `,"` + name + `":` + string(parts[field]) + "}"
			if _, err := DecodeEvent([]byte(text)); err == nil || !strings.Contains(err.Error(), field+" is there twice") {
				t.Errorf("doubled %s: error %v", name, err)
			}
		}
	}
	if _, err := DecodeEvent([]byte(good[:len(good)-1] + `,"x":1,"x":2}`)); err != nil {
		t.Errorf("a doubled unknown field: %v", err)
	}
}

func TestDecodedEventKeepsNothingOfItsInput(t *testing.T) {
	text := []byte(fields(nil))
	e, err := DecodeEvent(text)
	if err != nil {
		t.Fatal(err)
	}
	clear(text)
	if e.Content != "hello" || e.Tags[0][1] != "x" {
		t.Errorf("the event changed with its input: %+v", e)
	}
}

func TestTagsCannotGrowIntoEachOther(t *testing.T) {
	e, err := DecodeEvent([]byte(fields(map[string]string{"tags": `[["a"],["b"]]`})))
	if err != nil {
		t.Fatal(err)
	}
	_ = append(e.Tags[0], "x")
	if got := e.Tags[1].Name(); got != "b" {
		t.Errorf("the second tag became %q", got)
	}
}

func TestDecodeRumor(t *testing.T) {
	for name, sig := range map[string]string{"none": "", "empty": `""`, "null": "null", "one": `"` + sigHex + `"`} {
		e, err := DecodeRumor([]byte(fields(map[string]string{"sig": sig})))
		if err != nil {
			t.Errorf("sig %s: %v", name, err)
			continue
		}
		if e.Sig != (Sig{}) {
			t.Errorf("sig %s: it was read", name)
		}
	}
	if _, err := DecodeRumor([]byte(fields(map[string]string{"id": ""}))); !errors.Is(err, ErrInvalid) {
		t.Errorf("no id: error %v", err)
	}
}

// FuzzDecodeEvent holds that what DecodeEvent accepts encoding/json reads with equal fields, and that the wire form
// comes back the same.
func FuzzDecodeEvent(f *testing.F) {
	f.Add([]byte(fields(nil)))
	f.Add([]byte(fields(map[string]string{"content": `"\ud83d\ude00\u0000\"` + "\u007f\"", "other": `[1,{"a":-0.1e5}]`})))
	f.Add([]byte(fields(map[string]string{"tags": `[["e","x",""],["\n"]]`, "kind": "65535", "created_at": "0"})))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := DecodeEvent(text)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("error %v does not wrap ErrInvalid", err)
			}
			return
		}
		// A map keeps names apart that differ in case, which a struct would not.
		var parts map[string]json.RawMessage
		if err := json.Unmarshal(text, &parts); err != nil {
			t.Fatalf("encoding/json refuses it: %v", err)
		}
		read := func(name string, v any) {
			if err := json.Unmarshal(parts[name], v); err != nil {
				t.Errorf("encoding/json refuses %s: %v", name, err)
			}
		}
		var id, pubkey, sig string
		want := &Event{ID: e.ID, PubKey: e.PubKey, Sig: e.Sig}
		read("id", &id)
		read("pubkey", &pubkey)
		read("sig", &sig)
		read("created_at", &want.CreatedAt)
		read("kind", &want.Kind)
		read("tags", &want.Tags)
		read("content", &want.Content)
		if id != e.ID.String() || pubkey != e.PubKey.String() || sig != e.Sig.String() || !reflect.DeepEqual(e, want) {
			t.Errorf("got %+v, encoding/json %+v", e, want)
		}
		again, err := DecodeEvent(e.AppendJSON(nil))
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Errorf("wire form %s came back as %+v, %v", e.AppendJSON(nil), again, err)
		}
		if !json.Valid(e.AppendCanonical(nil)) {
			t.Errorf("canonical form is not JSON: %s", e.AppendCanonical(nil))
		}
	})
}

func BenchmarkDecodeEvent(b *testing.B) {
	text := benchmarkEvent.AppendJSON(nil)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeEvent(text); err != nil {
			b.Fatal(err)
		}
	}
}

var benchmarkEvent = &Event{
	CreatedAt: 1700000000, Kind: 1,
	Tags:    Tags{{"e", idHex, "ws://10.0.0.1", "reply"}, {"p", pubkeyHex}, {"t", "market"}, {"t", "fish"}},
	Content: strings.Repeat("The boat with the post is late by a day.\n", 8),
}
