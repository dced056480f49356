package nostr

import (
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"strings"
)

const (
	maxFilterValues = 1000 // in each list
	maxSearch       = 1024 // bytes
)

// DecodeFilter reads one filter from JSON. It refuses, wrapping ErrInvalid, mistyped and doubled fields, ids, authors
// and values of #e and #p that are not 64 lowercase hex digits, a # with anything but one letter, and more than 1000
// values in a list. Other unknown fields are ignored. A limit above 2^31-1 is read as 2^31-1.
func DecodeFilter(b []byte) (Filter, error) {
	s, err := newScanner(b)
	if err != nil {
		return Filter{}, err
	}
	f, err := s.filter()
	if err != nil {
		return Filter{}, err
	}
	if err := s.end(); err != nil {
		return Filter{}, err
	}
	return f, nil
}

// MarshalJSON returns the filter as a REQ carries it.
func (f Filter) MarshalJSON() ([]byte, error) { return f.AppendJSON(nil), nil }

// UnmarshalJSON is DecodeFilter.
func (f *Filter) UnmarshalJSON(b []byte) (err error) {
	*f, err = DecodeFilter(b)
	return err
}

// AppendJSON appends the filter as a REQ carries it.
func (f *Filter) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	start := len(dst)
	key := func(name string) {
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = appendString(dst, name)
		dst = append(dst, ':')
	}
	if f.IDs != nil {
		key("ids")
		dst = appendList(dst, f.IDs, func(dst []byte, id ID) []byte { return appendHex(dst, id[:]) })
	}
	if f.Authors != nil {
		key("authors")
		dst = appendList(dst, f.Authors, func(dst []byte, pk PubKey) []byte { return appendHex(dst, pk[:]) })
	}
	if f.Kinds != nil {
		key("kinds")
		dst = appendList(dst, f.Kinds, func(dst []byte, kind uint16) []byte {
			return strconv.AppendUint(dst, uint64(kind), 10)
		})
	}
	for _, t := range f.Tags {
		key("#" + string(rune(t.Letter)))
		dst = appendList(dst, t.Values, appendString)
	}
	if f.Since != 0 {
		key("since")
		dst = strconv.AppendInt(dst, f.Since, 10)
	}
	if f.Until != math.MaxInt64 {
		key("until")
		dst = strconv.AppendInt(dst, f.Until, 10)
	}
	if f.Limit >= 0 {
		key("limit")
		dst = strconv.AppendInt(dst, int64(f.Limit), 10)
	}
	if f.Search != "" {
		key("search")
		dst = appendString(dst, f.Search)
	}
	return append(dst, '}')
}

func appendList[T any](dst []byte, values []T, element func([]byte, T) []byte) []byte {
	dst = append(dst, '[')
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = element(dst, v)
	}
	return append(dst, ']')
}

func appendHex(dst, b []byte) []byte {
	dst = append(dst, '"')
	dst = hex.AppendEncode(dst, b)
	return append(dst, '"')
}

func (s *scanner) filter() (Filter, error) {
	f := All()
	var seen []string // few: the known fields and the tags' letters
	err := s.object(func(key string) error {
		known, err := s.filterField(&f, key)
		if err != nil {
			return within(key, err)
		}
		if !known {
			return nil
		}
		if slices.Contains(seen, key) {
			return invalid("%s is there twice", key)
		}
		seen = append(seen, key)
		return nil
	})
	return f, err
}

func (s *scanner) filterField(f *Filter, key string) (known bool, err error) {
	switch key {
	case "ids":
		f.IDs, err = list(s, func() (id ID, err error) { return id, s.hex(id[:]) })
	case "authors":
		f.Authors, err = list(s, func() (pk PubKey, err error) { return pk, s.hex(pk[:]) })
	case "kinds":
		f.Kinds, err = list(s, s.kind)
	case "since":
		f.Since, err = s.integer(math.MaxInt64)
	case "until":
		f.Until, err = s.integer(math.MaxInt64)
	case "limit":
		var limit int64
		limit, err = s.integer(math.MaxInt64)
		f.Limit = int(min(limit, math.MaxInt32))
	case "search":
		f.Search, err = s.string()
		if len(f.Search) > maxSearch {
			err = invalid("longer than %d bytes", maxSearch)
		}
	default:
		if !strings.HasPrefix(key, "#") {
			return false, s.skip(maxDepth)
		}
		err = s.tagFilter(f, key[1:])
	}
	return true, err
}

func (s *scanner) tagFilter(f *Filter, letter string) error {
	if len(letter) != 1 || (letter[0]|0x20) < 'a' || (letter[0]|0x20) > 'z' {
		return invalid("want one letter after #")
	}
	value := s.string
	if letter == "e" || letter == "p" {
		value = func() (string, error) {
			v, err := s.string()
			if err == nil {
				_, err = ParseID(v)
			}
			return v, err
		}
	}
	values, err := list(s, value)
	f.Tags = append(f.Tags, TagFilter{Letter: letter[0], Values: values})
	return err
}

// list reads an array of a filter. The result is never nil.
func list[T any](s *scanner, element func() (T, error)) ([]T, error) {
	values := []T{}
	err := s.array(func(i int) error {
		if i == maxFilterValues {
			return invalid("more than %d values", maxFilterValues)
		}
		v, err := element()
		values = append(values, v)
		return err
	})
	return values, err
}
