package nostr

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestRelayMessages(t *testing.T) {
	for want, got := range map[string][]byte{
		`["EVENT","a\"",{"id":"x"}]`:                     AppendEvent(nil, `a"`, []byte(`{"id":"x"}`)),
		`["OK","` + idHex + `",true,""]`:                 AppendOK(nil, idHex, true, ""),
		`["OK","` + idHex + `",false,"invalid: \u0001"]`: AppendOK(nil, idHex, false, "invalid: \x01"),
		`["EOSE","a"]`:                                  AppendEOSE(nil, "a"),
		`["EOSE","a",["more"]]`:                         AppendEOSE(nil, "a", "more"),
		`["EOSE","a",["x","\"y"]]`:                      AppendEOSE(nil, "a", "x", `"y`),
		`["CLOSED","a","error: \"x\""]`:                 AppendClosed(nil, "a", `error: "x"`),
		`["NOTICE","a\nb"]`:                             AppendNotice(nil, "a\nb"),
		`["AUTH","c"]`:                                  AppendAuth(nil, "c"),
		`["COUNT","a",{"count":12}]`:                    AppendCount(nil, "a", 12, nil),
		`["COUNT","a",{"count":12,"approximate":true}]`: AppendApproximateCount(nil, "a", 12),
		`["COUNT","a",{"count":1,"hll":"` + strings.Repeat("00", 256) + `"}]`: AppendCount(nil, "a", 1, new(HyperLogLog)),
		`["NEG-MSG","a","61ff"]`:      AppendNegMsg(nil, "a", []byte{0x61, 0xff}),
		`["NEG-ERR","a","closed: x"]`: AppendNegErr(nil, "a", "closed: x"),
		`before["EOSE","a"]`:          AppendEOSE([]byte("before"), "a"),
	} {
		if string(got) != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if want[0] == '[' && !json.Valid(got) {
			t.Errorf("%s is not JSON", got)
		}
	}
}
