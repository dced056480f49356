package dataset

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"madang/internal/nostr"
)

// Of every hundred events: what is left are reactions.
const (
	notesOf100    = 46
	wrapsOf100    = 20
	articlesOf100 = 3
	videosOf100   = 6
)

// When the first event of each stream was made, and how many seconds lie between two.
const (
	storedFrom = 1_700_000_000
	liveFrom   = 1_760_000_000
	storedStep = 30
	liveStep   = 1
)

// maker makes blocks of events, each from its number alone, so that many cores may work at once.
type maker struct {
	scripts []vocabulary
}

// block is one under way.
type block struct {
	*maker
	stream Stream
	number int
	bytes  *rand.ChaCha8
	random *rand.Rand // over bytes
	text   vocabulary // the script of this event
	at     int64      // this event's created_at
	notes  []*nostr.Event
}

// block returns events number*blockSize to (number+1)*blockSize-1 of the stream, as JSON lines.
func (m *maker) block(stream Stream, number int) ([]byte, error) {
	var seed [32]byte
	copy(seed[:], "madang bench")
	seed[12], seed[13] = byte(stream), version
	binary.BigEndian.PutUint64(seed[16:], uint64(number))
	b := &block{maker: m, stream: stream, number: number, bytes: rand.NewChaCha8(seed)}
	b.random = rand.New(b.bytes)
	lines := make([]byte, 0, blockSize*1100)
	for i := range blockSize {
		e, err := b.event(i)
		if err != nil {
			return nil, err
		}
		lines = append(e.AppendJSON(lines), '\n')
	}
	return lines, nil
}

// CreatedAt returns when event number i of the stream was made; gift wraps claim up to two days less.
func (s Stream) CreatedAt(i int64) int64 {
	if s == Live {
		return liveFrom + i*liveStep
	}
	return storedFrom + i*storedStep
}

// event makes the block's event number i and signs it.
func (b *block) event(i int) (*nostr.Event, error) {
	at := int64(b.number*blockSize + i)
	b.at = b.stream.CreatedAt(at)
	b.text = b.scripts[[]int{0, 0, 0, 1, 1, 2}[b.random.IntN(6)]]
	author := Author(b.author())
	var e *nostr.Event
	dice := b.random.IntN(100)
	switch {
	case i == 0: // one profile for each author in a million events, so that none replaces another
		author = Author(b.number % Authors)
		e = b.profile()
	case dice < wrapsOf100:
		e = b.giftWrap()
		author = b.oneTimeKey() // NIP-59
	case dice < wrapsOf100+articlesOf100:
		e = b.article(at)
	case dice < wrapsOf100+articlesOf100+videosOf100:
		e = b.video(at)
	case dice < wrapsOf100+articlesOf100+videosOf100+notesOf100 || len(b.notes) == 0:
		e = b.note()
		b.notes = append(b.notes, e)
	default:
		e = b.reaction()
	}
	if err := e.Sign(author); err != nil {
		return nil, fmt.Errorf("event %d of block %d: %w", i, b.number, err)
	}
	return e, nil
}

// author draws one: a few write much.
func (b *block) author() int {
	u := b.random.Float64()
	return int(Authors * u * u)
}

// recipient draws one. In the stored stream the circle grows with time, so that at any length the first ones have many
// wraps: of a million events, each of the first 500 has more than a hundred.
func (b *block) recipient() int {
	if b.stream == Live {
		return b.random.IntN(LiveRecipients)
	}
	return b.random.IntN(4 + 4*b.number)
}

// size draws a size that is most often near the middle.
func (b *block) size(from, to int) int {
	return from + b.random.IntN((to-from)/2+1) + b.random.IntN((to-from)/2+1)
}

func (b *block) profile() *nostr.Event {
	name := b.text.words[b.random.IntN(vocabularySize)]
	about := b.text.text(b.random, b.size(40, 400))
	return &nostr.Event{Kind: nostr.KindProfile, CreatedAt: b.at, Content: fmt.Sprintf(
		`{"name":%q,"about":%q,"picture":"http://madang.lan/%s.jpg"}`, name, about, b.hash())}
}

func (b *block) note() *nostr.Event {
	e := &nostr.Event{Kind: nostr.KindNote, CreatedAt: b.at, Content: b.text.text(b.random, b.size(40, 560))}
	if len(b.notes) > 0 && b.random.IntN(2) == 0 {
		to := b.notes[b.random.IntN(len(b.notes))]
		e.Tags = nostr.Tags{{"e", to.ID.String(), "", "root", to.PubKey.String()}, {"p", to.PubKey.String()}}
	}
	if b.random.IntN(5) == 0 {
		e.Tags = append(e.Tags, nostr.Tag{"t", b.text.words[b.random.IntN(200)]})
	}
	return e
}

func (b *block) reaction() *nostr.Event {
	to := b.notes[b.random.IntN(len(b.notes))]
	return &nostr.Event{Kind: nostr.KindReaction, CreatedAt: b.at, Content: "+", Tags: nostr.Tags{
		{"e", to.ID.String(), "", to.PubKey.String()}, {"p", to.PubKey.String()}, {"k", "1"},
	}}
}

// giftWrap holds random bytes, as ciphertext is to whoever has no key, and like it does not compress.
func (b *block) giftWrap() *nostr.Event {
	content := make([]byte, b.size(600, 1200))
	b.bytes.Read(content)
	content[0] = 2 // NIP-44's version
	return &nostr.Event{
		Kind: nostr.KindGiftWrap, CreatedAt: b.at - b.random.Int64N(2*24*3600), // dated back at random (NIP-59)
		Tags:    nostr.Tags{{"p", Recipient(b.recipient()).PubKey().String()}},
		Content: base64.StdEncoding.EncodeToString(content),
	}
}

func (b *block) oneTimeKey() (sk nostr.SecretKey) {
	for !sk.Valid() {
		b.bytes.Read(sk[:])
	}
	return sk
}

func (b *block) article(number int64) *nostr.Event {
	return &nostr.Event{
		Kind: nostr.KindArticle, CreatedAt: b.at, Content: b.text.text(b.random, b.size(2000, 6000)),
		Tags: nostr.Tags{
			{"d", fmt.Sprintf("%c-%d", 'a'+rune(b.stream), number)},
			{"title", b.text.text(b.random, b.size(20, 80))},
			{"summary", b.text.text(b.random, b.size(60, 200))},
			{"image", "http://madang.lan/" + b.hash() + ".jpg"},
			{"published_at", strconv.FormatInt(b.at, 10)},
			{"t", b.text.words[b.random.IntN(12)]},
			{"L", "ISO-639-1"}, {"l", b.text.language, "ISO-639-1"},
		},
	}
}

func (b *block) video(number int64) *nostr.Event {
	tags := nostr.Tags{
		{"d", fmt.Sprintf("%c-%d", 'a'+rune(b.stream), number)},
		{"title", b.text.text(b.random, b.size(20, 80))},
		{"published_at", strconv.FormatInt(b.at, 10)},
	}
	seconds := 10 + b.random.IntN(600)
	poster := b.hash()
	for _, lines := range []int{240, 480} {
		hash, bitrate := b.hash(), 900*lines
		tags = append(tags, nostr.Tag{
			"imeta", "url http://madang.lan/" + hash + ".mp4", "x " + hash, "m video/mp4",
			fmt.Sprintf("dim %dx%d", int(math.Round(float64(lines)*16/9)), lines), fmt.Sprint("size ", bitrate/8*seconds),
			fmt.Sprint("bitrate ", bitrate), fmt.Sprint("duration ", seconds), "image http://madang.lan/" + poster + ".jpg",
		})
	}
	return &nostr.Event{
		Kind: nostr.KindAddressableVideo, CreatedAt: b.at, Tags: tags, Content: b.text.text(b.random, b.size(40, 400)),
	}
}

func (b *block) hash() string {
	var h [32]byte
	b.bytes.Read(h[:])
	return hex.EncodeToString(h[:])
}
