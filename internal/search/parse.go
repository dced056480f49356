package search

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
)

// What of a search is looked at.
const (
	maxQuery   = 4 << 10 // bytes
	maxClauses = 16
	maxElems   = 64 // of all clauses
	minPrefix  = 3  // letters of the last word, from which on it finds longer words
)

// request is a search that has been read.
type request struct {
	clauses  []clause // all must be met
	language string   // NIP-50's language:xx; "": any
	hideNSFW bool     // NIP-50's nsfw:false
}

// clause is what must stand side by side in an event's title or text: one word, a run of letters of a script without
// words, or a quoted phrase.
type clause struct {
	elems  []elem
	prefix bool // the only word may be the beginning of a longer one
}

// elem is a word, a letter, or the initial consonant of a Hangul syllable.
type elem struct {
	term    string
	kind    elemKind
	letter  rune // of all but words
	touches bool // no space parts it from the one before
}

type elemKind uint8

const (
	word elemKind = iota
	letter
	initial
)

// parse reads a search. There is none that it refuses: what is no word counts for nothing.
func parse(text string) request {
	var r request
	left, lastQuoted := maxElems, false
	add := func(c clause, quoted bool) {
		if len(c.elems) > left {
			c.elems = c.elems[:left]
		}
		if len(c.elems) > 0 && len(r.clauses) < maxClauses {
			left -= len(c.elems)
			r.clauses, lastQuoted = append(r.clauses, c), quoted
		}
	}
	text = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`).Replace(cut(text, maxQuery))
	for text != "" {
		plain, rest, quoted := strings.Cut(text, `"`)
		for field := range strings.FieldsSeq(plain) {
			if !r.extension(field) {
				for _, c := range runs(elems(field)) {
					add(c, false)
				}
			}
		}
		if !quoted {
			break
		}
		phrase, after, closed := strings.Cut(rest, `"`)
		if !closed { // a quotation mark by itself is none
			text = rest
			continue
		}
		add(clause{elems: elems(phrase)}, true)
		text = after
	}
	if n := len(r.clauses); n > 0 && !lastQuoted {
		last := &r.clauses[n-1]
		last.prefix = len(last.elems) == 1 && last.elems[0].kind == word &&
			utf8.RuneCountInString(last.elems[0].term) >= minPrefix
	}
	return r
}

// extension reads a key:value pair (NIP-50). Those that are not known count for nothing, too.
func (r *request) extension(field string) bool {
	key, value, ok := strings.Cut(field, ":")
	if !ok || len(key) < 2 || strings.ContainsFunc(key, func(c rune) bool { return !isExtensionKey(c) }) {
		return false
	}
	if first, _ := utf8.DecodeRuneInString(value); !isWordRune(first) {
		return false
	}
	switch strings.ToLower(key) {
	case "language":
		if len(value) == 2 {
			r.language = strings.ToLower(value)
		}
	case "nsfw":
		r.hideNSFW = value == "false"
	}
	return true
}

func isExtensionKey(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-'
}

// elems returns the words and letters of text.
func elems(text string) []elem {
	var all []elem
	end := -1
	for _, t := range split.Analyze([]byte(fold(text))) {
		e := elem{term: string(t.Term), touches: t.Start == end}
		if t.Type == analysis.Ideographic {
			e.kind = letter
			if e.letter, _ = utf8.DecodeRune(t.Term); isInitial(e.letter) {
				e.kind = initial
			}
		}
		all, end = append(all, e), t.End
	}
	return all
}

// runs parts elements that no quotation marks hold together: each word is by itself, letters that touch are one run.
func runs(all []elem) (parts []clause) {
	for i, e := range all {
		if i > 0 && e.kind != word && e.touches && all[i-1].kind != word {
			last := &parts[len(parts)-1]
			last.elems = append(last.elems, e)
			continue
		}
		parts = append(parts, clause{elems: []elem{e}})
	}
	return parts
}

// terms calls exact with each term of the words' field that whatever meets the clause has, and first with each of the
// initials' field.
func (c *clause) terms(exact, first func(term string)) {
	touching := func(i int, kinds ...elemKind) bool { // whether i touches the one before, both of these kinds
		if i <= 0 || i >= len(c.elems) || !c.elems[i].touches {
			return false
		}
		return slices.Contains(kinds, c.elems[i-1].kind) && slices.Contains(kinds, c.elems[i].kind)
	}
	for i, e := range c.elems {
		switch {
		case e.kind == word:
			exact(e.term)
		case e.kind == letter && touching(i, letter):
			exact(c.elems[i-1].term + e.term)
		case e.kind == letter && !touching(i+1, letter):
			exact(e.term)
		}
	}
	for i, e := range c.elems {
		one := initialOf(e.letter)
		if one == 0 {
			continue
		}
		before := i > 0 && touching(i, letter, initial) && initialOf(c.elems[i-1].letter) != 0
		switch {
		case before && (e.kind == initial || c.elems[i-1].kind == initial):
			first(string(initialOf(c.elems[i-1].letter)) + string(one))
		case e.kind == initial && !before:
			if i+1 == len(c.elems) || !touching(i+1, letter, initial) || initialOf(c.elems[i+1].letter) == 0 {
				first(string(one))
			}
		}
	}
}

// certain reports whether the terms alone say that the clause is met.
func (c *clause) certain() bool {
	return len(c.elems) == 1 || len(c.elems) == 2 && c.elems[1].touches &&
		c.elems[0].kind == c.elems[1].kind && c.elems[0].kind != word
}

// met reports whether the clause's elements stand one after the other in text.
func (c *clause) met(text analysis.TokenStream) bool {
	for ; len(text) >= len(c.elems); text = text[1:] {
		if c.begins(text) {
			return true
		}
	}
	return false
}

func (c *clause) begins(text analysis.TokenStream) bool {
	for i, e := range c.elems {
		if e.kind == initial {
			if r, _ := utf8.DecodeRune(text[i].Term); initialOf(r) != e.letter {
				return false
			}
		} else if string(text[i].Term) != e.term {
			return false
		}
	}
	return true
}
