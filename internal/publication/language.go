package publication

import (
	"unicode"

	"madang/internal/nostr"
)

// languageNamespace marks a NIP-32 label as a language.
const languageNamespace = "ISO-639-1"

// LanguageTags are the labels that say an event's language (NIP-32).
func LanguageTags(code string) nostr.Tags {
	return nostr.Tags{{"L", languageNamespace}, {"l", code, languageNamespace}}
}

// Language returns the ISO 639-1 code with which an event is labelled, or "".
func Language(tags nostr.Tags) string {
	for _, t := range tags {
		if len(t) >= 3 && t[0] == "l" && t[2] == languageNamespace && IsLanguage(t[1]) {
			return t[1]
		}
	}
	return ""
}

// IsLanguage reports two lowercase letters.
func IsLanguage(s string) bool {
	return len(s) == 2 && s[0] >= 'a' && s[0] <= 'z' && s[1] >= 'a' && s[1] <= 'z'
}

// Direction is the value of HTML's dir for text in a language: "auto" where the language is not known.
func Direction(language string) string {
	switch language {
	case "":
		return "auto"
	case "ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi":
		return "rtl"
	}
	return "ltr"
}

// scripts whose use tells the language, or nearly so. Latin letters tell nothing.
var scripts = []struct {
	table    *unicode.RangeTable
	language string
	others   []string // languages in which the same script is at home
}{
	{unicode.Hangul, "ko", nil},
	{unicode.Arabic, "ar", []string{"fa", "ku", "ps", "sd", "ug", "ur"}},
	{unicode.Hiragana, "ja", nil},
	{unicode.Han, "zh", []string{"ja", "ko"}},
	{unicode.Cyrillic, "ru", []string{"be", "bg", "kk", "ky", "mk", "mn", "sr", "tg", "tt", "uk", "uz"}},
	{unicode.Hebrew, "he", []string{"yi"}},
	{unicode.Greek, "el", nil},
	{unicode.Thai, "th", nil},
	{unicode.Myanmar, "my", nil},
	{unicode.Devanagari, "hi", []string{"mr", "ne", "sa"}},
}

// GuessLanguage says in which language a text is written. What was declared stands, unless most of the letters belong
// to a script that the declared language does not use: many a feed calls itself English and is not.
func GuessLanguage(text, declared string) string {
	counts := make([]int, len(scripts))
	letters, looked := 0, 0
	for _, r := range text {
		if looked++; looked > 4000 {
			break
		}
		if !unicode.IsLetter(r) {
			continue
		}
		letters++
		for i := range scripts {
			if unicode.Is(scripts[i].table, r) {
				counts[i]++
				break
			}
		}
	}
	best := 0
	for i, n := range counts {
		if n > counts[best] {
			best = i
		}
	}
	// A Korean sentence with a brand name or two is Korean still: a third of the letters is enough.
	if letters > 0 && counts[best]*3 >= letters {
		for _, other := range scripts[best].others {
			if other == declared {
				return declared
			}
		}
		return scripts[best].language
	}
	if declared != "" {
		return declared
	}
	return "en"
}
