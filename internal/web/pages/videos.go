package pages

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"madang/internal/nostr"
	"madang/internal/publication"
)

const videosOnPage = 24

// film is a video in the grid.
type film struct {
	Href, Title string
	Lang, Dir   string
	Author      string
	Poster      string // path, or ""
	Length      string // "1:05", or ""
	Sizes       string // of the smallest file and the largest
	Date        moment
}

// grid is what videos.html shows.
type grid struct {
	Films  []film
	Older  string // address, or ""
	Newest string // address, on later pages
}

func (h *Handler) videos(w http.ResponseWriter, r *http.Request) error {
	v := h.newView(r)
	query := r.URL.Query()
	f := h.published(publication.VideoKinds()...)
	f.Until = before(query.Get("before"))
	events, more, err := h.page(r.Context(), f, videosOnPage)
	if err != nil {
		return err
	}
	var g grid
	if g.Films, err = h.films(r.Context(), v, events); err != nil {
		return err
	}
	if more {
		g.Older = v.Link("/videos", "before", strconv.FormatInt(events[len(events)-1].CreatedAt, 10))
	}
	if query.Has("before") {
		g.Newest = v.Link("/videos")
	}
	v.Title, v.Area, v.Body, v.App = v.T("videos.title"), "videos", g, "/#/videos"
	return h.show(w, r, "videos", v, time.Time{})
}

func (h *Handler) films(ctx context.Context, v *view, events []*nostr.Event) ([]film, error) {
	names, err := h.names(ctx, events...)
	if err != nil {
		return nil, err
	}
	var films []film
	for _, e := range events {
		video, err := publication.ParseVideo(e)
		if err != nil {
			return nil, err
		}
		one := film{
			Href:   v.Link("/videos/" + video.Code()),
			Title:  cmp.Or(video.Title, v.T("article.untitled")),
			Lang:   video.Language,
			Dir:    direction(video.Language),
			Author: names[e.PubKey],
			Poster: h.picture(ctx, video.Poster),
			Date:   v.moment(video.PublishedAt),
		}
		if video.Duration > 0 {
			one.Length = length(video.Duration)
		}
		var sizes []int64
		for _, r := range video.Renditions {
			if r.Size > 0 {
				sizes = append(sizes, r.Size)
			}
		}
		if len(sizes) > 0 {
			one.Sizes = v.size(slices.Min(sizes))
			if largest := v.size(slices.Max(sizes)); largest != one.Sizes {
				one.Sizes += " – " + largest
			}
		}
		films = append(films, one)
	}
	return films, nil
}

// videoFile is one file of a video, to play or to take home.
type videoFile struct {
	Path, Download string
	Type           string
	Quality, Size  string // "480p", "12 MB"
	Kind           string // "MP4"
	Width, Height  int
}

// videoPage is what video.html shows.
type videoPage struct {
	Title       string
	Lang, Dir   string
	Author      string
	Published   moment
	Length      string
	Poster      string
	Description []string    // paragraphs
	Play        []videoFile // the one to play first, first
	Files       []videoFile // smallest first
}

func (h *Handler) video(w http.ResponseWriter, r *http.Request, code string) error {
	e, err := h.find(r.Context(), code, publication.VideoKinds())
	if err != nil {
		return err
	}
	video, err := publication.ParseVideo(e)
	if err != nil {
		return err
	}
	names, err := h.names(r.Context(), e)
	if err != nil {
		return err
	}
	v := h.newView(r)
	p := videoPage{
		Title:     cmp.Or(video.Title, v.T("article.untitled")),
		Lang:      video.Language,
		Dir:       direction(video.Language),
		Author:    names[e.PubKey],
		Published: v.moment(video.PublishedAt),
		Poster:    h.picture(r.Context(), video.Poster),
	}
	if video.Duration > 0 {
		p.Length = length(video.Duration)
	}
	for line := range strings.SplitSeq(video.Description, "\n") {
		if line = publication.Line(line, 5000); line != "" {
			p.Description = append(p.Description, line)
		}
	}
	p.Files = h.files(r.Context(), v, video, p.Title)
	p.Play = playOrder(p.Files)
	v.Title, v.Area, v.Body = p.Title, "videos", p
	v.App = "/#/videos/" + video.Code()
	return h.show(w, r, "video", v, time.Unix(video.UpdatedAt, 0))
}

// files lists those renditions that are on this node, with the sizes that they have here.
func (h *Handler) files(ctx context.Context, v *view, video publication.Video, title string) []videoFile {
	var files []videoFile
	for _, r := range video.Renditions {
		info, here := h.stat(ctx, r.Blob)
		if !here {
			continue
		}
		f := videoFile{
			Path: r.Blob.Path(), Type: r.Type, Size: v.size(info.Size), Width: r.Width, Height: r.Height,
			Quality: v.T("videos.original"),
			Kind:    strings.ToUpper(cmp.Or(strings.TrimPrefix(r.Blob.Ext, "."), strings.TrimPrefix(r.Type, "video/"))),
		}
		name := title
		if r.Height > 0 {
			// "480p" counts the shorter side, so that a film made upright is called as everybody calls it.
			f.Quality = fmt.Sprintf("%dp", min(r.Height, cmp.Or(r.Width, r.Height)))
			name += "-" + f.Quality
		}
		f.Download = f.Path + "?name=" + url.QueryEscape(publication.Line(name, 120)+r.Blob.Ext)
		files = append(files, f)
	}
	return files
}

// playOrder puts first what a browser should try first: the largest of at most 480 lines, for that is what a phone
// shows, then the smaller ones, then those that are larger.
func playOrder(files []videoFile) []videoFile {
	order := slices.Clone(files)
	slices.SortStableFunc(order, func(a, b videoFile) int {
		small := func(f videoFile) bool { return f.Height <= 480 }
		switch {
		case small(a) != small(b):
			if small(a) {
				return -1
			}
			return 1
		case small(a):
			return b.Height - a.Height
		}
		return a.Height - b.Height
	})
	return order
}
