package nostr

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// What AppendEvent and its like write, DecodeRelayMessage reads.
func TestDecodeRelayMessage(t *testing.T) {
	e := &Event{Kind: 1, CreatedAt: 5, Tags: Tags{{"t", "x"}}, Content: "hello"}
	if err := e.Sign(SecretKey{31: 1}); err != nil {
		t.Fatal(err)
	}
	for frame, want := range map[string]RelayMessage{
		string(AppendEvent(nil, "a", e.AppendJSON(nil))):           {Label: "EVENT", SubID: "a", Event: e},
		string(AppendOK(nil, e.ID.String(), true, "duplicate: x")): {Label: "OK", ID: e.ID, Accepted: true, Text: "duplicate: x"},
		string(AppendOK(nil, e.ID.String(), false, "")):            {Label: "OK", ID: e.ID},
		string(AppendEOSE(nil, "a")):                               {Label: "EOSE", SubID: "a"},
		`["EOSE","a",["finish"]]`:                                  {Label: "EOSE", SubID: "a"},
		string(AppendClosed(nil, "a", "error: x")):                 {Label: "CLOSED", SubID: "a", Text: "error: x"},
		`["CLOSED","a"]`:                                           {Label: "CLOSED", SubID: "a"},
		string(AppendNotice(nil, "x")):                             {Label: "NOTICE", Text: "x"},
		string(AppendAuth(nil, "x")):                               {Label: "AUTH", Text: "x"},
		string(AppendNegMsg(nil, "a", []byte{0x61, 0})):            {Label: "NEG-MSG", SubID: "a", Message: []byte{0x61, 0}},
		string(AppendNegErr(nil, "a", "blocked: x")):               {Label: "NEG-ERR", SubID: "a", Text: "blocked: x"},
		`["NEG-ERR","a","blocked: x",1000000]`:                     {Label: "NEG-ERR", SubID: "a", Text: "blocked: x"},
		` ["WELCOME", {"a": [1, null]}, 7.5] `:                     {Label: "WELCOME"},
		`["COUNT","a",{"count":1}]`:                                {Label: "COUNT"},
	} {
		got, err := DecodeRelayMessage([]byte(frame))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", frame, got, err)
		}
	}
	for _, bad := range []string{
		"", "[]", "{}", `["EVENT"]`, `["EVENT","a"]`, `["EVENT","a",{}]`, `["EVENT",1,{}]`, `["OK","x",true]`, `["EOSE"]`,
		`["OK","` + e.ID.String() + `"]`, `["OK","` + e.ID.String() + `","true",""]`, `["OK","` + e.ID.String() + `",tru`,
		`["NEG-MSG","a","xyz"]`, `["NEG-MSG","a","612"]`, `["NEG-MSG","a",5]`, `["NOTICE",null]`, `["NOTICE","x"] x`,
		`["X",` + strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1) + `]`, "[\"NOTICE\",\"\xff\"]", `[5]`,
	} {
		if got, err := DecodeRelayMessage([]byte(bad)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %+v, %v", bad, got, err)
		}
	}
}

// What a client writes, a relay reads.
func TestClientWrites(t *testing.T) {
	e := &Event{Kind: 1, CreatedAt: 5, Tags: Tags{}, Content: "hello"}
	if err := e.Sign(SecretKey{31: 1}); err != nil {
		t.Fatal(err)
	}
	f := All()
	f.Since = 7
	for frame, want := range map[string]ClientMessage{
		string(AppendClientEvent(nil, e.AppendJSON(nil))):  EventMsg{e},
		string(AppendReq(nil, "a", f)):                     ReqMsg{"a", []Filter{f}},
		string(AppendClose(nil, "a")):                      CloseMsg{"a"},
		string(AppendNegOpen(nil, "a", f, []byte{0x61})):   NegOpenMsg{"a", f, []byte{0x61}},
		string(AppendNegMsg(nil, "a", []byte{0x61, 0xff})): NegMsgMsg{"a", []byte{0x61, 0xff}},
		string(AppendNegClose(nil, "a")):                   NegCloseMsg{"a"},
	} {
		got, err := DecodeClientMessage([]byte(frame))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", frame, got, err)
		}
	}
}

// FuzzDecodeRelayMessage holds that no relay can make a client panic, and that what is read is whole.
func FuzzDecodeRelayMessage(f *testing.F) {
	for _, seed := range []string{
		`["EVENT","a",{"id":"x"}]`, `["OK","` + strings.Repeat("0", 64) + `",true,""]`, `["NEG-MSG","a","61"]`,
		`["EOSE","a",["more"]]`, `["CLOSED","a","x"]`, `["NOTICE","x"]`, `["X",{}]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		m, err := DecodeRelayMessage(frame)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%v", err)
			}
			return
		}
		if m.Label == "EVENT" && m.Event == nil {
			t.Errorf("%q: an EVENT without an event", frame)
		}
	})
}
