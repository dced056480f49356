package demo

import (
	"bytes"
	"context"
	"errors"
	"image"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"madang/internal/account"
	"madang/internal/app"
	"madang/internal/blob"
	"madang/internal/giftwrap"
	"madang/internal/index"
	"madang/internal/nostr"
	"madang/internal/policy"
	"madang/internal/publication"
)

func openNode(t *testing.T) *app.App {
	t.Helper()
	node, err := app.Open(t.Context(), app.Config{DataDir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Close(); err != nil {
			t.Error(err)
		}
	})
	return node
}

func query(t *testing.T, node *app.App, kinds ...uint16) (events []*nostr.Event) {
	t.Helper()
	f := nostr.All()
	f.Kinds = kinds
	err := node.Index.Events(t.Context(), index.Query{Filters: []nostr.Filter{f}, Now: time.Now().Unix()},
		func(e *nostr.Event) error { events = append(events, e); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// TestFill makes the whole village with one of its videos, and looks at it as its people would.
func TestFill(t *testing.T) {
	node := openNode(t)
	var steps, total int
	result, err := Fill(t.Context(), node, Options{Videos: 1, Now: time.Now(), Progress: func(done, of int, doing string) {
		if done != steps+1 || done > of || doing == "" {
			t.Errorf("progress %d of %d: %q after %d", done, of, doing, steps)
		}
		steps, total = done, of
	}})
	if err != nil {
		t.Fatal(err)
	}
	if steps != total {
		t.Errorf("progress ended at %d of %d", steps, total)
	}
	if len(result.People) != 12 || result.Articles != 40 || result.Messages < 100 || result.Videos != 1 || result.NoVideos != "" {
		t.Errorf("made %d people, %d articles, %d messages, %d videos (%s)",
			len(result.People), result.Articles, result.Messages, result.Videos, result.NoVideos)
	}
	checkRoles(t, node)
	checkNews(t, node)
	checkVideo(t, node)
	for _, i := range []int{0, 1, 2} { // one of each language; deriving keys takes its time
		checkMail(t, node, result.People[i])
	}
	for _, e := range query(t, node, nostr.KindProfile, nostr.KindArticle, nostr.KindGiftWrap, nostr.KindAddressableVideo) {
		if e.CreatedAt > time.Now().Unix() {
			t.Errorf("kind %d is from the future", e.Kind)
		}
	}
	if _, err := Fill(t.Context(), node, Options{Now: time.Now()}); !errors.Is(err, ErrNotFresh) {
		t.Errorf("a second time: got %v, want ErrNotFresh", err)
	}
}

func checkRoles(t *testing.T, node *app.App) {
	t.Helper()
	count := map[policy.Role]int{}
	for _, m := range node.Policy.Members() {
		count[m.Role]++
	}
	if count[policy.Operator] != 1 || count[policy.Editor] != 2 || count[policy.Member] != 9 {
		t.Errorf("roles: %v", count)
	}
	profiles := 0
	for _, e := range query(t, node, nostr.KindProfile) {
		if e.PubKey == node.NodeKey.PubKey() {
			continue
		}
		profiles++
		if !strings.Contains(e.Content, `"nip05":"`) {
			t.Errorf("profile without an address: %s", e.Content)
		}
	}
	if relays := len(query(t, node, nostr.KindDMRelays)); profiles != 12 || relays != 12 {
		t.Errorf("%d profiles and %d relay lists, want 12 of each", profiles, relays)
	}
}

func checkNews(t *testing.T, node *app.App) {
	t.Helper()
	languages, pictures, lists, quotes := map[string]int{}, 0, 0, 0
	for _, e := range query(t, node, nostr.KindArticle) {
		a, err := publication.ParseArticle(e)
		if err != nil || a.Title == "" || a.Summary == "" || a.Section == "" || a.Address.D == "" {
			t.Errorf("%+v: %v", a, err)
		}
		if publication.HasHTML(a.Content) {
			t.Errorf("%s: there is HTML in it", a.Address.D)
		}
		languages[a.Language]++
		if a.Image != "" {
			pictures++
			checkPicture(t, node, a.Image)
		}
		if strings.Contains(a.Content, "picture:") {
			t.Errorf("%s: a picture's place is still empty", a.Address.D)
		}
		html := publication.HTML(a.Content, publication.HTMLOptions{})
		lists += strings.Count(html, "<li>")
		quotes += strings.Count(html, "<blockquote>")
	}
	if len(languages) != 3 || languages["en"] < 13 || languages["ko"] < 13 || languages["ar"] < 13 {
		t.Errorf("languages: %v", languages)
	}
	if pictures < 15 || lists < 20 || quotes < 5 {
		t.Errorf("%d pictures, %d list items, %d quotes", pictures, lists, quotes)
	}
}

func open(t *testing.T, node *app.App, url string) []byte {
	t.Helper()
	b, ok := publication.BlobOf(url)
	if !ok {
		t.Fatalf("%q is no blob's address", url)
	}
	hash, err := blob.ParseHash(b.Hash)
	if err != nil {
		t.Fatal(err)
	}
	r, _, err := node.Blobs.Open(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func checkPicture(t *testing.T, node *app.App, url string) {
	t.Helper()
	content := open(t, node, url)
	picture, kind, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil || kind != "jpeg" || picture.Width != sceneWidth || len(content) > 100<<10 {
		t.Errorf("picture: %s, %d wide, %d bytes, %v", kind, picture.Width, len(content), err)
	}
}

func checkVideo(t *testing.T, node *app.App) {
	t.Helper()
	events := query(t, node, nostr.KindAddressableVideo)
	if len(events) != 1 {
		t.Fatalf("%d videos, want 1", len(events))
	}
	v, err := publication.ParseVideo(events[0])
	if err != nil || v.Title == "" || v.Description == "" || v.Duration < 8 || v.Duration > 20.5 || len(v.Renditions) < 2 {
		t.Fatalf("%+v: %v", v, err)
	}
	if _, kind, err := image.DecodeConfig(bytes.NewReader(open(t, node, v.Poster))); err != nil || kind != "jpeg" {
		t.Errorf("poster: %s, %v", kind, err)
	}
	for i, r := range v.Renditions {
		if got := len(open(t, node, r.URL)); int64(got) != int64(r.Size) {
			t.Errorf("%d lines: %d bytes, the event says %v", r.Height, got, r.Size)
		}
		if i > 0 && r.Height < v.Renditions[i-1].Height {
			t.Errorf("renditions are not in order: %+v", v.Renditions)
		}
	}
}

// checkMail logs in as a person on a second device would, and reads the mail.
func checkMail(t *testing.T, node *app.App, p Person) {
	t.Helper()
	salt, n, r, par := node.Accounts.Params(p.Name)
	keys, err := account.DeriveKeys(p.Passphrase, salt, n, r, par)
	if err != nil {
		t.Fatal(err)
	}
	pk, sealed, err := node.Accounts.Unseal(p.Name, keys.Auth, "")
	if err != nil {
		t.Fatalf("%s: %v", p.Name, err)
	}
	sk, err := keys.Open(pk, sealed)
	if err != nil {
		t.Fatalf("%s: %v", p.Name, err)
	}
	got, own := 0, 0
	for _, wrap := range query(t, node, nostr.KindGiftWrap) {
		if !wrap.Tags.Has("p", pk.String()) {
			continue
		}
		rumor, err := giftwrap.Unwrap(wrap, sk)
		if err != nil {
			t.Fatalf("%s: %v", p.Name, err)
		}
		if rumor.Kind != nostr.KindChat || rumor.Content == "" || rumor.CreatedAt > time.Now().Unix() {
			t.Errorf("%s: %+v", p.Name, rumor)
		}
		if got++; rumor.PubKey == pk {
			own++
		}
	}
	if got < 10 || own < 2 || own == got {
		t.Errorf("%s has %d messages, of which %d are their own", p.Name, got, own)
	}
}

func TestVideosWithoutFFmpeg(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	v, err := readVillage()
	if err != nil {
		t.Fatal(err)
	}
	f := &filler{node: openNode(t), village: v, options: Options{Now: time.Now()}}
	if err := f.publishVideos(t.Context()); err != nil || f.result.Videos != 0 || f.result.NoVideos == "" {
		t.Errorf("%d videos (%q), %v", f.result.Videos, f.result.NoVideos, err)
	}
}

func TestFillCanBeStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	result, err := Fill(ctx, openNode(t), Options{Videos: -1, Now: time.Now(), Progress: func(done, _ int, _ string) {
		if done == 2 {
			cancel()
		}
	}})
	if err == nil || len(result.People) != 2 || result.Articles != 0 {
		t.Errorf("stopped after the second person: %d people, %d articles, %v", len(result.People), result.Articles, err)
	}
}

// TestVillage reads the files, which people edit, as Fill does.
func TestVillage(t *testing.T) {
	v, err := readVillage()
	if err != nil {
		t.Fatal(err)
	}
	languages := map[string]int{}
	for _, p := range v.people {
		languages[p.Language]++
		if _, err := account.ParseName(p.Name); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if len(strings.Fields(p.Passphrase)) < 5 {
			t.Errorf("%s: a passphrase of fewer than five words", p.Name)
		}
		if _, err := drawAvatar(p.Motif, p.Colour); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
	if len(v.people) != 12 || len(languages) != 3 || len(v.videos) != 6 || len(v.articles) != 40 {
		t.Errorf("%d people (%v), %d videos, %d articles", len(v.people), languages, len(v.videos), len(v.articles))
	}
	groups := 0
	for _, r := range v.rooms {
		if len(r.people) > 2 {
			groups++
			if r.subject == "" {
				t.Errorf("%s: a group without a subject", r.file)
			}
		}
	}
	if groups < 3 || len(v.rooms)-groups < 3 {
		t.Errorf("%d groups among %d rooms", groups, len(v.rooms))
	}
	for _, film := range v.videos {
		if film.Seconds < 8 || film.Seconds > 20 {
			t.Errorf("%s: %d seconds", film.ID, film.Seconds)
		}
	}
}

func TestScenesDiffer(t *testing.T) {
	for name := range scenes {
		var drawn [3][]byte
		for i, seed := range []string{"a", "a", "b"} {
			m, err := drawScene(name, seed, 160)
			if err != nil {
				t.Fatal(err)
			}
			drawn[i] = m.(*image.RGBA).Pix
		}
		if !slices.Equal(drawn[0], drawn[1]) || slices.Equal(drawn[0], drawn[2]) {
			t.Errorf("%s: the seed does not decide", name)
		}
	}
	if _, err := drawScene("palace", "", 160); err == nil {
		t.Error("drew an unknown scene")
	}
}

func TestParseRefuses(t *testing.T) {
	for name, parse := range map[string]func(string) error{
		"room":    func(s string) error { _, err := parseRoom("x.txt", s); return err },
		"article": func(s string) error { _, err := parseArticle("en-x.md", s); return err },
		"ago":     func(s string) error { _, err := parseAgo(s); return err },
	} {
		for _, text := range map[string][]string{
			"room":    {"people: a\n\nnonsense", "people: a\n\n1d a: x\n2d a: y", "colour: red\n\n", "people: a\n\n1x a: y"},
			"article": {"title x\n\ntext", "titel: x\nago: 1d\n\ntext", "title: x\n\ntext"},
			"ago":     {"", "1", "1s", "-1d", "1h1d", "99999999999999999999d"},
		}[name] {
			if parse(text) == nil {
				t.Errorf("%s: took %q", name, text)
			}
		}
	}
}
