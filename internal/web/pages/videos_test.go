package pages

import (
	"slices"
	"strings"
	"testing"

	"madang/internal/nostr"
)

func TestVideoPages(t *testing.T) {
	s := newSite(t)
	poster := s.store("\xff\xd8\xff poster", "image/jpeg")
	small := s.store(strings.Repeat("s", 500_000), "video/mp4")
	large := s.store(strings.Repeat("l", 1_000_000), "video/mp4")
	gone := strings.Repeat("cd", 32)
	imeta := func(hash, dim, size string) nostr.Tag {
		return nostr.Tag{"imeta", "url http://far.example/" + hash + ".mp4", "x " + hash, "m video/mp4", "dim " + dim,
			"size " + size, "duration 65.2", "image http://far.example/" + poster + ".jpg"}
	}
	path := s.film("접붙이기", imeta(gone, "1280x720", "9000000"), imeta(large, "854x480", "1000000"),
		imeta(small, "426x240", "500000"))

	grid := s.body("/videos")
	if !strings.Contains(grid, "1:05") || !strings.Contains(grid, "500 KB – 9.0 MB") ||
		!strings.Contains(grid, `src="/`+poster+`.jpg"`) {
		t.Errorf("grid\n%s", grid)
	}

	page := s.body(path)
	video := one(t, page, "video", "")
	if video.attrs["preload"] != "none" || video.attrs["poster"] != "/"+poster+".jpg" || video.attrs["width"] != "854" {
		t.Errorf("video %v", video)
	}
	if _, ok := video.attrs["controls"]; !ok {
		t.Error("no controls")
	}
	var sources, downloads []string
	for _, e := range elements(t, page) {
		if e.name == "source" {
			sources = append(sources, e.attrs["src"])
		}
		if e.name == "a" && strings.Contains(e.attrs["href"], "?name=") {
			downloads = append(downloads, e.text+" "+e.attrs["href"])
		}
	}
	if want := []string{"/" + large + ".mp4", "/" + small + ".mp4"}; !slices.Equal(sources, want) {
		t.Errorf("sources %q", sources)
	}
	const name = ".mp4?name=%EC%A0%91%EB%B6%99%EC%9D%B4%EA%B8%B0-"
	want := []string{"240p 500 KB MP4 /" + small + name + "240p.mp4", "480p 1.0 MB MP4 /" + large + name + "480p.mp4"}
	if !slices.Equal(downloads, want) {
		t.Errorf("downloads\n%q\nwant\n%q", downloads, want)
	}
	one(t, page, "p", "Second <line>.")

	absent := s.body(s.film("absent", imeta(gone, "1280x720", "1")))
	if strings.Contains(absent, "<video") || !strings.Contains(absent, "not on this node yet") {
		t.Error("a video whose files are not here")
	}
}
