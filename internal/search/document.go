package search

import (
	"crypto/sha256"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"

	"madang/internal/nostr"
)

// source says where the words of a kind are: in which tags those of its title and further ones of its text, and
// whether its content is text.
type source struct {
	title, text []string
	content     bool
}

// sources lists every kind of which anything is indexed. All else, above all mail, drafts and proofs of identity, is
// passed over.
var sources = map[uint16]source{
	nostr.KindProfile:          {}, // its words are JSON: see profile
	nostr.KindNote:             {title: []string{"subject"}, content: true},
	kindThread:                 {title: []string{"title", "subject"}, content: true},
	kindPicture:                {title: []string{"title"}, content: true},
	nostr.KindVideo:            video,
	nostr.KindShortVideo:       video,
	nostr.KindAddressableVideo: video,
	nostr.KindAddressableShort: video,
	kindFile:                   {title: []string{"title"}, text: []string{"summary", "alt"}, content: true},
	nostr.KindComment:          {content: true},
	nostr.KindArticle:          {title: []string{"title"}, text: []string{"summary", "t"}, content: true},
	kindClassified:             {title: []string{"title"}, text: []string{"summary", "location", "t"}, content: true},
	kindWiki:                   {title: []string{"title"}, text: []string{"summary"}, content: true},
	kindDateEvent:              calendar,
	kindTimeEvent:              calendar,
}

var (
	video    = source{title: []string{"title"}, text: []string{"t"}, content: true}
	calendar = source{title: []string{"title"}, text: []string{"summary", "location", "t"}, content: true}
)

const (
	kindThread     uint16 = 11    // NIP-7D
	kindPicture    uint16 = 20    // NIP-68
	kindFile       uint16 = 1063  // NIP-94
	kindClassified uint16 = 30402 // NIP-99
	kindWiki       uint16 = 30818 // NIP-54
	kindDateEvent  uint16 = 31922 // NIP-52
	kindTimeEvent  uint16 = 31923 // NIP-52
)

// maxText is how many bytes of an event's title and of its text are looked at.
const maxText = 256 << 10

// textOf returns what of an event is to be found, folded.
func textOf(e *nostr.Event) (title, text string) {
	s, ok := sources[e.Kind]
	if !ok {
		return "", ""
	}
	if e.Kind == nostr.KindProfile {
		title, text = profile(e.Content)
	} else {
		title, text = tagged(e, s.title), tagged(e, s.text)
		if s.content {
			text = e.Content + "\n" + text
		}
	}
	return cut(fold(cut(title, maxText)), maxText), cut(fold(cut(text, maxText)), maxText)
}

// tagged joins the values of an event's tags of these names, a line for each.
func tagged(e *nostr.Event, names []string) string {
	var b strings.Builder
	for _, name := range names {
		for _, t := range e.Tags {
			if t.Name() == name && t.Value() != "" {
				b.WriteString(t.Value())
				b.WriteByte('\n')
			}
		}
	}
	return b.String()
}

// profile returns the names and the rest of a profile (NIP-01, NIP-05, NIP-24). One that is no JSON has no words.
func profile(content string) (names, rest string) {
	var p struct {
		Name        any `json:"name"`
		DisplayName any `json:"display_name"`
		About       any `json:"about"`
		NIP05       any `json:"nip05"`
	}
	if json.Unmarshal([]byte(content), &p) != nil {
		return "", ""
	}
	text := func(v any) string { s, _ := v.(string); return s }
	return text(p.Name) + "\n" + text(p.DisplayName), text(p.About) + "\n" + text(p.NIP05)
}

// cut shortens text to at most n bytes, at the beginning of a letter.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "")
}

// Fields of a document, whose id is that of the event. docs/formats.md, 'Search', has them all.
const (
	fieldTitle    = "title"
	fieldText     = "text"
	suffixInitial = ".initials" // of the two above: pairs of Hangul's initial consonants

	fieldKind     = "kind"     // decimal
	fieldAuthor   = "author"   // 32 bytes
	fieldAddress  = "address"  // 16 bytes, of events that have one
	fieldLanguage = "language" // ISO 639-1, as NIP-32 labels it
	fieldDay      = "day"      // of created_at, by document, too
	fieldExpires  = "expires"  // termExpires, of events that expire (NIP-40)
)

// termExpires tells nothing more: whether the time has come the main index says.
const termExpires = "1"

// Positions and stored text are left out: the event itself is at hand, and tells them. So are frequencies where they
// would tell little: of initial consonants in a text, and of what is no word.
const (
	wordOptions    = index.IndexField
	keywordOptions = index.IndexField | index.SkipFreqNorm
	dayOptions     = keywordOptions | index.DocValues
)

// makeDocument returns what the index keeps of an event, or nil for one without words, and how many bytes of text that
// are.
func makeDocument(e *nostr.Event) (d *document.Document, size int) {
	title, text := textOf(e)
	if strings.TrimSpace(title) == "" && strings.TrimSpace(text) == "" {
		return nil, 0
	}
	d = document.NewDocument(string(e.ID[:]))
	words := func(name, folded string, options index.FieldIndexingOptions) {
		if folded != "" {
			d.AddField(document.NewTextFieldCustom(name, nil, []byte(folded), options, grams))
		}
	}
	keyword := func(name, value string) {
		d.AddField(document.NewTextFieldCustom(name, nil, []byte(value), keywordOptions, nil))
	}
	words(fieldTitle, title, wordOptions)
	words(fieldTitle+suffixInitial, initials(title), wordOptions)
	words(fieldText, text, wordOptions)
	words(fieldText+suffixInitial, initials(text), keywordOptions)
	keyword(fieldKind, kindTerm(e.Kind))
	keyword(fieldAuthor, string(e.PubKey[:]))
	d.AddField(document.NewTextFieldCustom(fieldDay, nil, []byte(dayTerm(e.CreatedAt)), dayOptions, nil))
	if a, ok := e.Address(); ok {
		keyword(fieldAddress, addressTerm(a))
	}
	if _, ok := e.Expiration(); ok {
		keyword(fieldExpires, termExpires)
	}
	for _, t := range e.Tags {
		if len(t) > 2 && t.Name() == "l" && t[2] == "ISO-639-1" && len(t.Value()) == 2 {
			keyword(fieldLanguage, strings.ToLower(t.Value()))
		}
	}
	return d, len(title) + len(text)
}

func kindTerm(kind uint16) string { return strconv.Itoa(int(kind)) }

func addressTerm(a nostr.Address) string {
	sum := sha256.Sum256([]byte(a.String()))
	return string(sum[:16])
}
