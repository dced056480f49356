package feed

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"madang/internal/nostr"
	"madang/internal/publication"
)

type state int

const (
	stateSkipped state = iota // nothing in it, or its time has not come
	stateNew
	stateUpdated
	stateUnchanged
)

// draft is what an item of the feed comes to.
type draft struct {
	state    state
	event    *nostr.Event // signed, for new and updated ones
	pictures int          // in the article
}

// draft makes an item's article and compares it with the one that is stored. place counts the items before it.
func (r *run) draft(ctx context.Context, it *item, place int) (draft, error) {
	d := identifier(it.id)
	stored, err := r.newest(ctx, nostr.Filter{
		Authors: []nostr.PubKey{r.pubkey},
		Kinds:   []uint16{nostr.KindArticle},
		Tags:    []nostr.TagFilter{{Letter: 'd', Values: []string{d}}},
		Until:   nostr.All().Until,
	})
	if err != nil {
		return draft{}, fmt.Errorf("look for the stored article: %w", err)
	}

	known := knownPictures(stored)
	var pictures []picture
	use := func(ref string) string {
		p := r.picture(ctx, ref, known)
		if p.url == "" {
			r.report.Missing++
			return ""
		}
		if !slices.ContainsFunc(pictures, func(q picture) bool { return q.hash == p.hash }) {
			pictures = append(pictures, p)
		}
		return p.url
	}
	lead := ""
	for _, ref := range it.pictures {
		if lead = use(ref); lead != "" {
			break
		}
	}
	content, err := r.cleaner.markdown(it.html, func(ref string) string { return resolveLink(r, it, ref) }, use)
	if err != nil {
		r.cfg.Logger.Warn("feed item skipped", "feed", r.report.PubKey, "why", err)
		return draft{state: stateSkipped}, nil
	}
	if err := ctx.Err(); err != nil {
		return draft{}, err // pictures may be missing only because there was no time
	}
	if lead == "" && len(pictures) > 0 {
		lead = pictures[0].url
	}
	words := publication.PlainText(content, 200)
	title := cmp.Or(it.title, headline(words))
	if title == "" && lead == "" {
		return draft{state: stateSkipped}, nil
	}
	if title == "" { // a picture and nothing else
		title = r.channel.title
	}

	published := r.published(it, stored, place)
	e := &nostr.Event{Kind: nostr.KindArticle, Content: content, Tags: nostr.Tags{{"d", d}, {"title", title}}}
	if summary := cmp.Or(it.summary, words); summary != "" && summary != title {
		e.Tags = append(e.Tags, nostr.Tag{"summary", summary})
	}
	if lead != "" {
		e.Tags = append(e.Tags, nostr.Tag{"image", lead})
	}
	e.Tags = append(e.Tags, nostr.Tag{"published_at", strconv.FormatInt(published, 10)})
	if it.section != "" {
		e.Tags = append(e.Tags, nostr.Tag{"t", it.section})
	}
	language := publication.GuessLanguage(title+" "+words, cmp.Or(it.language, r.channel.language))
	e.Tags = append(e.Tags, publication.LanguageTags(language)...)
	if it.link != "" {
		// "web" is NIP-48's word for an id that is a page's address; its "rss" means a feed's address and a guid.
		e.Tags = append(e.Tags, nostr.Tag{"proxy", it.link, "web"})
	}
	for _, p := range pictures {
		e.Tags = append(e.Tags, p.tag())
	}

	out := draft{state: stateNew, event: e, pictures: len(pictures)}
	if stored != nil {
		if same(stored, e) {
			return draft{state: stateUnchanged}, nil
		}
		out.state = stateUpdated
	}
	e.CreatedAt = r.createdAt(max(published, r.past(it.updated.Unix())), stored)
	if stored != nil && e.CreatedAt <= stored.CreatedAt {
		r.cfg.Logger.Warn("feed item skipped", "feed", r.report.PubKey,
			"why", "the stored article is as new as this node's clock; try again later")
		return draft{state: stateSkipped}, nil
	}
	if err := e.Sign(r.key); err != nil {
		return draft{}, fmt.Errorf("sign an article: %w", err)
	}
	return out, nil
}

// headline makes a title of an untitled item's words: the first sentence, or as many whole words as fit.
func headline(words string) string {
	const limit = 80
	runes := []rune(words)
	end := min(len(runes), limit)
	for i, c := range runes[:end] {
		ends := i+1 == len(runes) || runes[i+1] == ' '
		if strings.ContainsRune("。！？", c) || ends && strings.ContainsRune(".!?؟۔", c) {
			return string(runes[:i+1])
		}
	}
	if end == len(runes) {
		return words
	}
	for end > limit/2 && runes[end] != ' ' {
		end--
	}
	return strings.TrimRight(string(runes[:end]), " ") + "…"
}

// identifier is an article's d tag: the same for the same item, whatever its id looks like.
func identifier(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}

// published is when the item first appeared, as far as it can be known: its own date, else that of its last change,
// else what was said at an earlier import, else now, less a second for each item that the feed put before it, so that
// their order stays.
func (r *run) published(it *item, stored *nostr.Event, place int) int64 {
	first := cmp.Or(r.past(it.published.Unix()), r.past(it.updated.Unix()))
	if first == 0 && stored != nil {
		a, _ := publication.ParseArticle(stored) // its kind is known
		first = a.PublishedAt
	}
	return cmp.Or(first, r.now-int64(place))
}

// past is t, or 0 for a date that is missing or to come: that is as broken as one that cannot be read.
func (r *run) past(t int64) int64 {
	if t <= 0 || t > r.now {
		return 0
	}
	return t
}

// createdAt is a time for an event's version: when the feed changed it, but after the stored version and never in the
// future. Where both cannot be, it is not after the stored one.
func (r *run) createdAt(changed int64, stored *nostr.Event) int64 {
	if stored != nil && changed <= stored.CreatedAt {
		changed = stored.CreatedAt + 1
	}
	return min(changed, r.now)
}

// resolveLink makes a link in an item's text absolute: it is relative to the item's page.
func resolveLink(r *run, it *item, ref string) string {
	if u := webURL(it.link); u != nil {
		if to := resolve(u, ref); to != "" {
			return to
		}
	}
	if to := resolve(r.base(), ref); to != "" {
		return to
	}
	if len(ref) > 7 && ref[:7] == "mailto:" {
		return ref
	}
	return ""
}

var blobURL = regexp.MustCompile(`https?://[^/\s()<>"]+(/[0-9a-f]{64})`)

// same reports whether two versions say the same. The node may have another address by now: a blob is its hash.
func same(a, b *nostr.Event) bool {
	alike := func(x, y string) bool {
		return blobURL.ReplaceAllString(x, "$1") == blobURL.ReplaceAllString(y, "$1")
	}
	return alike(a.Content, b.Content) && slices.EqualFunc(a.Tags, b.Tags, func(s, t nostr.Tag) bool {
		return slices.EqualFunc(s, t, alike)
	})
}
