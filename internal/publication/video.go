package publication

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"madang/internal/nostr"
)

// VideoKinds are the kinds that ParseVideo reads (NIP-71).
func VideoKinds() []uint16 {
	return []uint16{nostr.KindVideo, nostr.KindShortVideo, nostr.KindAddressableVideo, nostr.KindAddressableShort}
}

// Video is a video as a reader sees it (NIP-71).
type Video struct {
	ID          nostr.ID
	Author      nostr.PubKey
	Address     *nostr.Address // nil for kinds 21 and 22, which have no versions
	Title       string         // one line, or ""
	Description string         // plain text with line breaks
	Poster      string         // URL as the author wrote it, or ""; see BlobOf
	Duration    float64        // seconds; 0 where not said
	Language    string         // ISO 639-1, or ""
	Renditions  []Rendition    // smallest first
	PublishedAt int64          // Unix seconds, never after UpdatedAt
	UpdatedAt   int64          // Unix seconds
}

// Rendition is one file of a video: an imeta tag (NIP-92).
type Rendition struct {
	URL           string
	Blob          Blob   // by the x field, or by the URL; Hash is "" for a file that no node can have
	Type          string // MIME type, video/…
	Width, Height int    // pixels; 0 where not said
	Size          int64  // bytes; 0 where not said
	Bitrate       int    // bits a second; 0 where not said
}

// Code returns the naddr, or for a video without versions the note code, that names it on every node (NIP-19).
func (v Video) Code() string {
	if v.Address != nil {
		return v.Address.Naddr()
	}
	return v.ID.Note()
}

// maxImeta bounds how many files one event may list.
const maxImeta = 20

// ParseVideo reads an event of one of VideoKinds.
func ParseVideo(e *nostr.Event) (Video, error) {
	if !slices.Contains(VideoKinds(), e.Kind) {
		return Video{}, ErrKind
	}
	v := Video{
		ID:          e.ID,
		Author:      e.PubKey,
		Title:       tagLine(e, "title", maxTitle),
		Description: strings.TrimSpace(e.Content),
		Language:    Language(e.Tags),
		PublishedAt: publishedAt(e),
		UpdatedAt:   e.CreatedAt,
	}
	if a, ok := e.Address(); ok {
		v.Address = &a
	}
	if d, ok := e.Tags.First("duration"); ok {
		v.Duration = seconds(d)
	}
	for _, t := range e.Tags {
		if t.Name() != "imeta" || len(v.Renditions) == maxImeta {
			continue
		}
		r, poster, duration := parseImeta(t)
		if v.Poster == "" {
			v.Poster = poster
		}
		if v.Duration == 0 {
			v.Duration = duration
		}
		if strings.HasPrefix(r.Type, "video/") && r.URL != "" {
			v.Renditions = append(v.Renditions, r)
		}
	}
	slices.SortStableFunc(v.Renditions, func(a, b Rendition) int {
		if a.Height != b.Height {
			return a.Height - b.Height
		}
		return int(max(-1, min(1, a.Size-b.Size)))
	})
	return v, nil
}

// parseImeta reads the fields that Madang uses: "name value" each, the first of a name counting.
func parseImeta(t nostr.Tag) (r Rendition, poster string, duration float64) {
	fields := map[string]string{}
	for _, f := range t[1:] {
		name, value, _ := strings.Cut(f, " ")
		if _, seen := fields[name]; !seen {
			fields[name] = strings.TrimSpace(value)
		}
	}
	r.URL = fields["url"]
	r.Type, _, _ = strings.Cut(strings.ToLower(fields["m"]), ";")
	r.Width, r.Height = dimensions(fields["dim"])
	r.Size = int64(number(fields["size"], 1<<50))
	r.Bitrate = int(number(fields["bitrate"], 1<<31-1))
	r.Blob, _ = BlobOf(r.URL)
	if x := strings.ToLower(fields["x"]); isHash(x) {
		if r.Blob.Hash != x { // a URL that names another file's hash tells nothing of this one's type either
			r.Blob = Blob{Hash: x}
		}
	}
	if r.Blob.Hash != "" && r.Blob.Ext == "" && r.Type == "video/mp4" {
		r.Blob.Ext = ".mp4"
	}
	return r, fields["image"], seconds(fields["duration"])
}

func dimensions(s string) (width, height int) {
	w, h, ok := strings.Cut(s, "x")
	if !ok {
		return 0, 0
	}
	return int(number(w, 1<<16)), int(number(h, 1<<16))
}

// number reads a whole number from 0 to limit; anything else is 0, "not said".
func number(s string, limit uint64) uint64 {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 63)
	if err != nil || n > limit {
		return 0
	}
	return n
}

// seconds reads a length of up to a week.
func seconds(s string) float64 {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > 7*24*3600 {
		return 0
	}
	return f
}
