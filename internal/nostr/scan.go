package nostr

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds how deep the value of a field that is not ours may nest.
const maxDepth = 32

// scanner reads one JSON text (RFC 8259) from left to right, once. It is stricter than encoding/json where a lax
// reading would change an event and thereby its id: the text must be UTF-8, a surrogate must have its other half, and
// an integer is written as digits alone.
//
// The text is copied into a string before, so that the strings in it that have no escapes are cut out, not copied.
type scanner struct {
	text string
	pos  int
}

func newScanner(b []byte) (*scanner, error) {
	if !utf8.Valid(b) {
		return nil, invalid("not UTF-8")
	}
	return &scanner{text: string(b)}, nil
}

// peek skips white space and returns the next byte, or 0 at the end.
func (s *scanner) peek() byte {
	for ; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// accept takes the next byte if it is c, which is not 0.
func (s *scanner) accept(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) expect(c byte) error {
	if s.accept(c) {
		return nil
	}
	return s.unexpected(string(c))
}

func (s *scanner) unexpected(want string) error {
	if s.peek(); s.pos == len(s.text) {
		return invalid("want %s, but the text ends", want)
	}
	r, _ := utf8.DecodeRuneInString(s.text[s.pos:])
	return invalid("want %s at byte %d, got %q", want, s.pos, r)
}

// end checks that nothing but white space is left.
func (s *scanner) end() error {
	if s.peek(); s.pos != len(s.text) {
		return s.unexpected("the end")
	}
	return nil
}

// array calls element for each of an array's elements, having already read the white space before it.
func (s *scanner) array(element func(i int) error) error {
	return s.list('[', ']', "an array", element)
}

// object calls field for each of an object's keys; field must read the value.
func (s *scanner) object(field func(key string) error) error {
	return s.list('{', '}', "an object", func(int) error {
		key, err := s.string()
		if err != nil {
			return err
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		return field(key)
	})
}

func (s *scanner) list(first, last byte, what string, element func(i int) error) error {
	if !s.accept(first) {
		return s.unexpected(what)
	}
	if s.accept(last) {
		return nil
	}
	for i := 0; ; i++ {
		if err := element(i); err != nil {
			return err
		}
		if s.accept(last) {
			return nil
		}
		if !s.accept(',') {
			return s.unexpected("',' or '" + string(last) + "'")
		}
	}
}

func (s *scanner) string() (string, error) {
	if !s.accept('"') {
		return "", s.unexpected("a string")
	}
	start := s.pos
	s.pos += plainLen(s.text[start:])
	if s.pos < len(s.text) {
		switch s.text[s.pos] {
		case '"':
			s.pos++
			return s.text[start : s.pos-1], nil
		case '\\':
			return s.escapedString(start)
		}
	}
	return "", s.unclosed()
}

// escapedString goes on with a string whose first escape has been reached.
func (s *scanner) escapedString(start int) (string, error) {
	var b strings.Builder
	b.Grow(s.rawLen() + s.pos - start)
	for s.pos < len(s.text) {
		b.WriteString(s.text[start:s.pos])
		switch s.text[s.pos] {
		case '"':
			s.pos++
			return b.String(), nil
		case '\\':
			s.pos++
			r, err := s.escape()
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
		default:
			return "", s.unclosed()
		}
		start = s.pos
		s.pos += plainLen(s.text[start:])
	}
	return "", s.unclosed()
}

// rawLen returns how many bytes a string still has, escapes as they are written.
func (s *scanner) rawLen() int {
	i := s.pos
	for i < len(s.text) && s.text[i] == '\\' {
		i = min(i+2, len(s.text)) // what is escaped does not end the string
		i += plainLen(s.text[i:])
	}
	return i - s.pos
}

// unclosed says why a string ends before its quote.
func (s *scanner) unclosed() error {
	if s.pos < len(s.text) {
		return s.unexpected("no bare control character in a string")
	}
	return s.unexpected("'\"'")
}

// plainLen returns how many bytes s begins with that stand for themselves in JSON: no quote, backslash or control
// character below U+0020. It looks at eight at a time.
func plainLen(s string) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x80 * ones
	)
	i := 0
	for ; i+8 <= len(s); i += 8 {
		b := s[i : i+8]
		w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		quote, backslash := w^'"'*ones, w^'\\'*ones
		// A byte's high bit is set where it is below ' ', or where quote or backslash is 0 and so below 1; a borrow may
		// set it in the bytes above such a one, too, but never without one.
		if ((w-' '*ones)&^w|(quote-ones)&^quote|(backslash-ones)&^backslash)&highs != 0 {
			break
		}
	}
	for i < len(s) && s[i] >= ' ' && s[i] != '"' && s[i] != '\\' {
		i++
	}
	return i
}

// escape reads what follows a backslash.
func (s *scanner) escape() (rune, error) {
	if s.pos == len(s.text) {
		return 0, s.unexpected("an escape")
	}
	c := s.text[s.pos]
	s.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return s.unicodeEscape()
	}
	return 0, invalid("unknown escape at byte %d", s.pos-2)
}

// unicodeEscape reads what follows \u: four hex digits, and the low surrogate that a high one must be followed by.
func (s *scanner) unicodeEscape() (rune, error) {
	const (
		high    = 0xd800 // to 0xdbff: the first half of a pair
		low     = 0xdc00 // to 0xdfff: the second half
		lastLow = 0xdfff
	)
	r, err := s.hex4()
	if err != nil || r < high || r > lastLow {
		return r, err
	}
	if r >= low || !strings.HasPrefix(s.text[s.pos:], `\u`) {
		return 0, invalid("half a surrogate pair at byte %d", s.pos-6)
	}
	s.pos += 2
	second, err := s.hex4()
	if err != nil {
		return 0, err
	}
	if second < low || second > lastLow {
		return 0, invalid("half a surrogate pair at byte %d", s.pos-12)
	}
	return 0x10000 + (r-high)<<10 + (second - low), nil
}

func (s *scanner) hex4() (rune, error) {
	if len(s.text)-s.pos >= 4 {
		// ParseUint takes no sign, and in base 16 no prefix and no underscore.
		if v, err := strconv.ParseUint(s.text[s.pos:s.pos+4], 16, 16); err == nil {
			s.pos += 4
			return rune(v), nil
		}
	}
	return 0, invalid("want four hex digits at byte %d", s.pos)
}

// integer reads a whole number from 0 to max, written as JSON's digits alone: no sign, fraction, exponent or leading 0.
func (s *scanner) integer(max int64) (int64, error) {
	c := s.peek()
	start := s.pos
	s.digits()
	digits := s.text[start:s.pos]
	if digits == "" || c == '0' && len(digits) > 1 || s.pos < len(s.text) && strings.IndexByte(".eE", s.text[s.pos]) >= 0 {
		return 0, invalid("want a whole number at byte %d", start)
	}
	v, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || int64(v) > max {
		return 0, invalid("number above %d at byte %d", max, start)
	}
	return int64(v), nil
}

// maxSafeInteger is the largest integer that every JSON reader holds exactly (RFC 7493).
const maxSafeInteger = 1<<53 - 1

func (s *scanner) kind() (uint16, error) {
	v, err := s.integer(math.MaxUint16)
	return uint16(v), err
}

// hex reads a string of exactly 2*len(dst) lowercase hex digits.
func (s *scanner) hex(dst []byte) error {
	v, err := s.string()
	if err != nil {
		return err
	}
	return parseHex(dst, v)
}

// skip reads a value of any kind, nested up to depth arrays or objects.
func (s *scanner) skip(depth int) error {
	switch c := s.peek(); {
	case c == '{' || c == '[':
		if depth == 0 {
			return invalid("nested too deep")
		}
		if c == '{' {
			return s.object(func(string) error { return s.skip(depth - 1) })
		}
		return s.array(func(int) error { return s.skip(depth - 1) })
	case c == '"':
		_, err := s.string()
		return err
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	for _, word := range [...]string{"null", "true", "false"} {
		if strings.HasPrefix(s.text[s.pos:], word) {
			s.pos += len(word)
			return nil
		}
	}
	return s.unexpected("a value")
}

// number skips a number of any form that JSON allows.
func (s *scanner) number() error {
	start := s.pos
	next := func(set string) bool {
		ok := s.pos < len(s.text) && strings.IndexByte(set, s.text[s.pos]) >= 0
		if ok {
			s.pos++
		}
		return ok
	}
	next("-")
	ok := next("0") || s.digits()
	if ok && next(".") {
		ok = s.digits()
	}
	if ok && next("eE") {
		next("+-")
		ok = s.digits()
	}
	if !ok {
		return invalid("malformed number at byte %d", start)
	}
	return nil
}

// digits reports whether it could skip any.
func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.text) && s.text[s.pos] >= '0' && s.text[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}
