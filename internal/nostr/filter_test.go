package nostr

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestDecodeFilter(t *testing.T) {
	id, pk := `"`+idHex+`"`, `"`+pubkeyHex+`"`
	many := func(n int, value string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(value+",", n), ",") + "]"
	}
	for _, c := range []struct {
		text string
		ok   bool
	}{
		{`{}`, true},
		{` { } `, true},
		{`{"ids":[` + id + `],"authors":[` + pk + `],"kinds":[0,65535],"since":0,"until":1,"limit":0}`, true},
		{`{"ids":[]}`, true},
		{`{"ids":null}`, false},
		{`{"ids":` + id + `}`, false},
		{`{"ids":["` + idHex[:8] + `"]}`, false},
		{`{"ids":["` + strings.ToUpper(idHex) + `"]}`, false},
		{`{"ids":` + many(1000, id) + `}`, true},
		{`{"ids":` + many(1001, id) + `}`, false},
		{`{"ids":[` + id + `],"ids":[` + id + `]}`, false},
		{`{"authors":["npub1"]}`, false},
		{`{"authors":` + many(1001, pk) + `}`, false},
		{`{"kinds":[65536]}`, false},
		{`{"kinds":[-1]}`, false},
		{`{"kinds":[1.0]}`, false},
		{`{"kinds":["1"]}`, false},
		{`{"kinds":1}`, false},
		{`{"kinds":` + many(1001, "1") + `}`, false},
		{`{"since":-1}`, false},
		{`{"since":1.5}`, false},
		{`{"since":"1"}`, false},
		{`{"since":null}`, false},
		{`{"since":1,"since":1}`, false},
		{`{"until":9223372036854775807}`, true},
		{`{"until":9223372036854775808}`, false},
		{`{"limit":-1}`, false},
		{`{"limit":1e3}`, false},
		{`{"limit":99999999999}`, true},
		{`{"#e":[` + id + `]}`, true},
		{`{"#e":["x"]}`, false},
		{`{"#e":["` + strings.ToUpper(idHex) + `"]}`, false},
		{`{"#p":[` + pk + `],"#P":["any"],"#t":["","마당"]}`, true},
		{`{"#p":["x"]}`, false},
		{`{"#t":["a"],"#t":["b"]}`, false},
		{`{"#t":["a"],"\u0023t":["b"]}`, false},
		{`{"#t":[1]}`, false},
		{`{"#t":"a"}`, false},
		{`{"#t":` + many(1000, `"a"`) + `}`, true},
		{`{"#t":` + many(1001, `"a"`) + `}`, false},
		{`{"#tt":["a"]}`, false},
		{`{"#":["a"]}`, false},
		{`{"#1":["a"]}`, false},
		{`{"#é":["a"]}`, false},
		{`{"#[":["a"]}`, false},
		{`{"#@":["a"]}`, false},
		{`{"#` + "`" + `":["a"]}`, false},
		{`{"search":"bus to town"}`, true},
		{`{"search":1}`, false},
		{`{"search":"` + strings.Repeat("x", 1025) + `"}`, false},
		{`{"other":[1,{"a":null}],"other":2,"Kinds":"x"}`, true},
		{`{"other":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, false},
		{`{"kinds":[1]}x`, false},
		{`[]`, false},
		{`null`, false},
		{``, false},
		{"{\"#t\":[\"\xff\"]}", false},
	} {
		_, err := DecodeFilter([]byte(c.text))
		if c.ok != (err == nil) || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("%.80s: error %v", c.text, err)
		}
	}
}

func TestDecodeFilterValues(t *testing.T) {
	got, err := DecodeFilter([]byte(`{"ids":["` + idHex + `"],"authors":[],"kinds":[1,30023],"#t":["a","b"],"#E":["c"],
		"since":5,"until":9,"limit":99999999999,"search":"x","other":1}`))
	if err != nil {
		t.Fatal(err)
	}
	id, _ := ParseID(idHex)
	want := Filter{
		IDs: []ID{id}, Authors: []PubKey{}, Kinds: []uint16{1, 30023},
		Tags:  []TagFilter{{'t', []string{"a", "b"}}, {'E', []string{"c"}}},
		Since: 5, Until: 9, Limit: math.MaxInt32, Search: "x",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, err := DecodeFilter([]byte(`{}`)); err != nil || !reflect.DeepEqual(got, All()) {
		t.Errorf("{} is %+v, %v", got, err)
	}
}

func TestFilterMatches(t *testing.T) {
	e := &Event{CreatedAt: 100, Kind: 1, Tags: Tags{{"t", "a"}, {"t", "b", "c"}, {"x"}, {"tt", "d"}, {""}}}
	e.ID[0], e.PubKey[0] = 1, 2
	id, pk, other := `"`+e.ID.String()+`"`, `"`+e.PubKey.String()+`"`, `"`+idHex+`"`
	for text, want := range map[string]bool{
		`{}`:                                   true,
		`{"limit":0}`:                          true,
		`{"ids":[` + id + `]}`:                 true,
		`{"ids":[` + other + `,` + id + `]}`:   true,
		`{"ids":[` + other + `]}`:              false,
		`{"ids":[]}`:                           false,
		`{"authors":[` + pk + `]}`:             true,
		`{"authors":[` + other + `]}`:          false,
		`{"authors":[]}`:                       false,
		`{"kinds":[0,1]}`:                      true,
		`{"kinds":[0]}`:                        false,
		`{"kinds":[]}`:                         false,
		`{"since":100}`:                        true,
		`{"since":101}`:                        false,
		`{"until":100}`:                        true,
		`{"until":99}`:                         false,
		`{"until":0}`:                          false,
		`{"#t":["b"]}`:                         true,
		`{"#t":["c"]}`:                         false,
		`{"#t":["d"]}`:                         false,
		`{"#t":[]}`:                            false,
		`{"#T":["a"]}`:                         false,
		`{"#x":[""]}`:                          false,
		`{"#t":["a"],"kinds":[1]}`:             true,
		`{"#t":["a"],"kinds":[2]}`:             false,
		`{"#t":["a"],"#x":["a"]}`:              false,
		`{"ids":[` + id + `],"since":101}`:     false,
		`{"ids":[` + id + `],"search":"none"}`: true,
	} {
		f, err := DecodeFilter([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := f.Matches(e); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

func TestFilterMarshal(t *testing.T) {
	for _, text := range []string{
		`{}`,
		`{"ids":[],"authors":[],"kinds":[],"#t":[]}`,
		`{"ids":["` + idHex + `","` + idHex + `"],"authors":["` + pubkeyHex + `"],"kinds":[1,2],"#t":["a\n","b"],` +
			`"#E":["c"],"since":1,"until":2,"limit":0,"search":"x"}`,
	} {
		var f Filter
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if got, err := json.Marshal(f); err != nil || string(got) != text {
			t.Errorf("%s came back as %s, %v", text, got, err)
		}
	}
}

func FuzzDecodeFilter(f *testing.F) {
	f.Add([]byte(`{"ids":["` + idHex + `"],"kinds":[1],"#t":["a"],"since":1,"until":2,"limit":3,"search":"x","o":{}}`))
	f.Add([]byte(`{"authors":[],"#p":["` + pubkeyHex + `"]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := DecodeFilter(text)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("error %v does not wrap ErrInvalid", err)
			}
			return
		}
		if !json.Valid(text) {
			t.Error("encoding/json refuses it")
		}
		again, err := DecodeFilter(got.AppendJSON(nil))
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%s came back as %+v, %v", got.AppendJSON(nil), again, err)
		}
		got.Matches(benchmarkEvent)
	})
}
