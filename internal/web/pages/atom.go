package pages

import (
	"bytes"
	"net/http"
	"regexp"
	"time"

	"madang/internal/feed"
	"madang/internal/nostr"
	"madang/internal/publication"
)

const atomOnPage = 50

// hostPattern is what may stand in an address as a host: a name or an IP address, and a port.
var hostPattern = regexp.MustCompile(`^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?$`)

// atom serves the newest articles as a feed, all or those in one language.
func (h *Handler) atom(w http.ResponseWriter, r *http.Request) error {
	f := h.published(nostr.KindArticle)
	f.Limit = atomOnPage
	out := feed.Atom{
		Title: h.cfg.NodeName(), NodeKey: h.cfg.NodeKey, BaseURL: h.baseURL(r), Path: "/news/feed.atom",
	}
	if chosen := r.URL.Query().Get("lang"); publication.IsLanguage(chosen) {
		f.Tags = []nostr.TagFilter{{Letter: 'l', Values: []string{chosen}}}
		out.Language, out.Path = chosen, out.Path+"?lang="+chosen
	}
	var events []*nostr.Event
	err := h.query(r.Context(), f, func(e *nostr.Event) error {
		events = append(events, e)
		return nil
	})
	if err != nil {
		return err
	}
	names, err := h.names(r.Context(), events...)
	if err != nil {
		return err
	}
	var modified time.Time
	for _, e := range events {
		a, err := publication.ParseArticle(e)
		if err != nil {
			return err
		}
		if at := time.Unix(a.UpdatedAt, 0); at.After(modified) {
			modified = at
		}
		if a.Title == "" {
			a.Title = h.texts.text(interfaceLanguages[0], "article.untitled")
		}
		entry := feed.AtomEntry{Article: a, AuthorName: names[e.PubKey]}
		if b, ok := publication.BlobOf(a.Image); ok {
			if info, here := h.stat(r.Context(), b); here {
				entry.Image = &feed.AtomFile{Path: b.Path(), Type: info.Type, Size: info.Size}
			}
		}
		out.Entries = append(out.Entries, entry)
	}
	var b bytes.Buffer
	if err := feed.WriteAtom(&b, out); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-cache")
	write(w, r, "application/atom+xml; charset=utf-8", b.Bytes(), modified)
	return nil
}
