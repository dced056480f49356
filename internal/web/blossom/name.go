package blossom

import (
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"madang/internal/blob"
)

const maxName = 180 // bytes of a file name: file systems take 255, and a browser may add " (1)" and ".part"

// fileName makes of what a link asks for a name that is safe to save under, whole in any script. A picture, sound or
// film gets its own extension where the name has another, so that no link can offer a video as a program.
func fileName(asked string, info blob.Info) string {
	name := strings.Map(func(c rune) rune {
		switch {
		case c == utf8.RuneError, unicode.Is(unicode.Cc, c), unicode.Is(unicode.Zl, c), unicode.Is(unicode.Zp, c):
			return -1
		case c == '\u200c', c == '\u200d': // joiners belong to Persian words and to emoji
			return c
		case unicode.Is(unicode.Cf, c): // among them all that turn the direction of text
			return -1
		case strings.ContainsRune(`/\:*?"<>|`, c):
			return '_'
		case unicode.IsSpace(c):
			return ' '
		}
		return c
	}, asked)
	name = strings.Trim(name, " .")
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if stem == "" {
		stem, ext = info.Hash.String(), ""
	}
	known := blob.Extensions(info.Type)
	major, _, _ := strings.Cut(info.Type, "/")
	isMedia := major == "video" || major == "audio" || major == "image"
	switch {
	case len(known) == 0 || slices.Contains(known, strings.ToLower(ext)):
	case ext == "" || len(ext) > 10: // a dot in a title is no extension
		stem, ext = stem+ext, known[0]
	case isMedia:
		stem, ext = stem+ext, known[0]
	}
	if len(ext) > 10 {
		stem, ext = stem+ext, ""
	}
	return strings.TrimRight(cut(stem, maxName-len(ext)), " .") + ext
}

// cut shortens s to at most max bytes at a rune's end.
func cut(s string, max int) string {
	if len(s) <= max {
		return s
	}
	for !utf8.RuneStart(s[max]) {
		max--
	}
	return s[:max]
}

// attachment is a Content-Disposition (RFC 6266) with the name in ASCII for old programs, and whole (RFC 8187).
func attachment(name string) string {
	const hex = "0123456789ABCDEF"
	var plain, full strings.Builder
	for _, c := range name {
		switch {
		case c < ' ' || c > '~' || c == '"' || c == '\\' || c == '%':
			plain.WriteByte('_')
		default:
			plain.WriteRune(c)
		}
	}
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("!#$&+-.^_`|~", c) >= 0:
			full.WriteByte(c)
		default:
			full.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return `attachment; filename="` + plain.String() + `"; filename*=UTF-8''` + full.String()
}
