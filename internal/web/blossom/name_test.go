package blossom

import (
	"mime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"madang/internal/blob"
)

func FuzzFileName(f *testing.F) {
	for _, name := range []string{"마당.mp4", "../x", "\u202egpj.exe", ".", "a\xff\r\n", strings.Repeat("é", 200) + ".mp4"} {
		f.Add(name, "video/mp4")
		f.Add(name, "application/x-unknown")
	}
	f.Fuzz(func(t *testing.T, asked, mimeType string) {
		name := fileName(asked, blob.Info{Type: mimeType})
		hostile := func(c rune) bool {
			return c < ' ' || strings.ContainsRune(`/\:*?"<>|`, c) || unicode.Is(unicode.Bidi_Control, c)
		}
		if name == "" || len(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, hostile) ||
			strings.HasPrefix(name, ".") {
			t.Errorf("%q (%s) became %q", asked, mimeType, name)
		}
		kind, params, err := mime.ParseMediaType(attachment(name))
		if err != nil || kind != "attachment" || params["filename"] != name {
			t.Errorf("%q in a header comes back as %q, %v", name, params["filename"], err)
		}
	})
}
