package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/char/asciifolding"
	"github.com/blevesearch/bleve/v2/analysis/lang/ar"
	"github.com/blevesearch/bleve/v2/analysis/lang/cjk"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// maxWord is how many letters of a word count: what is longer is a hash or a key rather than a word.
const maxWord = 32

// fold brings text into the form in which it is compared: NFKC without case and without the diacritics of Latin, Greek
// and Cyrillic letters, Persian letters and digits as their Arabic and Western ones, nothing invisible. Text and what
// is looked for are folded alike.
func fold(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for text != "" {
		simple := 0 // most of Korean, Chinese and English has nothing to decompose
		for i, r := range text {
			if r >= utf8.RuneSelf && !isWhole(r) {
				break
			}
			simple = i + utf8.RuneLen(r)
		}
		for i := range simple {
			c := text[i]
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			b.WriteByte(c)
		}
		text = text[simple:]
		other := strings.IndexFunc(text, isWhole)
		if other < 0 {
			other = len(text)
		}
		if other > 0 {
			b.WriteString(decompose(text[:other]))
		}
		text = text[other:]
	}
	return b.String()
}

// isWhole reports whether folding leaves a letter as it is: a Hangul syllable or one of the common Han.
func isWhole(r rune) bool {
	return r >= firstSyllable && r <= lastSyllable || r >= 0x4E00 && r <= 0x9FFF
}

// decompose folds text of any letters.
func decompose(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	var base rune
	for _, r := range norm.NFKD.String(compounds.Replace(text)) {
		switch {
		case r >= 0x300 && r <= 0x36F: // combining diacritical marks
			if r == breve && (base == 'и' || base == 'И') { // й is a letter of its own
				b.WriteRune(r)
			}
			continue
		case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r):
			continue
		case r >= '٠' && r <= '٩':
			r = r - '٠' + '0'
		case r >= '۰' && r <= '۹':
			r = r - '۰' + '0'
		case r == 'ک':
			r = 'ك'
		case r == 'ی':
			r = 'ي'
		}
		base = r
		b.WriteRune(r)
	}
	folded := cases.Fold().String(norm.NFC.String(b.String()))
	if strings.ContainsFunc(folded, isLatinBeyondASCII) { // ø, ł, ß and others that nothing decomposes
		return string(asciifolding.New().Filter([]byte(folded)))
	}
	return folded
}

const breve = 0x306

func isLatinBeyondASCII(r rune) bool { return r >= utf8.RuneSelf && unicode.Is(unicode.Latin, r) }

// compounds takes apart the final consonants that a Korean keyboard makes of two initial ones typed in a row.
var compounds = strings.NewReplacer("ㄳ", "ㄱㅅ", "ㄵ", "ㄴㅈ", "ㄶ", "ㄴㅎ", "ㄺ", "ㄹㄱ", "ㄻ", "ㄹㅁ", "ㄼ", "ㄹㅂ",
	"ㄽ", "ㄹㅅ", "ㄾ", "ㄹㅌ", "ㄿ", "ㄹㅍ", "ㅀ", "ㄹㅎ", "ㅄ", "ㅂㅅ")

// Hangul syllables are in order of their initial consonant (choseong), 588 of each. NFKC makes of a consonant that
// stands alone the initial one.
const (
	firstSyllable, lastSyllable = 0xAC00, 0xD7A3
	firstInitial, lastInitial   = 0x1100, 0x1112
	syllablesOfInitial          = 588
)

// initialOf returns the initial consonant of a Hangul syllable, or of one that stands alone; 0 for all else.
func initialOf(r rune) rune {
	switch {
	case r >= firstSyllable && r <= lastSyllable:
		return firstInitial + (r-firstSyllable)/syllablesOfInitial
	case isInitial(r):
		return r
	}
	return 0
}

func isInitial(r rune) bool { return r >= firstInitial && r <= lastInitial }

// initials keeps of folded text the initial consonants, and puts a space for all else; "" where there is no Hangul.
func initials(folded string) string {
	found := false
	kept := strings.Map(func(r rune) rune {
		if i := initialOf(r); i != 0 {
			found = true
			return i
		}
		return ' '
	}, folded)
	if !found {
		return ""
	}
	return kept
}

// Words of these scripts are not parted by spaces, or, as in Korean, carry their particles: they are found by any part.
var unparted = []*unicode.RangeTable{
	unicode.Hangul, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo, unicode.Yi,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
	unicode.So, // pictures are found one by one, too
}

const prolongedSound = 'ー' // of Katakana, and of no script by Unicode's table

func isUnparted(r rune) bool {
	return r >= utf8.RuneSelf && (r == prolongedSound || unicode.In(r, unparted...))
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) }

// splitter parts folded text into words, and into single letters of those scripts that have no words to part. It is
// bleve's tokenizer, of which letters of the type Ideographic are what its CJK filter makes pairs of; bleve's own
// takes Korean words whole.
type splitter struct{}

func (splitter) Tokenize(text []byte) analysis.TokenStream {
	var tokens analysis.TokenStream
	start, letters, end := 0, 0, 0 // the word that has begun, if letters is not 0; end is that of its letters that count
	flush := func() {
		if letters > 0 {
			tokens = append(tokens, &analysis.Token{Term: text[start:end], Start: start, End: end})
		}
		letters = 0
	}
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		switch {
		case isUnparted(r):
			flush()
			tokens = append(tokens, &analysis.Token{
				Term: text[at : at+size], Start: at, End: at + size, Type: analysis.Ideographic,
			})
		case !isWordRune(r):
			flush()
		default:
			if letters == 0 {
				start = at
			}
			if letters++; letters <= maxWord {
				end = at + size
			}
		}
		at += size
	}
	flush()
	return tokens
}

// arabic brings the forms of Arabic words together, as bleve's analyzer of Arabic does: alef and yeh, marks and
// tatweel, the article and the commonest endings.
type arabic struct{}

func (arabic) Filter(tokens analysis.TokenStream) analysis.TokenStream {
	normalise, stem := ar.NewArabicNormalizeFilter(), &ar.ArabicStemmerFilter{}
	for i, t := range tokens {
		if r, _ := utf8.DecodeRune(t.Term); unicode.Is(unicode.Arabic, r) {
			stem.Filter(normalise.Filter(tokens[i : i+1]))
		}
	}
	return tokens
}

// split gives the words and letters of folded text, which a phrase is compared with.
var split analysis.Analyzer = &analysis.DefaultAnalyzer{
	Tokenizer: splitter{}, TokenFilters: []analysis.TokenFilter{arabic{}},
}

// grams gives the terms of folded text that the index has: words, and of what is unparted each letter and each pair.
var grams analysis.Analyzer = &analysis.DefaultAnalyzer{
	Tokenizer: splitter{}, TokenFilters: []analysis.TokenFilter{arabic{}, cjk.NewCJKBigramFilter(true)},
}
