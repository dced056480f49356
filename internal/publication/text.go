package publication

import (
	"html"
	"strings"

	"github.com/yuin/goldmark/util"
)

// StripHTML returns the words of a piece of HTML without its elements, scripts and styles.
func StripHTML(s string) string {
	return strings.TrimSpace(html.UnescapeString(strict.Sanitize(s)))
}

// plain resolves what Markdown text still has of its notation: backslash escapes and character references.
func plain(segment []byte, raw bool) []byte {
	if raw {
		return segment
	}
	return util.UnescapePunctuations(util.ResolveEntityNames(util.ResolveNumericReferences(segment)))
}
