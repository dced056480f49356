package nostr

import (
	"encoding/hex"
	"strings"
)

// RelayMessage is what another relay sent, decoded. Which fields are set follows from Label; of an unknown label none
// is.
type RelayMessage struct {
	Label    string // EVENT, EOSE, CLOSED, OK, NOTICE, AUTH, NEG-MSG or NEG-ERR, or whatever else was sent
	SubID    string // of EVENT, EOSE, CLOSED, NEG-MSG and NEG-ERR
	Event    *Event // of EVENT
	ID       ID     // of OK
	Accepted bool   // of OK
	Text     string // why, of CLOSED, OK and NEG-ERR; what NOTICE says; AUTH's challenge
	Message  []byte // of NEG-MSG: negentropy's, no longer hex
}

// DecodeRelayMessage reads one frame from another relay (NIP-01, NIP-42, NIP-77). Its errors wrap ErrInvalid. Elements
// beyond those that are known are passed over, as are messages of a type that is not: relays have their own additions.
// How large a frame may be is the caller's to say.
func DecodeRelayMessage(frame []byte) (m RelayMessage, err error) {
	s, err := newScanner(frame)
	if err != nil {
		return m, err
	}
	count := 0
	if err = s.array(func(i int) error { count++; return s.relayPart(&m, i) }); err != nil {
		return RelayMessage{}, err
	}
	if want := wantRelayElements(m.Label); count < want || count == 0 {
		return RelayMessage{}, invalid("want %d elements, got %d", max(want, 1), count)
	}
	return m, s.end()
}

// wantRelayElements returns how many elements a message has at least. Reasons may be left out: some relays do.
func wantRelayElements(label string) int {
	switch label {
	case "EVENT", "OK", "NEG-MSG":
		return 3
	case "EOSE", "CLOSED", "NOTICE", "AUTH", "NEG-ERR":
		return 2
	}
	return 1
}

func (s *scanner) relayPart(m *RelayMessage, i int) (err error) {
	label := m.Label
	switch {
	case i == 0:
		m.Label, err = s.string()
	case wantRelayElements(label) == 1:
		err = s.skip(maxDepth)
	case i == 1 && label == "OK":
		err = s.hex(m.ID[:])
	case i == 1 && (label == "NOTICE" || label == "AUTH"):
		m.Text, err = s.string()
	case i == 1:
		m.SubID, err = s.string()
	case i == 2 && label == "EVENT":
		m.Event, err = s.event(eventFields[:])
	case i == 2 && label == "OK":
		m.Accepted, err = s.bool()
	case i == 2 && label == "NEG-MSG":
		var text string
		if text, err = s.string(); err == nil {
			if m.Message, err = hex.DecodeString(text); err != nil {
				err = invalid("not hex")
			}
		}
	case i == 2 && (label == "CLOSED" || label == "NEG-ERR"), i == 3 && label == "OK":
		m.Text, err = s.string()
	default:
		err = s.skip(maxDepth)
	}
	if err != nil {
		return within("relay's message", err)
	}
	return nil
}

func (s *scanner) bool() (bool, error) {
	s.peek()
	for _, word := range [...]string{"true", "false"} {
		if strings.HasPrefix(s.text[s.pos:], word) {
			s.pos += len(word)
			return word == "true", nil
		}
	}
	return false, s.unexpected("true or false")
}

// What a client asks of another relay, and what it tells it. Each function appends one message as JSON.

// AppendClientEvent appends ["EVENT",event]; eventJSON is the event's wire form.
func AppendClientEvent(dst, eventJSON []byte) []byte {
	dst = append(dst, `["EVENT",`...)
	dst = append(dst, eventJSON...)
	return append(dst, ']')
}

// AppendReq appends ["REQ",subID,filter].
func AppendReq(dst []byte, subID string, f Filter) []byte {
	dst = append(appendLabel(dst, "REQ", subID), ',')
	return append(f.AppendJSON(dst), ']')
}

// AppendClose appends ["CLOSE",subID].
func AppendClose(dst []byte, subID string) []byte {
	return append(appendLabel(dst, "CLOSE", subID), ']')
}

// AppendNegOpen appends ["NEG-OPEN",subID,filter,message in hex] (NIP-77).
func AppendNegOpen(dst []byte, subID string, f Filter, message []byte) []byte {
	dst = append(appendLabel(dst, "NEG-OPEN", subID), ',')
	dst = append(f.AppendJSON(dst), `,"`...)
	dst = hex.AppendEncode(dst, message)
	return append(dst, `"]`...)
}

// AppendNegClose appends ["NEG-CLOSE",subID] (NIP-77).
func AppendNegClose(dst []byte, subID string) []byte {
	return append(appendLabel(dst, "NEG-CLOSE", subID), ']')
}
