package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// static serves the client's files out of memory, compressed once at the start.
type static struct{ files map[string]*file }

type file struct {
	kind    string // Content-Type
	cache   string // Cache-Control
	etag    string // of plain; the compressed form has its own
	plain   []byte
	gzipped []byte // nil where it saves nothing
}

// types are those that the client has, so that the system's tables do not matter.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".json": "application/json", ".webmanifest": "application/manifest+json", ".svg": "image/svg+xml",
	".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8",
	".wasm": "application/wasm", ".webp": "image/webp", ".jpg": "image/jpeg",
}

func loadStatic(client fs.FS) (*static, error) {
	s := &static{files: make(map[string]*file)}
	if client == nil {
		return s, nil
	}
	err := fs.WalkDir(client, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		data, err := fs.ReadFile(client, name)
		if err != nil {
			return err
		}
		s.files["/"+name] = newFile(name, data)
		return nil
	})
	return s, err
}

func newFile(name string, data []byte) *file {
	sum := sha256.Sum256(data)
	f := &file{plain: data, etag: hex.EncodeToString(sum[:16]), cache: "no-cache"}
	if strings.HasPrefix(name, "assets/") { // the build puts a hash into these names
		f.cache = "public, max-age=31536000, immutable"
	}
	ext := path.Ext(name)
	if f.kind = types[ext]; f.kind == "" {
		f.kind = mime.TypeByExtension(ext)
	}
	if f.kind == "" {
		f.kind = "application/octet-stream"
	}
	var packed bytes.Buffer
	gz, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is valid
	gz.Write(data)                                              // into memory: cannot fail
	gz.Close()
	if packed.Len() < len(data)*9/10 {
		f.gzipped = packed.Bytes()
	}
	return f
}

func (s *static) has(name string) bool { return s.files[name] != nil }

// serve answers with a file that s has.
func (s *static) serve(w http.ResponseWriter, r *http.Request, name string) {
	header := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "use GET", http.StatusMethodNotAllowed)
		return
	}
	f := s.files[name]
	header.Set("Content-Type", f.kind)
	header.Set("Cache-Control", f.cache)
	body, etag := f.plain, f.etag
	if f.gzipped != nil {
		header.Add("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			header.Set("Content-Encoding", "gzip")
			body, etag = f.gzipped, f.etag+"-gzip"
		}
	}
	header.Set("ETag", `"`+etag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// acceptsGzip reads Accept-Encoding (RFC 9110, section 12.5.3).
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, weight, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		_, q, weighted := strings.Cut(weight, "=")
		return !weighted || strings.Trim(q, " 0.") != ""
	}
	return false
}
