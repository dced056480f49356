package publication

import (
	"net/url"
	"strings"
)

// Blob names a blob as URLs do (BUD-01): its hash and, where given, a file extension.
type Blob struct {
	Hash string // 64 lowercase hex digits
	Ext  string // with its dot, or ""
}

// BlobOf finds the blob's hash in the last segment of a URL's path. An event may have travelled, so that the host it
// names is of no use here: every reader looks for the hash on its own node.
func BlobOf(rawURL string) (Blob, bool) {
	if len(rawURL) > 4000 {
		return Blob{}, false
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return Blob{}, false
	}
	segment := strings.ToLower(u.Path[strings.LastIndexByte(u.Path, '/')+1:])
	for i := 0; i+64 <= len(segment); i++ {
		if !isHash(segment[i:i+64]) || i > 0 && isHex(segment[i-1]) {
			continue
		}
		rest := segment[i+64:]
		if rest != "" && isHex(rest[0]) { // more hex digits than a hash has
			return Blob{}, false
		}
		if !isExt(rest) {
			rest = ""
		}
		return Blob{Hash: segment[i : i+64], Ext: rest}, true
	}
	return Blob{}, false
}

// Path is where a node serves the blob: "/<sha256>.<ext>".
func (b Blob) Path() string { return "/" + b.Hash + b.Ext }

func isHash(s string) bool {
	for i := range len(s) {
		if !isHex(s[i]) {
			return false
		}
	}
	return len(s) == 64
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }

func isExt(s string) bool {
	if len(s) < 2 || len(s) > 9 || s[0] != '.' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if (s[i] < '0' || s[i] > '9') && (s[i] < 'a' || s[i] > 'z') {
			return false
		}
	}
	return true
}
