// Package publication reads what is published for everyone, articles (NIP-23) and videos (NIP-71), out of their
// events, and renders Markdown as safe HTML. It is pure: it fetches nothing and knows no clock. Whatever an author
// wrote is hostile until it has gone through here: texts come out bounded and without control characters, links only
// with schemes that a page may follow, and HTML only as this package itself makes it.
package publication

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"madang/internal/nostr"
)

// ErrKind is returned for an event that is not of the kind asked for.
var ErrKind = errors.New("event is of another kind")

// Bounds on what one event shows, in runes.
const (
	maxTitle   = 300
	maxSummary = 1000
	maxSection = 60
)

// Article is a long-form text as a reader sees it (NIP-23, kind 30023).
type Article struct {
	Address     nostr.Address
	Title       string // one line; "" where the author gave none
	Summary     string // one line of plain text, from the content where the author gave none
	Image       string // URL as the author wrote it, or ""; see BlobOf
	Content     string // Markdown
	Language    string // ISO 639-1, or "" where not said
	Section     string // first topic ("t" tag), or ""
	Link        string // where it first appeared (NIP-48), http or https, or ""
	PublishedAt int64  // Unix seconds, never after UpdatedAt
	UpdatedAt   int64  // Unix seconds: created_at of this version
}

// ParseArticle reads an event of kind 30023.
func ParseArticle(e *nostr.Event) (Article, error) {
	if e.Kind != nostr.KindArticle {
		return Article{}, ErrKind
	}
	address, _ := e.Address()
	a := Article{
		Address:     address,
		Title:       tagLine(e, "title", maxTitle),
		Summary:     tagLine(e, "summary", maxSummary),
		Image:       tagLine(e, "image", 2000),
		Content:     e.Content,
		Language:    Language(e.Tags),
		Section:     tagLine(e, "t", maxSection),
		PublishedAt: publishedAt(e),
		UpdatedAt:   e.CreatedAt,
	}
	if a.Summary == "" {
		a.Summary = PlainText(e.Content, 200)
	}
	if link, ok := e.Tags.First("proxy"); ok && isWeb(link) {
		a.Link = link
	}
	return a, nil
}

// Code returns the NIP-19 naddr that names the article in every version and on every node.
func (a Article) Code() string { return a.Address.Naddr() }

// publishedAt is the published_at tag, or created_at where that is missing, nonsense, or later than the version it
// stands on: an author cannot claim the top of the page by a date to come.
func publishedAt(e *nostr.Event) int64 {
	v, _ := e.Tags.First("published_at")
	t, err := strconv.ParseInt(v, 10, 64)
	if err != nil || t <= 0 || t > e.CreatedAt {
		return e.CreatedAt
	}
	return t
}

func tagLine(e *nostr.Event, name string, limit int) string {
	v, _ := e.Tags.First(name)
	return Line(v, limit)
}

// Line makes one line of at most limit runes: white space runs become one space, control characters and those that
// turn the direction of text are left out, and what is cut ends in an ellipsis.
func Line(s string, limit int) string {
	var b strings.Builder
	space, runes := false, 0
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			space = runes > 0
			continue
		case unicode.IsControl(r), r == '\uFFFD', isBidiControl(r):
			continue
		}
		if runes+1 > limit {
			return strings.TrimRight(cutRune(b.String()), " ") + "…"
		}
		if space {
			b.WriteByte(' ')
			space = false
			runes++
		}
		b.WriteRune(r)
		runes++
	}
	return b.String()
}

// cutRune takes the last rune away, to make room for an ellipsis.
func cutRune(s string) string {
	r := []rune(s)
	return string(r[:max(0, len(r)-1)])
}

// isBidiControl reports the embeddings, overrides and isolates of Unicode, by which a title could garble its
// neighbours. The marks that Arabic and Hebrew writers use (LRM, RLM, ALM) are no such thing.
func isBidiControl(r rune) bool {
	return r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069'
}

// isWeb reports an absolute http or https URL.
func isWeb(s string) bool {
	if len(s) > 2000 {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
