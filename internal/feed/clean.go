package feed

import (
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/JohannesKaufmann/html-to-markdown/v2/converter"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/base"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/commonmark"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/strikethrough"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/table"
	"github.com/microcosm-cc/bluemonday"
	nethtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"madang/internal/publication"
)

// cleaner takes feeds' HTML apart: what the policy does not name is dropped, scripts and styles with their content.
// Both its parts are safe for use by many at once.
type cleaner struct {
	policy    *bluemonday.Policy
	converter *converter.Converter
}

func newCleaner() *cleaner {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "div", "section", "article", "header",
		"footer", "center", "figure", "figcaption", "strong", "b", "em", "i", "del", "s", "strike", "blockquote",
		"pre", "code", "ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tfoot", "tr", "th", "td")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("ol")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("src", "alt").OnElements("img")
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.AllowDataURIImages()
	return &cleaner{
		policy: p,
		converter: converter.NewConverter(converter.WithPlugins(
			base.NewBasePlugin(),
			// A comment between two lists would be HTML, which NIP-23 forbids.
			commonmark.NewCommonmarkPlugin(commonmark.WithListEndComment(false)),
			strikethrough.NewStrikethroughPlugin(),
			table.NewTablePlugin(),
		)),
	}
}

// markdown turns HTML into Markdown without HTML (NIP-23). link and picture say where a reference leads; "" takes the
// link, or the picture, away and leaves its words.
func (c *cleaner) markdown(source string, link, picture func(ref string) string) (string, error) {
	doc, err := nethtml.Parse(strings.NewReader(c.policy.Sanitize(source)))
	if err != nil {
		return "", fmt.Errorf("read HTML: %w", err)
	}
	(&rewriter{link: link, picture: picture}).walk(doc)
	md, err := c.converter.ConvertNode(doc)
	if err != nil {
		return "", fmt.Errorf("turn HTML into Markdown: %w", err)
	}
	return withoutHTML(cut(strings.TrimSpace(strings.ToValidUTF8(string(md), "")))), nil
}

// Bounds on one item's HTML. The converter's work grows with the square of brackets and of a table's sides.
const (
	maxNodes    = 50_000         // elements and pieces of text; what comes after them is left out
	maxText     = 4 * maxContent // bytes of text; the same
	maxBrackets = 1000           // "[" that stay what they are; later ones become "("
	maxCells    = 10_000         // rows times columns of a table; a larger one becomes paragraphs
)

// rewriter sets the addresses of links and pictures, and holds the bounds.
type rewriter struct {
	link, picture         func(ref string) string
	nodes, text, brackets int
}

// walk goes through the children of n, and then does its work on n.
func (w *rewriter) walk(n *nethtml.Node) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		if w.nodes++; w.nodes > maxNodes || w.text > maxText {
			n.RemoveChild(c)
		} else {
			w.walk(c)
		}
		c = next
	}
	switch {
	case n.Type == nethtml.TextNode:
		w.text += len(n.Data)
		if w.brackets += strings.Count(n.Data, "["); w.brackets > maxBrackets {
			n.Data = strings.ReplaceAll(n.Data, "[", "(")
		}
	case n.Type != nethtml.ElementNode || n.Parent == nil:
	case n.Data == "a":
		if to := w.link(attribute(n, "href")); to != "" {
			setAttribute(n, "href", to)
			return
		}
		for c := n.FirstChild; c != nil; c = n.FirstChild {
			n.RemoveChild(c)
			n.Parent.InsertBefore(c, n)
		}
		n.Parent.RemoveChild(n)
	case n.Data == "img":
		if at := w.picture(attribute(n, "src")); at != "" {
			setAttribute(n, "src", at)
			setAttribute(n, "alt", publication.Line(attribute(n, "alt"), 300))
			return
		}
		n.Parent.RemoveChild(n)
	case n.Data == "table":
		if cells(n) > maxCells {
			flatten(n)
		}
	}
}

// cells is how many cells a table has once its rows are filled up to the widest.
func cells(table *nethtml.Node) int {
	rows, columns := 0, 0
	for n := range table.Descendants() {
		if n.Type != nethtml.ElementNode || n.Data != "tr" {
			continue
		}
		rows++
		width := 0
		for range n.ChildNodes() {
			width++
		}
		columns = max(columns, width)
	}
	return rows * columns
}

// flatten makes plain blocks of a table and all its parts.
func flatten(table *nethtml.Node) {
	parts := []*nethtml.Node{table}
	for n := range table.Descendants() {
		switch n.Data {
		case "table", "thead", "tbody", "tfoot", "tr", "td", "th":
			parts = append(parts, n)
		}
	}
	for _, n := range parts {
		if n.Type == nethtml.ElementNode {
			n.Data, n.DataAtom = "div", atom.Div
		}
	}
}

func attribute(n *nethtml.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}

func setAttribute(n *nethtml.Node, key, value string) {
	for i := range n.Attr {
		if n.Attr[i].Key == key {
			n.Attr[i].Val = value
		}
	}
}

// withoutHTML holds NIP-23's rule even where the converter's escaping falls short.
func withoutHTML(markdown string) string {
	if !publication.HasHTML(markdown) {
		return markdown
	}
	return strings.ReplaceAll(markdown, "<", "&lt;")
}

// cut ends a text that is too long at a paragraph's end.
func cut(markdown string) string {
	if len(markdown) <= maxContent {
		return markdown
	}
	markdown = markdown[:maxContent]
	markdown = strings.ToValidUTF8(markdown, "")
	if end := strings.LastIndex(markdown, "\n\n"); end > maxContent/2 {
		markdown = markdown[:end]
	}
	return markdown + "\n\n…"
}

var element = regexp.MustCompile(`<[A-Za-z/!]`)

// hasElements tells HTML from text.
func hasElements(s string) bool { return element.MatchString(s) }

// textToHTML makes paragraphs of plain text. Within a paragraph, keepLines keeps the line breaks.
func textToHTML(s string, keepLines bool) string {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n\n") {
		paragraph = strings.TrimSpace(paragraph)
		if paragraph == "" {
			continue
		}
		paragraph = html.EscapeString(paragraph)
		if keepLines {
			paragraph = strings.ReplaceAll(paragraph, "\n", "<br>")
		}
		b.WriteString("<p>" + paragraph + "</p>\n")
	}
	return b.String()
}
