package demo

import (
	"context"
	"fmt"
	"regexp"
	"strconv"

	"madang/internal/nostr"
	"madang/internal/publication"
)

// publishNews publishes the articles (NIP-23) with their pictures.
func (f *filler) publishNews(ctx context.Context) error {
	for _, a := range f.village.articles {
		if err := f.publishArticle(ctx, a); err != nil {
			return fmt.Errorf("article %s: %w", a.slug, err)
		}
		f.result.Articles++
		f.step("printing the news")
	}
	return nil
}

// picturePlace is where an article's Markdown asks for a picture.
var picturePlace = regexp.MustCompile(`\]\(picture:([a-z]+)\)`)

func (f *filler) publishArticle(ctx context.Context, a article) error {
	at := f.at(a.ago).Unix()
	tags := nostr.Tags{
		{"d", a.slug}, {"title", a.title}, {"summary", a.summary},
		{"published_at", strconv.FormatInt(at, 10)}, {"t", a.section},
	}
	if a.picture != "" {
		image, err := f.putScene(ctx, a.author, a.picture, a.slug)
		if err != nil {
			return err
		}
		tags = append(tags, nostr.Tag{"image", image})
	}
	var err error
	content := picturePlace.ReplaceAllStringFunc(a.content, func(place string) string {
		scene := picturePlace.FindStringSubmatch(place)[1]
		image, failed := f.putScene(ctx, a.author, scene, a.slug+" inside")
		if failed != nil {
			err = failed
		}
		return "](" + image + ")"
	})
	if err != nil {
		return err
	}
	return f.submit(ctx, a.author, &nostr.Event{
		Kind: nostr.KindArticle, CreatedAt: at, Content: content,
		Tags: append(tags, publication.LanguageTags(a.language)...),
	})
}

func (f *filler) putScene(ctx context.Context, owner, scene, seed string) (string, error) {
	picture, err := drawScene(scene, seed, sceneWidth)
	if err != nil {
		return "", err
	}
	return f.putPicture(ctx, owner, "image/jpeg", picture)
}
