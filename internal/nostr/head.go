package nostr

import (
	"bytes"
)

// DecodeHead reads an event in the very form that AppendJSON writes, and leaves out Content and Sig: all that filters,
// addresses, expiry and who may read it ask for, at a fraction of DecodeEvent's cost. It checks as little as it needs to
// find its way and wraps ErrInvalid where it cannot: b must come from AppendJSON, not from a stranger. The event keeps
// nothing of b.
func DecodeHead(b []byte) (*Event, error) {
	e := new(Event)
	p := headParser{rest: b}
	p.literal(`{"id":"`)
	p.hex(e.ID[:])
	p.literal(`","pubkey":"`)
	p.hex(e.PubKey[:])
	p.literal(`","created_at":`)
	e.CreatedAt = p.integer(maxSafeInteger)
	p.literal(`,"kind":`)
	e.Kind = uint16(p.integer(1<<16 - 1))
	p.literal(`,"tags":`)
	// Inside a string every quote has a backslash before it, so that this is the end of the tags and nothing else.
	end := bytes.Index(p.rest, []byte(`],"content":"`))
	if p.failed || end < 0 {
		return nil, invalid("not an event in the form that AppendJSON writes")
	}
	if end == len("[") {
		e.Tags = Tags{}
		return e, nil
	}
	s := scanner{text: string(p.rest[:end+1])}
	var err error
	if e.Tags, err = s.tags(); err == nil {
		err = s.end()
	}
	if err != nil {
		return nil, within("tags", err)
	}
	return e, nil
}

// headParser reads what stands at known places; after a failure it reads nothing more.
type headParser struct {
	rest   []byte
	failed bool
}

func (p *headParser) literal(text string) {
	if len(p.rest) < len(text) || string(p.rest[:len(text)]) != text {
		p.failed, p.rest = true, nil
		return
	}
	p.rest = p.rest[len(text):]
}

func (p *headParser) hex(dst []byte) {
	n := 2 * len(dst)
	if len(p.rest) < n {
		p.failed, p.rest = true, nil
		return
	}
	for i := range dst {
		high, low := hexDigits[p.rest[2*i]], hexDigits[p.rest[2*i+1]]
		p.failed = p.failed || high|low > 15
		dst[i] = high<<4 | low
	}
	p.rest = p.rest[n:]
}

func (p *headParser) integer(most int64) (v int64) {
	digits := 0
	for ; digits < len(p.rest) && p.rest[digits]-'0' <= 9; digits++ {
		if v = 10*v + int64(p.rest[digits]-'0'); v > most {
			p.failed = true
			return 0
		}
	}
	p.failed = p.failed || digits == 0
	p.rest = p.rest[digits:]
	return v
}
