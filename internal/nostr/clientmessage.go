package nostr

import (
	"encoding/hex"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Bounds of what a client sends, for NIP-11 to tell.
const (
	MaxFilters     = 20 // of one REQ or COUNT
	MaxSubIDLength = 64 // characters
)

// ClientMessage is what a client sent, decoded: one of the Msg types below.
type ClientMessage interface{ clientMessage() }

// The client's messages of NIP-01 (EVENT, REQ, CLOSE), NIP-42 (AUTH), NIP-45 (COUNT) and NIP-77 (NEG-OPEN, NEG-MSG,
// NEG-CLOSE). Filters are 1 to MaxFilters. Message is negentropy's, no longer hex.
type (
	EventMsg struct{ Event *Event }
	ReqMsg   struct {
		SubID   string
		Filters []Filter
	}
	CountMsg struct {
		SubID   string
		Filters []Filter
	}
	CloseMsg   struct{ SubID string }
	AuthMsg    struct{ Event *Event }
	NegOpenMsg struct {
		SubID   string
		Filter  Filter
		Message []byte
	}
	NegMsgMsg struct {
		SubID   string
		Message []byte
	}
	NegCloseMsg struct{ SubID string }
)

func (EventMsg) clientMessage()    {}
func (ReqMsg) clientMessage()      {}
func (CountMsg) clientMessage()    {}
func (CloseMsg) clientMessage()    {}
func (AuthMsg) clientMessage()     {}
func (NegOpenMsg) clientMessage()  {}
func (NegMsgMsg) clientMessage()   {}
func (NegCloseMsg) clientMessage() {}

// MessageError says why a client's message was refused and what it was about, so that the answer can take the right
// form: OK for an EVENT or AUTH with an ID, CLOSED for a REQ or COUNT with a SubID, NEG-ERR for a NEG-* with a SubID,
// and NOTICE for the rest.
type MessageError struct {
	Label string // as the client wrote it; "" if it could not be read, or is longer than any label
	SubID string // "" if it could not be read, or is none
	ID    string // as the client wrote it; "" if it could not be read, or is longer than 128 bytes
	Err   error
}

func (e *MessageError) Error() string { return e.Err.Error() }
func (e *MessageError) Unwrap() error { return e.Err }

const (
	maxLabel    = 32  // bytes; a longer one is noise
	maxEchoedID = 128 // bytes; an id that is wrong is sent back too, as the client waits for its own words
)

// DecodeClientMessage reads one frame. Its errors are *MessageError, and wrap ErrInvalid. How large a frame may be is
// the caller's to say.
func DecodeClientMessage(frame []byte) (ClientMessage, error) {
	failed := new(MessageError)
	s, err := newScanner(frame)
	if err != nil {
		failed.Err = err
		return nil, failed
	}
	var m messageParts
	err = s.array(func(i int) error { return s.messagePart(&m, failed, i) })
	if err == nil {
		err = s.end()
	}
	var message ClientMessage
	if err == nil {
		message, err = m.build(failed)
	}
	if err != nil {
		failed.Err = err
		return nil, failed
	}
	return message, nil
}

// messageParts are a message's elements after label and subscription id.
type messageParts struct {
	count   int // of all elements
	event   *Event
	filters []Filter
	message []byte
}

// messagePart reads element i. What an answer needs of it goes to failed.
func (s *scanner) messagePart(m *messageParts, failed *MessageError, i int) (err error) {
	m.count++
	if i == 0 {
		label, err := s.string()
		if len(label) <= maxLabel {
			failed.Label = label
		}
		return err
	}
	switch label := failed.Label; {
	case wantElements(label) == 0:
		return invalid("unknown message type")
	case i == 1 && (label == "EVENT" || label == "AUTH"):
		start := s.pos
		if m.event, err = s.event(eventFields[:]); err != nil {
			failed.ID = (&scanner{text: s.text, pos: start}).eventID()
			return within("event", err)
		}
		failed.ID = m.event.ID.String()
		return nil
	case i == 1:
		subID, err := s.string()
		if err != nil {
			return within("subscription id", err)
		}
		if n := utf8.RuneCountInString(subID); n == 0 || n > MaxSubIDLength {
			return invalid("subscription id: want 1 to %d characters, got %d", MaxSubIDLength, n)
		}
		failed.SubID = strings.Clone(subID) // it may outlive the message, and must not hold on to its text
		return nil
	case label == "REQ" || label == "COUNT" || label == "NEG-OPEN" && i == 2:
		if len(m.filters) == MaxFilters {
			return invalid("more than %d filters", MaxFilters)
		}
		f, err := s.filter()
		if err != nil {
			return within("filter", err)
		}
		m.filters = append(m.filters, f)
		return nil
	case label == "NEG-OPEN" && i == 3 || label == "NEG-MSG" && i == 2:
		text, err := s.string()
		if err == nil {
			if m.message, err = hex.DecodeString(text); err != nil {
				err = invalid("not hex")
			}
		}
		if err != nil {
			return within("negentropy message", err)
		}
		return nil
	}
	return invalid("too many elements")
}

// wantElements returns how many elements a message has at least, or 0 for an unknown one.
func wantElements(label string) int {
	switch label {
	case "EVENT", "AUTH", "CLOSE", "NEG-CLOSE":
		return 2
	case "REQ", "COUNT", "NEG-MSG":
		return 3
	case "NEG-OPEN":
		return 4
	}
	return 0
}

// build puts the parts together, if all are there.
func (m *messageParts) build(read *MessageError) (ClientMessage, error) {
	want := wantElements(read.Label)
	if want == 0 {
		return nil, invalid("unknown message type")
	}
	if m.count < want {
		return nil, invalid("want %d elements, got %d", want, m.count)
	}
	switch read.Label {
	case "EVENT":
		return EventMsg{m.event}, nil
	case "AUTH":
		return AuthMsg{m.event}, nil
	case "REQ":
		return ReqMsg{read.SubID, m.filters}, nil
	case "COUNT":
		return CountMsg{read.SubID, m.filters}, nil
	case "CLOSE":
		return CloseMsg{read.SubID}, nil
	case "NEG-OPEN":
		return NegOpenMsg{read.SubID, m.filters[0], m.message}, nil
	case "NEG-MSG":
		return NegMsgMsg{read.SubID, m.message}, nil
	default:
		return NegCloseMsg{read.SubID}, nil
	}
}

// looksLikeID finds an id of at most maxEchoedID bytes in an event whose JSON cannot be read. Inside a string a quote
// has a backslash before it, so that no text is taken for the field.
var looksLikeID = regexp.MustCompile(`"id"[ \t\r\n]*:[ \t\r\n]*"([^"\\\x00-\x1f]{1,128})"`)

// eventID finds the id of an event that was refused, or returns "".
func (s *scanner) eventID() (found string) {
	s.peek()
	event := s.text[s.pos:]
	err := s.object(func(key string) error {
		if key != "id" || found != "" {
			return s.skip(maxDepth)
		}
		v, err := s.string()
		if err != nil {
			return err
		}
		if len(v) <= maxEchoedID {
			found = v
		}
		return nil
	})
	if err != nil && found == "" && strings.HasPrefix(event, "{") {
		if m := looksLikeID.FindStringSubmatch(event); m != nil {
			found = m[1]
		}
	}
	return found
}
