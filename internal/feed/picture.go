package feed

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	_ "image/gif"  // so that DecodeConfig reads them
	_ "image/jpeg" // so that DecodeConfig reads them
	_ "image/png"  // so that DecodeConfig reads them
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"madang/internal/blob"
	"madang/internal/nostr"
	"madang/internal/publication"
)

// maxPixels bounds what a phone has to unpack in order to show a picture.
const maxPixels = 50_000_000

// hostPatience is how many failures of one host are borne before its other pictures are left out unasked.
const hostPatience = 2

// extensions of the types that are taken for pictures. SVG is none: it can hold scripts.
var extensions = map[string]string{
	"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp",
}

// picture is one that the blob store holds. The zero picture could not be had.
type picture struct {
	url           string // on this node, absolute
	origin        string // where it came from, http or https, or "" for a file or data
	hash          string
	mime          string
	size          int64
	width, height int // 0 where not known
}

// tag describes the picture in an article (NIP-92). The origin is its fallback, by which the next import knows it.
func (p picture) tag() nostr.Tag {
	t := nostr.Tag{"imeta", "url " + p.url, "m " + p.mime, "x " + p.hash, "size " + strconv.FormatInt(p.size, 10)}
	if p.width > 0 {
		t = append(t, fmt.Sprintf("dim %dx%d", p.width, p.height))
	}
	if p.origin != "" {
		t = append(t, "fallback "+p.origin)
	}
	return t
}

// knownPictures reads the pictures of a stored article by their origin, so that they need not be fetched again, and so
// that one which has since gone from the web stays.
func knownPictures(e *nostr.Event) map[string]picture {
	known := map[string]picture{}
	if e == nil {
		return known
	}
	for _, t := range e.Tags {
		if t.Name() != "imeta" {
			continue
		}
		var p picture
		for _, f := range t[1:] {
			name, value, _ := strings.Cut(f, " ")
			switch name {
			case "url":
				p.url = value
			case "m":
				p.mime = value
			case "x":
				p.hash = value
			case "size":
				p.size, _ = strconv.ParseInt(value, 10, 64)
			case "dim":
				_, _ = fmt.Sscanf(value, "%dx%d", &p.width, &p.height)
			case "fallback":
				p.origin = value
			}
		}
		if p.origin != "" && p.url != "" {
			known[p.origin] = p
		}
	}
	return known
}

// picture gets what a reference names into the blob store: data in the reference itself, a file beside the feed's
// file, or something on the web.
func (r *run) picture(ctx context.Context, ref string, known map[string]picture) picture {
	if p, done := r.fetched[ref]; done {
		return p
	}
	origin := resolve(r.base(), ref)
	if p, ok := known[origin]; ok && r.holds(ctx, p.hash) {
		return p
	}
	if r.asked >= maxPictures {
		return picture{}
	}
	p, err := r.fetchPicture(ctx, ref, origin)
	if err != nil {
		if ctx.Err() == nil {
			r.cfg.Logger.Debug("picture left out", "feed", r.report.PubKey, "why", err)
		}
		p = picture{}
	}
	if len(ref) <= 2000 { // data comes once
		r.fetched[ref] = p
	}
	return p
}

func (r *run) base() *url.URL {
	if r.doc.base != nil {
		return r.doc.base
	}
	return webURL(r.channel.identity)
}

func (r *run) holds(ctx context.Context, hash string) bool {
	h, err := blob.ParseHash(hash)
	if err != nil {
		return false
	}
	_, err = r.cfg.Blobs.Stat(ctx, h)
	return err == nil
}

func (r *run) fetchPicture(ctx context.Context, ref, origin string) (picture, error) {
	r.asked++
	if data, ok := strings.CutPrefix(ref, "data:"); ok {
		b, err := decodeData(data)
		if err != nil {
			return picture{}, err
		}
		return r.storePicture(ctx, b, "")
	}
	if u, err := url.Parse(ref); err == nil && r.doc.dir != nil && u.Scheme == "" && u.Host == "" && u.Path != "" {
		if b, err := readIn(r.doc.dir, path.Clean(strings.TrimPrefix(u.Path, "/")), maxPicture); err == nil {
			return r.storePicture(ctx, b, "")
		}
	}
	if origin == "" {
		return picture{}, fmt.Errorf("no such file, and no web address")
	}
	host := hostOf(origin)
	if r.failures[host] >= hostPatience {
		return picture{}, fmt.Errorf("its host does not answer")
	}
	wait, cancel := context.WithTimeout(ctx, pictureWait)
	defer cancel()
	b, _, _, err := r.get(wait, origin, maxPicture, "image/*")
	if err != nil {
		r.failures[host]++
		return picture{}, err
	}
	return r.storePicture(ctx, b, origin)
}

// decodeData reads what follows "data:" (RFC 2397), base64 only.
func decodeData(s string) ([]byte, error) {
	head, data, ok := strings.Cut(s, ",")
	if !ok || !strings.HasSuffix(head, ";base64") || len(data) > maxPicture*4/3+4 {
		return nil, fmt.Errorf("data that is not base64, or too much")
	}
	return base64.StdEncoding.DecodeString(data)
}

// storePicture takes only what is a picture by its bytes, whatever it is called.
func (r *run) storePicture(ctx context.Context, b []byte, origin string) (picture, error) {
	p := picture{origin: origin, mime: http.DetectContentType(b), size: int64(len(b))}
	extension, ok := extensions[p.mime]
	if !ok {
		return picture{}, fmt.Errorf("not a picture but %s", p.mime)
	}
	if p.mime != "image/webp" { // which the standard library does not read
		c, _, err := image.DecodeConfig(bytes.NewReader(b))
		if err != nil {
			return picture{}, fmt.Errorf("a broken picture: %w", err)
		}
		if c.Width <= 0 || c.Height <= 0 || c.Width > maxPixels/c.Height {
			return picture{}, fmt.Errorf("a picture of %d by %d pixels", c.Width, c.Height)
		}
		p.width, p.height = c.Width, c.Height
	}
	info, _, err := r.cfg.Blobs.Put(ctx, bytes.NewReader(b), blob.Put{Type: p.mime, Owner: r.pubkey, Max: maxPicture})
	if err != nil {
		return picture{}, fmt.Errorf("store a picture: %w", err)
	}
	p.hash = info.Hash.String()
	p.url = r.address + publication.Blob{Hash: p.hash, Ext: extension}.Path()
	return p, nil
}
