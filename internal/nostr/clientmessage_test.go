package nostr

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestDecodeClientMessage(t *testing.T) {
	event, err := DecodeEvent([]byte(fields(nil)))
	if err != nil {
		t.Fatal(err)
	}
	notes := All()
	notes.Kinds = []uint16{1}
	for text, want := range map[string]ClientMessage{
		`["EVENT",` + fields(nil) + `]`:            EventMsg{event},
		` [ "EVENT" , ` + fields(nil) + ` ] `:      EventMsg{event},
		`["\u0045VENT",` + fields(nil) + `]`:       EventMsg{event},
		`["AUTH",` + fields(nil) + `]`:             AuthMsg{event},
		`["REQ","a",{}]`:                           ReqMsg{"a", []Filter{All()}},
		`["REQ","` + "마\n" + `",{"kinds":[1]},{}]`: nil,
		`["REQ","마\n",{"kinds":[1]},{}]`:           ReqMsg{"마\n", []Filter{notes, All()}},
		`["COUNT","a",{"kinds":[1]}]`:              CountMsg{"a", []Filter{notes}},
		`["CLOSE","a"]`:                            CloseMsg{"a"},
		`["NEG-OPEN","a",{},"6100Ff"]`:             NegOpenMsg{"a", All(), []byte{0x61, 0, 0xff}},
		`["NEG-MSG","a","61"]`:                     NegMsgMsg{"a", []byte{0x61}},
		`["NEG-CLOSE","a"]`:                        NegCloseMsg{"a"},
	} {
		got, err := DecodeClientMessage([]byte(text))
		if (want == nil) != (err != nil) || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestDecodeClientMessageErrors(t *testing.T) {
	badKind := fields(map[string]string{"kind": "-1"})
	for text, want := range map[string]MessageError{
		``:                                      {},
		`{}`:                                    {},
		`[]`:                                    {},
		`"EVENT"`:                               {},
		`[1]`:                                   {},
		`[null,{}]`:                             {},
		"[\"EVENT\",\"\xff\"]":                  {},
		`["` + strings.Repeat("x", 33) + `",1]`: {},
		`["FOO"]`:                               {Label: "FOO"},
		`["FOO",{"a":1}]`:                       {Label: "FOO"},
		`["event",` + badKind + `]`:             {Label: "event"},
		`["EVENT"]`:                             {Label: "EVENT"},
		`["EVENT",1]`:                           {Label: "EVENT"},
		`["EVENT",null]`:                        {Label: "EVENT"},
		`["EVENT",{}]`:                          {Label: "EVENT"},
		`["EVENT",` + badKind + `]`:             {Label: "EVENT", ID: idHex},
		`["AUTH",` + badKind + `]`:              {Label: "AUTH", ID: idHex},
		`["EVENT",{"id":"ABC"}]`:                {Label: "EVENT", ID: "ABC"},
		`["EVENT",{"id":12}]`:                   {Label: "EVENT"},
		`["EVENT",{"kind":-1,"id":"` + idHex + `"}]`:                           {Label: "EVENT", ID: idHex},
		`["EVENT",{"kind":x,"id":"` + idHex + `"}]`:                            {Label: "EVENT", ID: idHex},
		`["EVENT",{"content":"\ud800","id":"` + idHex + `"}]`:                  {Label: "EVENT", ID: idHex},
		`["EVENT",{"content":"\q\"id\":\"x\"","sig":"y"}]`:                     {Label: "EVENT"},
		`["EVENT",{"a":` + strings.Repeat("[", 99) + `,"id" : "` + idHex + `"`: {Label: "EVENT", ID: idHex},
		`["EVENT",{"id":"` + idHex + `","id":"x"}]`:                            {Label: "EVENT", ID: idHex},
		`["EVENT",{"id":"` + strings.Repeat("a", 129) + `"}]`:                  {Label: "EVENT"},
		`["EVENT",` + fields(nil) + `,1]`:                                      {Label: "EVENT", ID: idHex},
		`["EVENT",` + fields(nil) + `]x`:                                       {Label: "EVENT", ID: idHex},
		`["EVENT","a",` + fields(nil) + `]`:                                    {Label: "EVENT"},
		`["REQ"]`:                                                              {Label: "REQ"},
		`["REQ",1,{}]`:                                                         {Label: "REQ"},
		`["REQ","",{}]`:                                                        {Label: "REQ"},
		`["REQ","` + strings.Repeat("x", 65) + `",{}]`:                         {Label: "REQ"},
		`["REQ","a"]`:                   {Label: "REQ", SubID: "a"},
		`["REQ","a",1]`:                 {Label: "REQ", SubID: "a"},
		`["REQ","a",{},{"kinds":[-1]}]`: {Label: "REQ", SubID: "a"},
		`["REQ","a",{},]`:               {Label: "REQ", SubID: "a"},
		`["REQ","a"` + strings.Repeat(`,{}`, 21) + `]`: {Label: "REQ", SubID: "a"},
		`["COUNT","a"]`:              {Label: "COUNT", SubID: "a"},
		`["CLOSE"]`:                  {Label: "CLOSE"},
		`["CLOSE","a","b"]`:          {Label: "CLOSE", SubID: "a"},
		`["NEG-OPEN","a",{}]`:        {Label: "NEG-OPEN", SubID: "a"},
		`["NEG-OPEN","a",{},{}]`:     {Label: "NEG-OPEN", SubID: "a"},
		`["NEG-OPEN","a",{},"6"]`:    {Label: "NEG-OPEN", SubID: "a"},
		`["NEG-OPEN","a",{},"61",1]`: {Label: "NEG-OPEN", SubID: "a"},
		`["NEG-OPEN","a","61"]`:      {Label: "NEG-OPEN", SubID: "a"},
		`["NEG-MSG","a","6g"]`:       {Label: "NEG-MSG", SubID: "a"},
		`["NEG-CLOSE"]`:              {Label: "NEG-CLOSE"},
	} {
		_, err := DecodeClientMessage([]byte(text))
		var got *MessageError
		if !errors.As(err, &got) || !errors.Is(err, ErrInvalid) || !strings.HasPrefix(err.Error(), "invalid: ") {
			t.Errorf("%s: error %v", text, err)
			continue
		}
		if want.Err = got.Err; *got != want {
			t.Errorf("%s: got %+v, want %+v", text, *got, want)
		}
	}
	if _, err := DecodeClientMessage([]byte(`["REQ","a"` + strings.Repeat(`,{}`, 20) + `]`)); err != nil {
		t.Errorf("20 filters: %v", err)
	}
	if _, err := DecodeClientMessage([]byte(`["REQ","` + strings.Repeat("마", 64) + `",{}]`)); err != nil {
		t.Errorf("64 characters: %v", err)
	}
}

func FuzzDecodeClientMessage(f *testing.F) {
	for _, text := range []string{
		`["EVENT",` + fields(nil) + `]`, `["REQ","a",{"kinds":[1]},{}]`, `["COUNT","a",{}]`, `["CLOSE","a"]`,
		`["NEG-OPEN","a",{},"61"]`, `["NEG-MSG","a","61"]`, `["NEG-CLOSE","a"]`, `["AUTH",{"id":"x","kind":-1}]`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		m, err := DecodeClientMessage(frame)
		if err == nil {
			if m == nil || !json.Valid(frame) {
				t.Errorf("accepted as %+v", m)
			}
			return
		}
		var failed *MessageError
		if !errors.As(err, &failed) || !errors.Is(err, ErrInvalid) {
			t.Fatalf("error %v", err)
		}
		if len(failed.Label) > maxLabel || len(failed.ID) > maxEchoedID || len(failed.SubID) > 4*MaxSubIDLength {
			t.Errorf("an answer would be unbounded: %+v", failed)
		}
	})
}
