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
	rewrite(doc, link, picture)
	md, err := c.converter.ConvertNode(doc)
	if err != nil {
		return "", fmt.Errorf("turn HTML into Markdown: %w", err)
	}
	return withoutHTML(cut(strings.TrimSpace(strings.ToValidUTF8(string(md), "")))), nil
}

// rewrite sets the addresses of links and pictures, children before their parents.
func rewrite(n *nethtml.Node, link, picture func(ref string) string) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		rewrite(c, link, picture)
		c = next
	}
	if n.Type != nethtml.ElementNode || n.Parent == nil {
		return
	}
	switch n.Data {
	case "a":
		if to := link(attribute(n, "href")); to != "" {
			setAttribute(n, "href", to)
			return
		}
		for c := n.FirstChild; c != nil; c = n.FirstChild {
			n.RemoveChild(c)
			n.Parent.InsertBefore(c, n)
		}
		n.Parent.RemoveChild(n)
	case "img":
		if at := picture(attribute(n, "src")); at != "" {
			setAttribute(n, "src", at)
			return
		}
		n.Parent.RemoveChild(n)
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
