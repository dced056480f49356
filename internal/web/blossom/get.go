package blossom

import (
	"net/http"
	"strings"
	"time"

	"madang/internal/blob"
)

// A blob is whatever somebody uploaded, and it is served from the origin that holds people's keys: nothing in it may
// run. What a browser shows by itself (see inline) are types without programs, and what its viewers for these load is
// the blob again; a sandbox would stop those for films and PDF. Everything else is a download, and if it is opened all
// the same, then in a sandbox, out of the origin.
const (
	inlinePolicy     = "default-src 'none'; img-src 'self'; media-src 'self'; object-src 'self'; style-src 'unsafe-inline'"
	attachmentPolicy = "sandbox; default-src 'none'"
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
	mediaType, _, _ := strings.Cut(info.Type, ";")
	shown := inline(mediaType)
	if shown {
		h.Set("Content-Security-Policy", inlinePolicy)
	} else {
		h.Set("Content-Security-Policy", attachmentPolicy)
	}
	if isScript(mediaType) {
		h.Set("Content-Type", "application/octet-stream")
	}
	if asked := r.URL.Query(); asked.Has("name") || !shown {
		h.Set("Content-Disposition", attachment(fileName(asked.Get("name"), info)))
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
	isMedia := strings.HasPrefix(mediaType, "video/") || strings.HasPrefix(mediaType, "audio/")
	return isMedia && !strings.HasSuffix(mediaType, "+xml") // which browsers show as a document, whatever stands before
}

// isScript reports the types that a page of this origin could load as a program: its policy trusts the whole origin, and
// a browser asks neither for attachments nor for a blob's own policy when it loads a script.
func isScript(mediaType string) bool {
	for _, language := range []string{"javascript", "ecmascript", "jscript", "livescript"} {
		if strings.Contains(mediaType, language) {
			return true
		}
	}
	return false
}
