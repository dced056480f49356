// Package feed brings news in and out: it imports RSS 2.0, Atom (RFC 4287) and JSON Feed as articles (NIP-23) under a
// key of the feed's own, with their pictures as blobs, and it writes the node's articles as Atom.
//
// A feed is hostile input. It is read whole, within bounds, before anything is changed; what it says in HTML comes out
// as Markdown without HTML; what it points to is fetched within bounds, and what cannot be had is left out.
package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"madang/internal/blob"
	"madang/internal/index"
	"madang/internal/ingest"
	"madang/internal/nostr"
	"madang/internal/policy"
)

var (
	// ErrNotFeed: the document is none of the formats, or breaks off.
	ErrNotFeed = errors.New("not an RSS, Atom or JSON feed")
	// ErrHostile: the document is built to harm whoever reads it.
	ErrHostile = errors.New("refused")
	// ErrEmpty: a feed without items.
	ErrEmpty = errors.New("the feed has no items")
	// ErrTooLarge: more bytes than maxFeed.
	ErrTooLarge = errors.New("too large")
	// ErrUnreachable: the file or address cannot be read.
	ErrUnreachable = errors.New("cannot be read")
)

// Bounds on one import.
const (
	maxFeed        = 8 << 20  // bytes of the document
	maxItems       = 2000     // items read; later ones are skipped
	maxPicture     = 10 << 20 // bytes of one picture
	maxPictures    = 200      // pictures fetched
	maxContent     = 96 << 10 // bytes of an article's Markdown: below the 256 KiB of an event, whatever JSON escapes
	fetchTimeout   = 30 * time.Second
	pictureWait    = 15 * time.Second
	maxRedirects   = 5
	submitTogether = 32 // articles that share one commit
)

// Config of an importer.
type Config struct {
	NodeKey nostr.SecretKey // the feeds' keys are derived from it, and it signs their list
	Ingest  *ingest.Ingest
	Index   *index.Index
	Policy  *policy.Policy
	Blobs   blob.Store
	// BaseURL returns the node's public address, by which pictures are named: "http://192.168.1.5:8080".
	BaseURL func() string
	Client  *http.Client     // default: one that follows up to 5 redirects
	Now     func() time.Time // default time.Now
	Logger  *slog.Logger     // default slog.Default()
}

// Importer publishes feeds. It is safe for concurrent use; imports run one after the other.
type Importer struct {
	cfg     Config
	cleaner *cleaner
	turn    chan struct{}   // holds one token; whoever has taken it imports
	closing context.Context // done when the importer closes
	close   context.CancelFunc
}

// New returns an importer.
func New(cfg Config) *Importer {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	cfg.Client = boundedClient(cfg.Client)
	im := &Importer{cfg: cfg, cleaner: newCleaner(), turn: make(chan struct{}, 1)}
	im.closing, im.close = context.WithCancel(context.Background())
	im.turn <- struct{}{}
	return im
}

// Close ends an import that is under way, and waits for its end.
func (im *Importer) Close() error {
	im.close()
	<-im.turn
	im.turn <- struct{}{}
	return nil
}

// Report says what an import did. Each item of the feed counts once.
type Report struct {
	Title     string `json:"title"`     // the feed's
	PubKey    string `json:"pubkey"`    // the feed's key, hex
	New       int    `json:"new"`       // articles that were not there
	Updated   int    `json:"updated"`   // articles that had changed
	Unchanged int    `json:"unchanged"` // articles that were there already
	Skipped   int    `json:"skipped"`   // items that became no article: empty, doubled, refused
	Pictures  int    `json:"pictures"`  // pictures in the articles that are new or updated
	Missing   int    `json:"missing"`   // pictures that could not be had and were left out
}

// String is the last line that a person or a script reads.
func (r Report) String() string {
	return fmt.Sprintf("new %d, updated %d, unchanged %d, skipped %d", r.New, r.Updated, r.Unchanged, r.Skipped)
}

// Import reads the source and publishes what is new in it. progress (may be nil) is told after each item how many of
// all are done. An error that wraps one of this package's means that nothing was changed.
func (im *Importer) Import(ctx context.Context, source Source, progress func(done, total int)) (Report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(im.closing, cancel)()
	select {
	case <-im.turn:
		defer func() { im.turn <- struct{}{} }()
	case <-ctx.Done():
		return Report{}, ctx.Err()
	}
	if err := errors.Join(ctx.Err(), im.closing.Err()); err != nil {
		return Report{}, err
	}

	doc, err := im.read(ctx, source)
	if err != nil {
		return Report{}, err
	}
	defer doc.close()
	ch, err := parse(doc)
	if err != nil {
		return Report{}, err
	}
	key, err := deriveKey(im.cfg.NodeKey, ch.identity)
	if err != nil {
		return Report{}, err
	}

	r := &run{
		Importer: im,
		doc:      doc,
		channel:  ch,
		key:      key,
		pubkey:   key.PubKey(),
		now:      im.cfg.Now().Unix(),
		address:  strings.TrimRight(im.cfg.BaseURL(), "/"),
		fetched:  map[string]picture{},
		failures: map[string]int{},
		report:   Report{Title: ch.title, PubKey: key.PubKey().String()},
	}
	if err := r.joinFeeds(ctx); err != nil {
		return r.report, err
	}
	if err := r.publishProfile(ctx); err != nil {
		return r.report, err
	}
	if progress == nil {
		progress = func(int, int) {}
	}
	err = r.publishItems(ctx, progress)
	im.cfg.Logger.Info("feed imported", "feed", r.report.PubKey, "report", r.report.String())
	return r.report, err
}

// run is one import.
type run struct {
	*Importer
	doc      *document
	channel  *channel
	key      nostr.SecretKey
	pubkey   nostr.PubKey
	now      int64              // Unix seconds at which the import began
	address  string             // the node's, without a slash at the end
	fetched  map[string]picture // by reference as the feed has it; zero: could not be had
	failures map[string]int     // by host
	asked    int                // pictures fetched or tried
	report   Report
}

// publishItems makes an article of each item and submits those that are new or changed, a few at a time.
func (r *run) publishItems(ctx context.Context, progress func(done, total int)) error {
	seen := map[string]bool{}
	var pending []draft
	flush := func(done int) error {
		err := r.submit(ctx, pending)
		pending = pending[:0]
		progress(done, len(r.channel.items))
		return err
	}
	for i := range r.channel.items {
		if err := ctx.Err(); err != nil {
			return errors.Join(flush(i), err)
		}
		it := &r.channel.items[i]
		switch {
		case it.id == "" || seen[it.id]:
			r.report.Skipped++
		default:
			seen[it.id] = true
			d, err := r.draft(ctx, it, i)
			if err != nil {
				return errors.Join(flush(i), err)
			}
			switch d.state {
			case stateNew, stateUpdated:
				pending = append(pending, d)
			case stateUnchanged:
				r.report.Unchanged++
			case stateSkipped:
				r.report.Skipped++
			}
		}
		if len(pending) == submitTogether || i == len(r.channel.items)-1 {
			if err := flush(i + 1); err != nil {
				return err
			}
		} else {
			progress(i+1, len(r.channel.items))
		}
	}
	return nil
}

// submit brings drafts through the entrance and counts them.
func (r *run) submit(ctx context.Context, drafts []draft) error {
	if len(drafts) == 0 {
		return nil
	}
	events := make([]*nostr.Event, len(drafts))
	for i := range drafts {
		events[i] = drafts[i].event
	}
	// The Live road: the policy itself says that a key of the feeds' list may write articles.
	for i, res := range r.cfg.Ingest.SubmitMany(ctx, events, policy.Writer{Road: policy.Live}) {
		switch {
		case !res.OK && ctx.Err() != nil:
			return ctx.Err()
		case !res.OK && strings.HasPrefix(res.Message, "error:"):
			return fmt.Errorf("publish an article: %s", res.Message)
		case !res.OK:
			r.report.Skipped++
			r.cfg.Logger.Warn("feed item refused", "feed", r.report.PubKey, "why", res.Message)
		case strings.HasPrefix(res.Message, "duplicate:"):
			r.report.Unchanged++
		case drafts[i].state == stateNew:
			r.report.New++
			r.report.Pictures += drafts[i].pictures
		default:
			r.report.Updated++
			r.report.Pictures += drafts[i].pictures
		}
	}
	return nil
}

// newest returns the stored event that the filter finds, or nil.
func (im *Importer) newest(ctx context.Context, f nostr.Filter) (*nostr.Event, error) {
	var found *nostr.Event
	f.Limit = 1
	q := index.Query{Filters: []nostr.Filter{f}, Now: im.cfg.Now().Unix()}
	err := im.cfg.Index.Events(ctx, q, func(e *nostr.Event) error {
		if found == nil {
			found = e
		}
		return nil
	})
	return found, err
}
