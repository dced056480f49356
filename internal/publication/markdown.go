package publication

import (
	"bytes"
	"net/url"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// maxMarkdown bounds what one article may make a node work, in bytes. Longer texts are cut.
const maxMarkdown = 512 << 10

// markdown reads CommonMark with tables, strikethrough and bare links. It is never changed, and safe for use by many.
var markdown = goldmark.New(goldmark.WithExtensions(
	extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignNone)),
	extension.Strikethrough,
	extension.Linkify,
))

// wall is the second wall behind the renderer, which writes no HTML of an author's anyway: elements without style,
// script or handler, links that a page may follow.
var wall = newWall()

func newWall() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "strong", "em", "del", "blockquote", "pre", "code",
		"ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("ol")
	p.AllowAttrs("href", "title").OnElements("a")
	p.AllowAttrs("src", "alt", "title").OnElements("img")
	p.AllowAttrs("loading").Matching(regexp.MustCompile(`^lazy$`)).OnElements("img")
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	return p
}

// strict leaves text alone.
var strict = bluemonday.StrictPolicy()

// HTMLOptions says how a page shows what Markdown only names.
type HTMLOptions struct {
	// Picture returns the address at which a reader gets a blob, and false where there is none to be had: its
	// alternative text then stands in its place. nil: Blob.Path.
	Picture func(Blob) (string, bool)
	// PictureWord names a picture that is elsewhere and has no text of its own. Default "picture".
	PictureWord string
	// Nostr returns the address of the page of a NIP-19 code (a "nostr:" link, NIP-21), or "". nil: no pages.
	Nostr func(code string) string
}

// HTML renders Markdown as HTML that is safe to put on a page: no HTML of the author's, no scheme but http, https and
// mailto, no picture but the node's own blobs (others become links), headings one step lower since a page has its own.
func HTML(source string, o HTMLOptions) string {
	if o.Picture == nil {
		o.Picture = func(b Blob) (string, bool) { return b.Path(), true }
	}
	if o.PictureWord == "" {
		o.PictureWord = "picture"
	}
	src, doc := parse(source)
	edit(doc, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.Heading:
			n.Level = min(n.Level+1, 6)
		case *ast.RawHTML:
			n.Parent().RemoveChild(n.Parent(), n)
		case *ast.HTMLBlock:
			replace(n, paragraph(htmlBlockText(n, src)))
		case *ast.Image:
			showImage(n, src, o)
		case *ast.Link:
			if to := target(string(n.Destination), o); to != "" {
				n.Destination = []byte(to)
			} else {
				unwrap(n)
			}
		case *ast.AutoLink:
			if target(autoURL(n, src), o) == "" {
				replace(n, words(n.Label(src)))
			}
		}
	})
	var b bytes.Buffer
	if err := markdown.Renderer().Render(&b, src, doc); err != nil {
		return strict.Sanitize(source) // a bytes.Buffer does not fail; were it to, the words are still there
	}
	return wall.SanitizeReader(&b).String()
}

// HasHTML reports whether Markdown has HTML in it, which NIP-23 forbids.
func HasHTML(source string) bool {
	_, doc := parse(source)
	found := false
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n.Kind() {
		case ast.KindRawHTML, ast.KindHTMLBlock:
			found = true
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return found
}

// PlainText returns the first words of Markdown as one line of at most limit runes, without pictures and code blocks.
func PlainText(source string, limit int) string {
	if most := 40*limit + 4096; len(source) > most { // enough for the first words of anything
		source = source[:most]
	}
	src, doc := parse(source)
	var b strings.Builder
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			if n.Type() == ast.TypeBlock {
				b.WriteByte(' ')
			}
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Image, *ast.FencedCodeBlock, *ast.CodeBlock, *ast.HTMLBlock, *ast.RawHTML:
			return ast.WalkSkipChildren, nil
		case *ast.Text:
			b.Write(plain(n.Segment.Value(src), n.IsRaw()))
			if n.SoftLineBreak() || n.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(n.Value)
		case *ast.AutoLink:
			b.Write(n.Label(src))
		}
		if b.Len() > 8*limit {
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return Line(b.String(), limit)
}

func parse(source string) ([]byte, ast.Node) {
	if len(source) > maxMarkdown {
		source = source[:maxMarkdown]
	}
	src := []byte(tame(strings.ToValidUTF8(source, "\uFFFD")))
	return src, markdown.Parser().Parse(text.NewReader(src), parser.WithContext(parser.NewContext()))
}

// edit calls fn for each node, children first, so that fn may take its node away.
func edit(n ast.Node, fn func(ast.Node)) {
	for c := n.FirstChild(); c != nil; {
		next := c.NextSibling()
		edit(c, fn)
		c = next
	}
	if n.Parent() != nil {
		fn(n)
	}
}

func replace(n, by ast.Node) { n.Parent().ReplaceChild(n.Parent(), n, by) }

// unwrap puts a node's children in its place.
func unwrap(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = n.FirstChild() {
		n.Parent().InsertBefore(n.Parent(), n, c)
	}
	n.Parent().RemoveChild(n.Parent(), n)
}

func showImage(n *ast.Image, src []byte, o HTMLOptions) {
	blob, ok := BlobOf(string(n.Destination))
	if ok {
		if at, there := o.Picture(blob); there {
			n.Destination = []byte(at)
			n.SetAttributeString("loading", []byte("lazy"))
			return
		}
		unwrap(n)
		return
	}
	to := string(n.Destination)
	if !isWeb(to) {
		unwrap(n)
		return
	}
	if within(n, ast.KindLink) { // a link cannot hold another
		unwrap(n)
		return
	}
	link := ast.NewLink()
	link.Destination = []byte(to)
	if n.FirstChild() == nil {
		link.AppendChild(link, words([]byte(o.PictureWord)))
	}
	for c := n.FirstChild(); c != nil; c = n.FirstChild() {
		link.AppendChild(link, c)
	}
	replace(n, link)
}

func within(n ast.Node, kind ast.NodeKind) bool {
	for p := n.Parent(); p != nil; p = p.Parent() {
		if p.Kind() == kind {
			return true
		}
	}
	return false
}

// target returns where a link may lead, or "".
func target(to string, o HTMLOptions) string {
	u, err := url.Parse(to)
	if err != nil {
		return ""
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		if u.Host != "" {
			return to
		}
	case "mailto":
		return to
	case "nostr":
		if o.Nostr != nil {
			return o.Nostr(u.Opaque)
		}
	}
	return ""
}

// autoURL is an autolink's address, to which the renderer adds "mailto:" itself.
func autoURL(n *ast.AutoLink, src []byte) string {
	to := string(n.URL(src))
	if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(to), "mailto:") {
		return "mailto:" + to
	}
	return to
}

func htmlBlockText(n *ast.HTMLBlock, src []byte) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		b.Write(line.Value(src))
	}
	if n.HasClosure() {
		b.Write(n.ClosureLine.Value(src))
	}
	return StripHTML(b.String())
}

func paragraph(s string) ast.Node {
	p := ast.NewParagraph()
	p.AppendChild(p, words([]byte(s)))
	return p
}

// words is text that is written as it stands, escaped for HTML.
func words(b []byte) ast.Node {
	s := ast.NewString(b)
	s.SetRaw(true)
	return s
}
