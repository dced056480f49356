package feed

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"madang/internal/nostr"
	"madang/internal/publication"
)

// maxEntries bounds the feed that goes out.
const maxEntries = 50

// Atom is the node's news as a feed (RFC 4287).
type Atom struct {
	Title    string
	Subtitle string
	NodeKey  nostr.PubKey // names the feed, wherever it is served
	BaseURL  string       // where this reader reaches the node, without a slash at the end
	Path     string       // of the feed itself, as asked for: "/news/feed.atom?lang=ko"
	Language string       // of all entries, or ""
	Entries  []AtomEntry  // newest first; those beyond 50 are left out
}

// AtomEntry is one article of the feed.
type AtomEntry struct {
	Article    publication.Article
	AuthorName string
	Image      *AtomFile // nil: none that a reader could get
}

// AtomFile is a file that belongs to an entry.
type AtomFile struct {
	Path string // on this node
	Type string // MIME type
	Size int64  // bytes
}

// WriteAtom writes the feed. Entries are named by NIP-21 URIs ("nostr:naddr1…"), which are the same on every node, so
// that who reads the same article by two roads sees it once.
func WriteAtom(w io.Writer, a Atom) error {
	page := a.BaseURL + "/news"
	f := atomFeed{
		Lang:      a.Language,
		ID:        "nostr:" + a.NodeKey.Npub(),
		Title:     a.Title,
		Subtitle:  a.Subtitle,
		Updated:   atomTime(0),
		Generator: "Madang",
		Links: []atomLink{
			{Rel: "self", Type: "application/atom+xml", Href: a.BaseURL + a.Path},
			{Rel: "alternate", Type: "text/html", Href: page},
		},
	}
	if a.Language != "" {
		f.ID += "#" + a.Language
	}
	newest := int64(0)
	for _, e := range a.Entries[:min(len(a.Entries), maxEntries)] {
		newest = max(newest, e.Article.UpdatedAt)
		f.Entries = append(f.Entries, atomEntry(a.BaseURL, e))
	}
	f.Updated = atomTime(newest)

	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", " ")
	if err := enc.Encode(f); err != nil {
		return fmt.Errorf("write Atom: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func atomEntry(base string, e AtomEntry) entryXML {
	a := e.Article
	content := publication.HTML(a.Content, publication.HTMLOptions{
		Picture: func(b publication.Blob) (string, bool) { return base + b.Path(), true },
		Nostr: func(code string) string {
			if strings.HasPrefix(code, "naddr1") {
				return base + "/news/" + code
			}
			return ""
		},
	})
	x := entryXML{
		Lang:      a.Language,
		ID:        "nostr:" + a.Code(),
		Title:     a.Title,
		Updated:   atomTime(a.UpdatedAt),
		Published: atomTime(a.PublishedAt),
		Author:    atomPerson{Name: e.AuthorName, URI: "nostr:" + a.Address.PubKey.Npub()},
		Links:     []atomLink{{Rel: "alternate", Type: "text/html", Href: base + "/news/" + a.Code()}},
		Summary:   a.Summary,
		Content:   atomText{Type: "html", Text: content},
	}
	if a.Link != "" {
		x.Links = append(x.Links, atomLink{Rel: "via", Href: a.Link})
	}
	if e.Image != nil {
		x.Links = append(x.Links, atomLink{
			Rel: "enclosure", Type: e.Image.Type, Length: e.Image.Size, Href: base + e.Image.Path,
		})
	}
	if a.Section != "" {
		x.Category = &atomCategory{Term: a.Section}
	}
	return x
}

func atomTime(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }

// The elements in the order of RFC 4287, section 4.
type (
	atomFeed struct {
		XMLName   xml.Name   `xml:"http://www.w3.org/2005/Atom feed"`
		Lang      string     `xml:"xml:lang,attr,omitempty"`
		ID        string     `xml:"id"`
		Title     string     `xml:"title"`
		Subtitle  string     `xml:"subtitle,omitempty"`
		Updated   string     `xml:"updated"`
		Generator string     `xml:"generator"`
		Links     []atomLink `xml:"link"`
		Entries   []entryXML `xml:"entry"`
	}
	entryXML struct {
		Lang      string        `xml:"xml:lang,attr,omitempty"`
		ID        string        `xml:"id"`
		Title     string        `xml:"title"`
		Updated   string        `xml:"updated"`
		Published string        `xml:"published"`
		Author    atomPerson    `xml:"author"`
		Links     []atomLink    `xml:"link"`
		Category  *atomCategory `xml:"category"`
		Summary   string        `xml:"summary,omitempty"`
		Content   atomText      `xml:"content"`
	}
	atomLink struct {
		Rel    string `xml:"rel,attr"`
		Type   string `xml:"type,attr,omitempty"`
		Length int64  `xml:"length,attr,omitempty"`
		Href   string `xml:"href,attr"`
	}
	atomPerson struct {
		Name string `xml:"name"`
		URI  string `xml:"uri"`
	}
	atomCategory struct {
		Term string `xml:"term,attr"`
	}
	atomText struct {
		Type string `xml:"type,attr"`
		Text string `xml:",chardata"`
	}
)
