package feed

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	"github.com/mmcdole/gofeed/atom"
	ext "github.com/mmcdole/gofeed/extensions"
	"github.com/mmcdole/gofeed/json"

	"madang/internal/publication"
)

// channel is a feed in the terms of this package, whatever its format.
type channel struct {
	identity string // what its key is derived from: its address, or the title of a file that has none
	title    string // one line
	about    string // one line
	website  string // http or https, or ""
	picture  string // reference, or ""
	language string // two letters, or ""
	items    []item // at most maxItems, as the feed orders them
}

// item is one entry of a feed.
type item struct {
	id        string // "" where nothing tells it from others
	title     string // one line, or ""
	html      string // body, not yet cleaned; plain text has become HTML
	summary   string // one line, or ""
	link      string // http or https, or ""
	language  string // two letters, or ""
	section   string // one line, or ""
	pictures  []string
	published time.Time // zero where missing or broken
	updated   time.Time // the same
}

// parse reads any of the formats. It reads the whole document before anything else is done.
func parse(doc *document) (*channel, error) {
	body, entries, err := prepare(doc)
	if err != nil {
		return nil, err
	}
	f, err := parseAny(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotFeed, err)
	}
	if len(f.Items) == 0 {
		return nil, ErrEmpty
	}

	base := doc.base
	if base == nil {
		base = webURL(cmp.Or(f.FeedLink, f.Link))
	}
	ch := &channel{
		title:    publication.Line(publication.StripHTML(f.Title), 100),
		about:    publication.Line(publication.StripHTML(f.Description), 500),
		website:  resolve(base, f.Link),
		language: languageCode(f.Language),
	}
	if f.Image != nil {
		ch.picture = f.Image.URL
	}
	ch.title = cmp.Or(ch.title, hostOf(doc.url), hostOf(f.FeedLink), "Feed")
	// A document from the network is who its address says it is: it cannot speak for another feed. A file has only
	// its own word.
	ch.identity = doc.url
	if ch.identity == "" && webURL(f.FeedLink) != nil {
		ch.identity = f.FeedLink
	}
	ch.identity = cmp.Or(ch.identity, ch.title)

	for i, it := range f.Items[:min(len(f.Items), maxItems)] {
		ch.items = append(ch.items, readItem(f, i, it, base, entries))
	}
	return ch, nil
}

// parseAny is gofeed, which panics where a JSON feed says null in the place of an item or an author.
func parseAny(body []byte) (f *gofeed.Feed, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("it is built wrong: %v", v)
		}
	}()
	p := gofeed.NewParser()
	p.KeepOriginalFeed = true
	return p.Parse(bytes.NewReader(body))
}

func readItem(f *gofeed.Feed, i int, it *gofeed.Item, base *url.URL, entries []entryHead) item {
	title := publication.StripHTML(it.Title)
	body := cmp.Or(it.Content, it.Description)
	summary := ""
	if it.Content != "" {
		summary = publication.Line(publication.StripHTML(it.Description), 300)
	}
	language := ""
	switch original := f.OriginalFeed().(type) {
	case *atom.Feed:
		if i < len(entries) {
			language = entries[i].language
			if entries[i].plainTitle {
				title = it.Title
			}
		}
		if c := original.Entries[i].Content; c != nil && c.Value != "" && (c.Type == "" || c.Type == "text") {
			body = textToHTML(c.Value, true)
		}
	case *json.Feed:
		title = it.Title
		language = original.Items[i].Language
		if o := original.Items[i]; o.ContentHTML == "" {
			body = textToHTML(cmp.Or(o.ContentText, o.Summary), true)
		}
	}
	if !hasElements(body) {
		body = textToHTML(html.UnescapeString(body), false)
	}
	if it.DublinCoreExt != nil && language == "" && len(it.DublinCoreExt.Language) > 0 {
		language = it.DublinCoreExt.Language[0]
	}
	out := item{
		title:     publication.Line(title, 200),
		html:      body,
		summary:   summary,
		link:      resolve(base, it.Link),
		language:  languageCode(language),
		pictures:  pictureReferences(it),
		published: timeOf(it.PublishedParsed),
		updated:   timeOf(it.UpdatedParsed),
	}
	if len(it.Categories) > 0 {
		out.section = publication.Line(strings.ToLower(publication.StripHTML(it.Categories[0])), 60)
	}
	out.id = identify(it)
	return out
}

// identify returns what stays the same when a feed corrects an item: its id, else its link, else its title and date,
// else its words.
func identify(it *gofeed.Item) string {
	if id := cmp.Or(strings.TrimSpace(it.GUID), strings.TrimSpace(it.Link)); id != "" {
		return id
	}
	if title := strings.TrimSpace(it.Title); title != "" {
		return title + "\n" + strings.TrimSpace(it.Published)
	}
	return strings.TrimSpace(cmp.Or(it.Content, it.Description))
}

// pictureReferences lists the pictures that stand for an item, the most telling first. Those in its text are not among
// them.
func pictureReferences(it *gofeed.Item) []string {
	var refs []string
	add := func(ref string) {
		if ref != "" && !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	for _, e := range it.Enclosures {
		if strings.HasPrefix(e.Type, "image/") {
			add(e.URL)
		}
	}
	if it.ITunesExt != nil {
		add(it.ITunesExt.Image)
	}
	media := it.Extensions["media"]
	for _, name := range []string{"content", "thumbnail", "group"} {
		for _, e := range media[name] {
			addMedia(e, name, add)
		}
	}
	if it.Image != nil {
		add(it.Image.URL)
	}
	return refs
}

// addMedia finds the pictures of Media RSS.
func addMedia(e ext.Extension, name string, add func(string)) {
	switch {
	case name == "thumbnail", strings.HasPrefix(e.Attrs["type"], "image/"), e.Attrs["medium"] == "image":
		add(e.Attrs["url"])
	case name == "group":
		for _, child := range []string{"content", "thumbnail"} {
			for _, c := range e.Children[child] {
				addMedia(c, child, add)
			}
		}
	}
}

func timeOf(t *time.Time) time.Time {
	if t == nil || t.Unix() <= 0 {
		return time.Time{}
	}
	return *t
}

// languageCode takes the language out of a tag like "en-GB".
func languageCode(tag string) string {
	code, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(tag)), "_", "-"), "-")
	if !publication.IsLanguage(code) {
		return ""
	}
	return code
}

// webURL reads an absolute http or https URL, or returns nil.
func webURL(s string) *url.URL {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil
	}
	return u
}

// resolve makes a reference an absolute http or https address, or "" where it is none.
func resolve(base *url.URL, ref string) string {
	u, err := url.Parse(strings.TrimSpace(ref))
	if err != nil || ref == "" || len(ref) > 2000 {
		return ""
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	u.User = nil
	return u.String()
}

func hostOf(s string) string {
	if u := webURL(s); u != nil {
		return u.Host
	}
	return ""
}
