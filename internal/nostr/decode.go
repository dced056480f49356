package nostr

import "slices"

// MaxTags bounds an event's tags; NIP-01 sets no bound.
const MaxTags = 5000

// DecodeEvent reads one event from JSON (an object and nothing after it but white space). It refuses, wrapping
// ErrInvalid, whatever NIP-01 does not allow: missing, doubled or mistyped fields, upper-case hex, a created_at above
// 2^53-1, a kind above 65535, an empty tag, text that is not UTF-8, and more than 5000 tags. Unknown fields are
// ignored. How large b may be is the caller's to say; the event keeps a copy of it.
func DecodeEvent(b []byte) (*Event, error) { return decodeEvent(b, eventFields[:]) }

// DecodeRumor is DecodeEvent for an event without a signature, as it lies in a seal (NIP-59): sig is an unknown
// field.
func DecodeRumor(b []byte) (*Event, error) { return decodeEvent(b, eventFields[:len(eventFields)-1]) }

func decodeEvent(b []byte, fields []string) (*Event, error) {
	s, err := newScanner(b)
	if err != nil {
		return nil, err
	}
	e, err := s.event(fields)
	if err != nil {
		return nil, err
	}
	if err := s.end(); err != nil {
		return nil, err
	}
	return e, nil
}

// eventFields are in the order in which AppendJSON writes them; the last one is not a rumor's.
var eventFields = [...]string{"id", "pubkey", "created_at", "kind", "tags", "content", "sig"}

func (s *scanner) event(fields []string) (*Event, error) {
	e := new(Event)
	var seen uint // a bit for each of fields
	err := s.object(func(key string) error {
		i := slices.Index(fields, key)
		if i < 0 {
			return s.skip(maxDepth)
		}
		if seen&(1<<i) != 0 {
			return invalid("%s is there twice", key)
		}
		seen |= 1 << i
		if err := s.eventField(e, key); err != nil {
			return within(key, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, name := range fields {
		if seen&(1<<i) == 0 {
			return nil, invalid("no %s", name)
		}
	}
	return e, nil
}

func (s *scanner) eventField(e *Event, name string) (err error) {
	switch name {
	case "id":
		return s.hex(e.ID[:])
	case "pubkey":
		return s.hex(e.PubKey[:])
	case "created_at":
		e.CreatedAt, err = s.integer(maxSafeInteger)
	case "kind":
		e.Kind, err = s.kind()
	case "tags":
		e.Tags, err = s.tags()
	case "content":
		e.Content, err = s.string()
	case "sig":
		return s.hex(e.Sig[:])
	}
	return err
}

// tags reads an event's tags into one array of strings that they share, since most events have many short tags.
func (s *scanner) tags() (Tags, error) {
	var onStack [64]string
	var endsOnStack [24]int
	elements, ends := onStack[:0], endsOnStack[:0]
	err := s.array(func(i int) error {
		if i == MaxTags {
			return invalid("more than %d tags", MaxTags)
		}
		before := len(elements)
		err := s.array(func(int) error {
			element, err := s.string()
			elements = append(elements, element)
			return err
		})
		if err == nil && len(elements) == before {
			err = invalid("an empty tag")
		}
		ends = append(ends, len(elements))
		return err
	})
	if err != nil {
		return nil, err
	}
	shared := append(make([]string, 0, len(elements)), elements...)
	tags := make(Tags, len(ends))
	start := 0
	for i, end := range ends {
		tags[i] = shared[start:end:end]
		start = end
	}
	return tags, nil
}
