package pages

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"madang/internal/nostr"
	"madang/internal/publication"
	"madang/internal/web/httpauth"
)

const (
	newsOnPage = 30
	topStories = 4 // beside the lead
)

// story is an article on the front page.
type story struct {
	Href, Title, Summary string
	Lang, Dir            string
	Section, Author      string
	Picture              string // path, or ""
	Date                 moment
	at                   int64
}

// section is a part of the front page.
type section struct {
	Name    string
	Stories []story
}

// frontPage is what news.html shows.
type frontPage struct {
	Lead      *story
	Top       []story
	Sections  []section
	Rest      []story
	Languages []choice
	Language  string // chosen, or ""
	Older     string // address of the next page, or ""
	Newest    string // address of the first page, on later ones
}

func (h *Handler) news(w http.ResponseWriter, r *http.Request) error {
	v := h.newView(r)
	query := r.URL.Query()
	f := h.published(nostr.KindArticle)
	f.Until = before(query.Get("before"))
	chosen := query.Get("lang")
	if publication.IsLanguage(chosen) {
		f.Tags = []nostr.TagFilter{{Letter: 'l', Values: []string{chosen}}}
	} else {
		chosen = ""
	}
	events, more, err := h.page(r.Context(), f, newsOnPage)
	if err != nil {
		return err
	}
	stories, err := h.stories(r.Context(), v, events)
	if err != nil {
		return err
	}
	codes, err := h.newsLanguages(r.Context())
	if err != nil {
		return err
	}

	front := arrange(stories)
	front.Language = chosen
	if len(codes) > 1 || chosen != "" {
		front.Languages = languageChoices(v, codes, chosen)
	}
	if more {
		last := events[len(events)-1].CreatedAt
		front.Older = v.Link("/news", "lang", chosen, "before", strconv.FormatInt(last, 10))
	}
	if query.Has("before") {
		front.Newest = v.Link("/news", "lang", chosen)
	}
	v.Title, v.Area, v.Body = v.T("news.title"), "news", front
	v.App = "/#/news"
	if chosen != "" {
		v.FeedQuery = "?lang=" + chosen
	}
	return h.show(w, r, "news", v, time.Time{})
}

func languageChoices(v *view, codes []string, chosen string) []choice {
	choices := []choice{{Name: v.T("news.all"), Lang: v.Lang, Dir: v.Dir, Href: v.Link("/news"), Current: chosen == ""}}
	if chosen != "" && !slices.Contains(codes, chosen) {
		codes = append(slices.Clone(codes), chosen)
	}
	for _, code := range codes {
		choices = append(choices, choice{
			Name: languageName(code), Lang: code, Dir: direction(code), Href: v.Link("/news", "lang", code),
			Current: code == chosen,
		})
	}
	return choices
}

// stories reads articles for a list, the last published first.
func (h *Handler) stories(ctx context.Context, v *view, events []*nostr.Event) ([]story, error) {
	names, err := h.names(ctx, events...)
	if err != nil {
		return nil, err
	}
	var stories []story
	for _, e := range events {
		a, err := publication.ParseArticle(e)
		if err != nil {
			return nil, err
		}
		stories = append(stories, story{
			Href:    v.Link("/news/" + a.Code()),
			Title:   cmp.Or(a.Title, v.T("article.untitled")),
			Summary: a.Summary,
			Lang:    a.Language,
			Dir:     direction(a.Language),
			Section: a.Section,
			Author:  names[e.PubKey],
			Picture: h.picture(ctx, a.Image),
			Date:    v.moment(a.PublishedAt),
			at:      a.PublishedAt,
		})
	}
	slices.SortStableFunc(stories, func(a, b story) int { return cmp.Compare(b.at, a.at) })
	return stories, nil
}

// arrange lays out the front page: the newest story leads, or one of the next few if it has a picture and the newest
// has none; then the top stories, the sections with at least two, and the rest.
func arrange(stories []story) frontPage {
	var p frontPage
	if len(stories) == 0 {
		return p
	}
	lead := 0
	for i := range stories[:min(len(stories), topStories)] {
		if stories[i].Picture != "" {
			lead = i
			break
		}
	}
	p.Lead = &stories[lead]
	others := slices.Delete(slices.Clone(stories), lead, lead+1)
	top := min(len(others), topStories)
	p.Top, others = others[:top], others[top:]

	count := map[string]int{}
	for _, s := range others {
		count[strings.ToLower(s.Section)]++
	}
	place := map[string]int{}
	for _, s := range others {
		key := strings.ToLower(s.Section)
		if key == "" || count[key] < 2 {
			p.Rest = append(p.Rest, s)
			continue
		}
		i, ok := place[key]
		if !ok {
			i = len(p.Sections)
			place[key] = i
			p.Sections = append(p.Sections, section{Name: s.Section})
		}
		p.Sections[i].Stories = append(p.Sections[i].Stories, s)
	}
	return p
}

// articlePage is what article.html shows.
type articlePage struct {
	Title, Summary, Section string
	Lang, Dir               string
	Author                  string
	Published               moment
	Updated                 *moment // where that was another day
	Picture                 string  // path, or ""
	HTML                    template.HTML
	Link, LinkHost          string
}

func (h *Handler) article(w http.ResponseWriter, r *http.Request, code string) error {
	e, err := h.find(r.Context(), code, []uint16{nostr.KindArticle})
	if err != nil {
		return err
	}
	a, err := publication.ParseArticle(e)
	if err != nil {
		return err
	}
	names, err := h.names(r.Context(), e)
	if err != nil {
		return err
	}
	v := h.newView(r)
	p := articlePage{
		Title:     cmp.Or(a.Title, v.T("article.untitled")),
		Section:   a.Section,
		Lang:      a.Language,
		Dir:       direction(a.Language),
		Author:    names[e.PubKey],
		Published: v.moment(a.PublishedAt),
		Link:      a.Link,
	}
	if written, _ := e.Tags.First("summary"); written != "" && !beginsWith(a.Content, a.Summary) {
		p.Summary = a.Summary
	}
	if updated := v.moment(a.UpdatedAt); updated.Text != p.Published.Text {
		p.Updated = &updated
	}
	// A picture that the text shows anyway is not shown twice.
	if b, ok := publication.BlobOf(a.Image); ok && !strings.Contains(a.Content, b.Hash) {
		p.Picture = h.picture(r.Context(), a.Image)
	}
	if u, err := url.Parse(a.Link); err == nil {
		p.LinkHost = u.Host
	}
	p.HTML = template.HTML(publication.HTML(a.Content, publication.HTMLOptions{ // safe: that is what HTML is for
		PictureWord: v.T("article.picture"),
		Picture: func(b publication.Blob) (string, bool) {
			_, here := h.stat(r.Context(), b)
			return b.Path(), here
		},
		Nostr: func(code string) string { return publicationLink(v, code) },
	}))
	v.Title, v.Area, v.Body = p.Title, "news", p
	v.App = "/#/news/" + a.Code()
	return h.show(w, r, "article", v, time.Unix(a.UpdatedAt, 0))
}

// beginsWith reports whether a summary only repeats how the text begins.
func beginsWith(content, summary string) bool {
	words := strings.TrimSuffix(strings.TrimRight(summary, "."), "…")
	return strings.HasPrefix(publication.PlainText(content, len([]rune(words))+10), words)
}

// publicationLink is the page of what a NIP-19 code names, or "".
func publicationLink(v *view, code string) string {
	if len(code) > maxCode {
		return ""
	}
	named, err := nostr.ParseNIP19(code)
	if err != nil {
		return ""
	}
	address, ok := named.(nostr.Address)
	switch {
	case !ok:
		return ""
	case address.Kind == nostr.KindArticle:
		return v.Link("/news/" + address.Naddr())
	case slices.Contains(publication.VideoKinds(), address.Kind):
		return v.Link("/videos/" + address.Naddr())
	}
	return ""
}

// baseURL is the node's address as this reader knows it.
func (h *Handler) baseURL(r *http.Request) string {
	public := h.cfg.BaseURL()
	if u, err := url.Parse(public); err == nil && u.Host != "" && u.Host == r.Host || !hostPattern.MatchString(r.Host) {
		return strings.TrimRight(public, "/")
	}
	return httpauth.Origin(r)
}
