package pages

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"time"
)

//go:embed templates/*.html
var templateFiles embed.FS

// templates holds one page each, with the frame that all have.
type templates map[string]*template.Template

func loadTemplates() templates {
	ts := templates{}
	for _, page := range []string{"news", "article", "videos", "video", "notfound", "failed"} {
		ts[page] = template.Must(template.ParseFS(templateFiles, "templates/frame.html", "templates/parts.html",
			"templates/"+page+".html"))
	}
	return ts
}

func (ts templates) render(w io.Writer, page string, v *view) error {
	if err := ts[page].ExecuteTemplate(w, "frame", v); err != nil {
		return fmt.Errorf("page %s: %w", page, err)
	}
	return nil
}

// view is what the frame of every page shows.
type view struct {
	Lang, Dir string // of the interface
	Title     string // of the page
	Node      string // name
	Style     string // path
	Area      string // "news", "videos" or ""
	FeedQuery string // of the page's Atom feed
	App       string // address of the same in the app
	Body      any    // of the page's own template

	texts *texts
	zone  *time.Location
	asked string // the interface language, where the reader has chosen one
	url   *url.URL
}

func (h *Handler) newView(r *http.Request) *view {
	code, asked := h.texts.choose(r)
	v := &view{
		Lang: code, Dir: direction(code), Node: h.cfg.NodeName(), Style: h.stylePath, App: "/",
		texts: h.texts, zone: h.cfg.Now().Location(), url: r.URL,
	}
	if asked {
		v.asked = code
	}
	return v
}

// T is a text of the interface.
func (v *view) T(key string, pairs ...string) string { return v.texts.text(v.Lang, key, pairs...) }

// Link is an address on these pages, with the language that the reader has chosen and pairs of name and value.
func (v *view) Link(path string, pairs ...string) string {
	q := url.Values{}
	if v.asked != "" {
		q.Set("ui", v.asked)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// choice is one of several, of which one is current.
type choice struct {
	Name, Lang, Dir, Href string
	Current               bool
}

// InterfaceLanguages lead to this page in each language.
func (v *view) InterfaceLanguages() []choice {
	var choices []choice
	for _, code := range interfaceLanguages {
		q := v.url.Query()
		q.Set("ui", code)
		choices = append(choices, choice{
			Name: v.texts.text(code, "language"), Lang: code, Dir: direction(code), Current: code == v.Lang,
			Href: v.url.EscapedPath() + "?" + q.Encode(),
		})
	}
	return choices
}

// moment is a point in time for people and for machines.
type moment struct{ Text, Machine string }

func (v *view) moment(unix int64) moment {
	at := time.Unix(unix, 0).In(v.zone)
	return moment{v.texts.date(v.Lang, at), at.Format(time.RFC3339)}
}

func (v *view) size(bytes int64) string { return v.texts.size(v.Lang, bytes) }
