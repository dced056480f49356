package blossom

import (
	"net/http"
	"strings"
	"time"

	"madang/internal/blob"
)

// A blob is whatever somebody uploaded, and it is served from the origin that holds people's keys: nothing in it may
// run. The sandbox takes even a document that is opened by itself out of the origin; the sources let a browser show a
// picture or a film so opened.
const (
	contentPolicy = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
	// A browser's PDF viewer does not start in a sandbox. PDF has no access to the origin.
	pdfPolicy = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'"
)

// get is GET and HEAD /<sha256> (BUD-01).
func (s *Server) get(w http.ResponseWriter, r *http.Request, hash blob.Hash) error {
	content, info, err := s.cfg.Blobs.Open(r.Context(), hash)
	if err != nil {
		return err
	}
	defer content.Close()

	h := w.Header()
	h.Set("Content-Type", info.Type)
	h.Set("ETag", `"`+hash.String()+`"`)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Content-Security-Policy", contentPolicy)
	mediaType, _, _ := strings.Cut(info.Type, ";")
	if mediaType == "application/pdf" {
		h.Set("Content-Security-Policy", pdfPolicy)
	}
	if r.URL.Query().Has("name") {
		h.Set("Content-Disposition", attachment(fileName(r.URL.Query().Get("name"), info)))
	} else if !inline(mediaType) {
		h.Set("Content-Disposition", attachment(fileName("", info)))
	}
	out := &steadyWriter{ResponseWriter: w, control: http.NewResponseController(w), stall: s.cfg.Stall}
	defer out.done()
	http.ServeContent(out, r, "", time.Time{}, content) // no time: the ETag is what a blob is known by
	return nil
}

// inline reports whether a browser may show a type by itself; anything else is only ever downloaded.
func inline(mediaType string) bool {
	switch mediaType {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "text/plain", "application/pdf":
		return true
	}
	return strings.HasPrefix(mediaType, "video/") || strings.HasPrefix(mediaType, "audio/")
}
