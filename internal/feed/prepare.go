package feed

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/unicode"
)

// maxDepth bounds the nesting of elements; a feed with XHTML inside has about twenty levels.
const maxDepth = 200

// entryHead is what gofeed does not tell of an Atom entry.
type entryHead struct {
	language   string // xml:lang of the entry
	plainTitle bool   // its title is text, in which "<b>" is three characters (RFC 4287, 3.1.1)
}

var declaration = regexp.MustCompile(`^\s*<\?xml[^>]{0,200}\?>`)
var declaredEncoding = regexp.MustCompile(`encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']`)

// prepare makes the document UTF-8 without control characters, and refuses what would harm its parser: entities of its
// own, nesting without end, and a document that breaks off.
func prepare(doc *document) ([]byte, []entryHead, error) {
	body, err := toUTF8(doc)
	if err != nil {
		return nil, nil, err
	}
	body = bytes.TrimSpace(body)
	if len(body) == 0 || body[0] != '<' && body[0] != '{' {
		return nil, nil, ErrNotFeed
	}
	if body[0] == '{' {
		return body, nil, checkJSONDepth(body)
	}
	entries, err := scanXML(body)
	return body, entries, err
}

// toUTF8 decodes the document by its byte order mark, its XML declaration, or what HTTP said, in this order.
func toUTF8(doc *document) ([]byte, error) {
	body := doc.body
	var label string
	switch {
	case bytes.HasPrefix(body, []byte{0xEF, 0xBB, 0xBF}):
		body = body[3:]
	case bytes.HasPrefix(body, []byte{0xFE, 0xFF}), bytes.HasPrefix(body, []byte{0xFF, 0xFE}):
		decoded, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder().Bytes(body)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotFeed, err)
		}
		body = decoded
	default:
		label = doc.charset
		if m := declaredEncoding.FindSubmatch(declaration.Find(body)); m != nil {
			label = string(m[1])
		}
	}
	if e, name := charset.Lookup(label); e != nil && name != "utf-8" {
		decoded, err := e.NewDecoder().Bytes(body)
		if err != nil {
			return nil, fmt.Errorf("%w: not %s as it says: %w", ErrNotFeed, name, err)
		}
		body = decoded
	}
	body = declaration.ReplaceAll(body, nil) // it is UTF-8 now, which is what no declaration means
	return []byte(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\uFFFE' || r == '\uFFFF' {
			return -1
		}
		return r
	}, string(body))), nil
}

// scanXML walks the document once without building anything from it.
func scanXML(body []byte) ([]entryHead, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	d.Strict = false
	var entries []entryHead
	var root, last string
	depth := 0
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotFeed, err)
		}
		switch t := token.(type) {
		case xml.Directive:
			if bytes.Contains(bytes.ToUpper(t), []byte("<!ENTITY")) {
				return nil, fmt.Errorf("%w: it defines entities of its own", ErrHostile)
			}
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return nil, fmt.Errorf("%w: more than %d elements inside one another", ErrHostile, maxDepth)
			}
			if root == "" {
				root = t.Name.Local
			}
			if depth == 2 && t.Name.Local == "entry" {
				entries = append(entries, entryHead{language: xmlLang(t)})
			}
			if depth == 3 && t.Name.Local == "title" && len(entries) > 0 {
				entries[len(entries)-1].plainTitle = isText(t)
			}
		case xml.EndElement:
			depth--
			last = t.Name.Local
		}
	}
	if root == "" || last != root {
		return nil, fmt.Errorf("%w: it breaks off", ErrNotFeed)
	}
	return entries, nil
}

func xmlLang(t xml.StartElement) string {
	for _, a := range t.Attr {
		if a.Name.Space == "xml" && a.Name.Local == "lang" {
			return a.Value
		}
	}
	return ""
}

// isText reports an Atom text construct of type "text", which is what no type means.
func isText(t xml.StartElement) bool {
	for _, a := range t.Attr {
		if a.Name.Local == "type" {
			return a.Value == "text"
		}
	}
	return true
}

// checkJSONDepth counts brackets outside strings.
func checkJSONDepth(body []byte) error {
	depth, inString := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return fmt.Errorf("%w: more than %d levels inside one another", ErrHostile, maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}
