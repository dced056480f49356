package web

import (
	"html/template"
	"net/http"
)

// plainPage stands in for the client where it was not built.
var plainPage = template.Must(template.New("plain").Parse(`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Name}}</title>
<h1>{{.Name}}</h1>
<ul>
<li><a href="/news">News</a>
<li><a href="/videos">Videos</a>
</ul>
<p>Messages need the Madang client, which is not part of this build.
</html>
`))

func (h *Handler) plain(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "use GET", http.StatusMethodNotAllowed)
		return
	}
	info := Info{Name: "Madang"}
	if h.cfg.Info != nil {
		info = h.cfg.Info()
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_ = plainPage.Execute(w, info) // a reader who has gone is no error
}
