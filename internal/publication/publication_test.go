package publication

import (
	"errors"
	"strings"
	"testing"

	"madang/internal/nostr"
)

func TestParseArticle(t *testing.T) {
	const content = "# 하나\n\n둘 **셋**"
	a, err := ParseArticle(&nostr.Event{Kind: nostr.KindArticle, CreatedAt: 2000, Content: content, Tags: nostr.Tags{
		{"d", "well"}, {"title", " 우물\n소식 "}, {"image", "http://x.example/" + hash + ".jpg"},
		{"published_at", "1000"}, {"t", "생활"}, {"t", "물"}, {"L", "ISO-639-1"}, {"l", "ko", "ISO-639-1"},
		{"proxy", "http://paper.example/1", "rss"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := Article{
		Address: nostr.Address{Kind: nostr.KindArticle, D: "well"}, Title: "우물 소식", Summary: "하나 둘 셋",
		Image: "http://x.example/" + hash + ".jpg", Content: content, Language: "ko", Section: "생활",
		Link: "http://paper.example/1", PublishedAt: 1000, UpdatedAt: 2000,
	}
	if a != want {
		t.Errorf("got  %+v\nwant %+v", a, want)
	}
}

func TestParseArticleDistrusts(t *testing.T) {
	a, err := ParseArticle(&nostr.Event{Kind: nostr.KindArticle, CreatedAt: 2000, Tags: nostr.Tags{
		{"d"}, {"title", strings.Repeat("x", 5000)}, {"published_at", "999999999999"}, {"l", "KO", "ISO-639-1"},
		{"l", "spam", "ugc"}, {"proxy", "javascript:alert(1)", "web"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if n := len([]rune(a.Title)); n > maxTitle {
		t.Errorf("title of %d runes", n)
	}
	if a.PublishedAt != 2000 {
		t.Errorf("published at %d, after this version was made", a.PublishedAt)
	}
	if a.Link != "" || a.Language != "" {
		t.Errorf("link %q, language %q", a.Link, a.Language)
	}
	if _, err := ParseArticle(&nostr.Event{Kind: nostr.KindNote}); !errors.Is(err, ErrKind) {
		t.Errorf("a note: %v", err)
	}
}

func TestParseVideo(t *testing.T) {
	other := strings.Repeat("ab", 32)
	const content = " How to graft \n"
	v, err := ParseVideo(&nostr.Event{Kind: nostr.KindAddressableVideo, CreatedAt: 2000, Content: content, Tags: nostr.Tags{
		{"d", "graft"}, {"title", "Grafting"}, {"published_at", "1000"},
		{"imeta", "url http://n.example/" + other + ".mp4", "x " + other, "m video/mp4", "dim 854x480", "size 9000",
			"bitrate 900000", "duration 61.5", "image http://n.example/" + hash + ".jpg"},
		{"imeta", "url http://n.example/" + hash, "x " + hash, "m video/mp4", "dim 426x240", "size 4000"},
		{"imeta", "url http://n.example/a.mp3", "m audio/mp3"},
		{"imeta", "url http://n.example/none.mp4", "m video/mp4", "dim broken", "size -5", "duration NaN"},
		{"imeta"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if v.Title != "Grafting" || v.Description != "How to graft" || v.Duration != 61.5 || v.PublishedAt != 1000 {
		t.Errorf("got %+v", v)
	}
	if b, ok := BlobOf(v.Poster); !ok || b.Path() != "/"+hash+".jpg" {
		t.Errorf("poster %q", v.Poster)
	}
	if len(v.Renditions) != 3 {
		t.Fatalf("renditions %+v", v.Renditions)
	}
	if r := v.Renditions[0]; r.Blob.Hash != "" || r.Size != 0 || r.Height != 0 {
		t.Errorf("the file that no node can have: %+v", r)
	}
	if r := v.Renditions[1]; r.Blob != (Blob{hash, ".mp4"}) || r.Height != 240 || r.Size != 4000 {
		t.Errorf("the small one: %+v", r)
	}
	if r := v.Renditions[2]; r.Blob != (Blob{other, ".mp4"}) || r.Width != 854 || r.Bitrate != 900000 {
		t.Errorf("the large one: %+v", r)
	}
	if !strings.HasPrefix(v.Code(), "naddr1") {
		t.Errorf("code %q", v.Code())
	}
	plain, err := ParseVideo(&nostr.Event{Kind: nostr.KindVideo, ID: nostr.ID{1}})
	if err != nil || plain.Address != nil || !strings.HasPrefix(plain.Code(), "note1") {
		t.Errorf("a video without versions: %v, %+v", err, plain)
	}
}

func TestBlobOf(t *testing.T) {
	for in, want := range map[string]string{
		"http://far.example:8080/" + hash + ".jpg?x=1#y": "/" + hash + ".jpg",
		"/" + hash:                              "/" + hash,
		hash + ".webp":                          "/" + hash + ".webp",
		"http://x/" + strings.ToUpper(hash):     "/" + hash,
		"http://x/" + hash + ".jpg/thumb.png":   "",
		"http://x/" + hash + "00.jpg":           "",
		"http://x/00" + hash:                    "",
		"http://x/" + hash + ".<script>":        "/" + hash,
		"http://x/pic-" + hash + ".tar.gz":      "/" + hash,
		"http://x/photo.jpg":                    "",
		"http://%zz/" + hash:                    "",
		"http://x/" + strings.Repeat("0", 9000): "",
	} {
		b, ok := BlobOf(in)
		got := ""
		if ok {
			got = b.Path()
		}
		if got != want {
			t.Errorf("BlobOf(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestGuessLanguage(t *testing.T) {
	for _, tt := range []struct{ text, declared, want string }{
		{"The bridge opens", "", "en"},
		{"Le pont", "fr", "fr"},
		{"마을 우물이 맑아졌습니다", "", "ko"},
		{"마을 우물이 맑아졌습니다", "en", "ko"},
		{"Wi-Fi 공유기 설치 안내", "", "ko"},
		{"وصلت السفينة", "", "ar"},
		{"کشتی رسید", "fa", "fa"},
		{"海を見る", "ja", "ja"},
		{"12345", "ko", "ko"},
		{"", "", "en"},
	} {
		if got := GuessLanguage(tt.text, tt.declared); got != tt.want {
			t.Errorf("GuessLanguage(%q, %q) = %q, want %q", tt.text, tt.declared, got, tt.want)
		}
	}
}

func TestDirection(t *testing.T) {
	for language, want := range map[string]string{"": "auto", "ar": "rtl", "fa": "rtl", "ko": "ltr", "en": "ltr"} {
		if got := Direction(language); got != want {
			t.Errorf("Direction(%q) = %q", language, got)
		}
	}
}
