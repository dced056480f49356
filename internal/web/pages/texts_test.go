package pages

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestInterfaceLanguage(t *testing.T) {
	s := newSite(t)
	for _, tt := range []struct{ path, accept, lang, dir, heading string }{
		{"/news", "", "en", "ltr", "News"},
		{"/news", "fr, de;q=0.5", "en", "ltr", "News"},
		{"/news", "ko-KR,ko;q=0.9,en;q=0.8", "ko", "ltr", "소식"},
		{"/news", "ar-EG, en;q=0.1", "ar", "rtl", "الأخبار"},
		{"/news?ui=ar", "ko", "ar", "rtl", "الأخبار"},
		{"/news?ui=xx", "ko", "ko", "ltr", "소식"},
		{"/news", strings.Repeat("ko,", 5000), "en", "ltr", "News"},
	} {
		page := s.body(tt.path, "Accept-Language", tt.accept)
		html, h1 := one(t, page, "html", ""), one(t, page, "h1", "")
		if html.attrs["lang"] != tt.lang || html.attrs["dir"] != tt.dir || h1.text != tt.heading {
			t.Errorf("%s %.20q: %v, %q", tt.path, tt.accept, html.attrs, h1.text)
		}
	}
	if page := s.body("/news?ui=ko"); !strings.Contains(page, `href="/videos?ui=ko"`) {
		t.Error("the chosen language does not go along")
	}
}

func TestTextsAreComplete(t *testing.T) {
	t.Parallel()
	place := regexp.MustCompile(`\{[a-z]+\}`)
	texts := loadTexts()
	english := texts.catalogues["en"]
	for _, code := range interfaceLanguages {
		catalogue := texts.catalogues[code]
		for key, text := range english {
			own, ok := catalogue[key]
			if !ok || strings.TrimSpace(own) == "" {
				t.Errorf("%s has no text %s", code, key)
			}
			want, got := place.FindAllString(text, -1), place.FindAllString(own, -1)
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(want, got) {
				t.Errorf("%s: %s has places %v, want %v", code, key, got, want)
			}
		}
		for key := range catalogue {
			if _, ok := english[key]; !ok {
				t.Errorf("%s has a text %s that nothing else has", code, key)
			}
		}
	}
	// Every text that a template or the code names is there, and every text is named.
	named := map[string]bool{}
	files, err := filepath.Glob("templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(files, sources...) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for key := range english {
			if bytes.Contains(b, []byte(`"`+key+`"`)) {
				named[key] = true
			}
		}
		for _, m := range regexp.MustCompile(`(?:\.T "|\.T\("|text\([^"\n]*")([a-z.]+[a-z])"`).FindAllSubmatch(b, -1) {
			if _, ok := english[string(m[1])]; !ok {
				t.Errorf("%s names a text %s that is not there", name, m[1])
			}
		}
	}
	for key := range english {
		if !named[key] && !strings.HasPrefix(key, "month.") {
			t.Errorf("nothing names the text %s", key)
		}
	}
}

func TestTextFilesHaveNoDoubledKeys(t *testing.T) {
	for _, code := range interfaceLanguages {
		b, err := textFiles.ReadFile("texts/" + code + ".json")
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		d := json.NewDecoder(bytes.NewReader(b))
		for i := 0; ; i++ {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if key, ok := token.(string); ok && i%2 == 1 { // keys and values take turns after the brace
				if seen[key] {
					t.Errorf("%s: %s is there twice", code, key)
				}
				seen[key] = true
			}
		}
	}
}

func TestSizesAndLengths(t *testing.T) {
	texts := loadTexts()
	for bytes, want := range map[int64]string{
		0: "1 KB", 400: "1 KB", 1500: "2 KB", 999_000: "999 KB", 999_600: "1.0 MB", 4_200_000: "4.2 MB",
		12_300_000: "12 MB", 1_500_000_000: "1.5 GB",
	} {
		if got := texts.size("en", bytes); got != want {
			t.Errorf("size(%d) = %q, want %q", bytes, got, want)
		}
	}
	for seconds, want := range map[float64]string{0: "0:00", 65.2: "1:05", 3599.6: "1:00:00", 3725: "1:02:05"} {
		if got := length(seconds); got != want {
			t.Errorf("length(%v) = %q, want %q", seconds, got, want)
		}
	}
	day := time.Date(2025, 3, 4, 0, 0, 0, 0, time.UTC)
	for code, want := range map[string]string{"en": "4 March 2025", "ko": "2025년 3월 4일", "ar": "4 مارس 2025"} {
		if got := texts.date(code, day); got != want {
			t.Errorf("date in %s = %q", code, got)
		}
	}
}
