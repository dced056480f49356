package pages

import (
	"embed"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"madang/internal/publication"
)

//go:embed texts/*.json
var textFiles embed.FS

// interfaceLanguages are those that the pages speak, the one for everybody else first.
var interfaceLanguages = []string{"en", "ko", "ar"}

// texts are the catalogues of the pages' own words. They are never changed.
type texts struct {
	catalogues map[string]map[string]string // by language
	matcher    language.Matcher
}

func loadTexts() *texts {
	t := &texts{catalogues: map[string]map[string]string{}}
	var tags []language.Tag
	for _, code := range interfaceLanguages {
		b, err := textFiles.ReadFile("texts/" + code + ".json")
		if err != nil {
			panic(err) // it is part of the program
		}
		catalogue := map[string]string{}
		if err := json.Unmarshal(b, &catalogue); err != nil {
			panic(fmt.Sprintf("texts/%s.json: %v", code, err))
		}
		t.catalogues[code] = catalogue
		tags = append(tags, language.MustParse(code))
	}
	t.matcher = language.NewMatcher(tags)
	return t
}

// choose returns the language of the interface: the one asked for with ?ui=, else what the browser prefers.
func (t *texts) choose(r *http.Request) (code string, asked bool) {
	if ui := r.URL.Query().Get("ui"); t.catalogues[ui] != nil {
		return ui, true
	}
	accept := r.Header.Get("Accept-Language")
	if len(accept) > 500 {
		accept = ""
	}
	_, i := language.MatchStrings(t.matcher, accept)
	return interfaceLanguages[i], false
}

// text returns a text with its {places} filled from pairs of name and value.
func (t *texts) text(code, key string, pairs ...string) string {
	s, ok := t.catalogues[code][key]
	if !ok {
		panic("no text " + key) // a test reads every template
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		s = strings.ReplaceAll(s, "{"+pairs[i]+"}", pairs[i+1])
	}
	return s
}

func (t *texts) date(code string, at time.Time) string {
	return t.text(code, "date", "day", strconv.Itoa(at.Day()), "year", strconv.Itoa(at.Year()),
		"month", t.text(code, "month."+strconv.Itoa(int(at.Month()))))
}

// size says bytes in the unit that people know from their phones: 1 MB is a million.
func (t *texts) size(code string, bytes int64) string {
	n, unit, digits := max(1, float64(bytes)/1e3), "size.kb", 0
	for _, larger := range []string{"size.mb", "size.gb"} {
		if n >= 999.5 {
			n, unit = n/1e3, larger
			digits = 0
			if n < 9.95 {
				digits = 1
			}
		}
	}
	return t.text(code, unit, "n", strconv.FormatFloat(n, 'f', digits, 64))
}

// length says seconds as "1:05" or "1:02:03".
func length(seconds float64) string {
	s := int(math.Round(seconds))
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// languageNames are what languages call themselves.
var languageNames = map[string]string{
	"am": "አማርኛ", "ar": "العربية", "bn": "বাংলা", "cs": "Čeština", "da": "Dansk", "de": "Deutsch", "el": "Ελληνικά",
	"en": "English", "es": "Español", "fa": "فارسی", "fi": "Suomi", "fr": "Français", "ha": "Hausa", "he": "עברית",
	"hi": "हिन्दी", "hu": "Magyar", "id": "Bahasa Indonesia", "it": "Italiano", "ja": "日本語", "km": "ខ្មែរ",
	"ko": "한국어", "ku": "Kurdî", "lo": "ລາວ", "mn": "Монгол", "ms": "Bahasa Melayu", "my": "မြန်မာ", "ne": "नेपाली",
	"nl": "Nederlands", "no": "Norsk", "pl": "Polski", "ps": "پښتو", "pt": "Português", "ro": "Română", "ru": "Русский",
	"so": "Soomaali", "sv": "Svenska", "sw": "Kiswahili", "ta": "தமிழ்", "te": "తెలుగు", "th": "ไทย", "ti": "ትግርኛ",
	"tl": "Filipino", "tr": "Türkçe", "uk": "Українська", "ur": "اردو", "uz": "Oʻzbekcha", "vi": "Tiếng Việt",
	"yo": "Yorùbá", "zh": "中文",
}

func languageName(code string) string {
	if name, ok := languageNames[code]; ok {
		return name
	}
	return strings.ToUpper(code)
}

// direction is HTML's dir for a language, known or not.
func direction(code string) string { return publication.Direction(code) }
