package blob

import (
	"mime"
	"net/http"
	"strings"
)

const (
	unknownType = "application/octet-stream"
	maxType     = 255 // bytes of a stored MIME type
	sniffed     = 512 // bytes that http.DetectContentType looks at
)

// cleanType returns the given MIME type in its normal form, or what the content's first bytes look like where the
// given one says nothing or is malformed: a stored type goes into a header as it is.
func cleanType(given string, head []byte) string {
	if len(given) <= maxType {
		name, params, err := mime.ParseMediaType(given)
		if err == nil && name != unknownType && strings.Contains(name, "/") {
			if t := mime.FormatMediaType(name, params); t != "" && len(t) <= maxType {
				return t
			}
		}
	}
	return http.DetectContentType(head)
}

// extensions of the types that people share; the first is the one to write. The system's own table is not asked, so
// that every machine gives a blob the same address.
var extensions = map[string][]string{
	"image/png":                {".png"},
	"image/jpeg":               {".jpg", ".jpeg"},
	"image/gif":                {".gif"},
	"image/webp":               {".webp"},
	"image/avif":               {".avif"},
	"image/svg+xml":            {".svg"},
	"video/mp4":                {".mp4", ".m4v"},
	"video/webm":               {".webm"},
	"video/ogg":                {".ogv"},
	"video/quicktime":          {".mov"},
	"video/x-matroska":         {".mkv"},
	"video/x-msvideo":          {".avi"},
	"video/avi":                {".avi"},
	"video/mpeg":               {".mpg", ".mpeg"},
	"video/3gpp":               {".3gp"},
	"audio/mpeg":               {".mp3"},
	"audio/mp4":                {".m4a"},
	"audio/aac":                {".aac"},
	"audio/ogg":                {".ogg", ".oga", ".opus"},
	"audio/wav":                {".wav"},
	"audio/wave":               {".wav"},
	"audio/webm":               {".weba", ".webm"},
	"audio/flac":               {".flac"},
	"application/pdf":          {".pdf"},
	"application/epub+zip":     {".epub"},
	"application/zip":          {".zip"},
	"application/x-gzip":       {".gz"},
	"application/json":         {".json"},
	"text/plain":               {".txt"},
	"text/html":                {".html", ".htm"},
	"text/css":                 {".css"},
	"text/csv":                 {".csv"},
	"text/markdown":            {".md"},
	"text/xml":                 {".xml"},
	"application/xml":          {".xml"},
	"text/javascript":          {".js"},
	"application/vnd.ms-excel": {".xls"},
	"application/msword":       {".doc"},
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document": {".docx"},
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":       {".xlsx"},
	"application/vnd.android.package-archive":                                 {".apk"},
}

// Extensions returns the file name extensions of a MIME type, the usual one first, or none where it is not known.
func Extensions(mimeType string) []string {
	name, _, _ := strings.Cut(mimeType, ";")
	return extensions[strings.ToLower(strings.TrimSpace(name))]
}

// Extension returns the usual extension of a MIME type, with its dot; ".bin" where none is known.
func Extension(mimeType string) string {
	if e := Extensions(mimeType); len(e) > 0 {
		return e[0]
	}
	return ".bin"
}
