// Package giftwrap hides who writes to whom (NIP-59): a rumor, which nobody signed, lies in a seal, which its author
// signed, which lies in a gift wrap, which a key made for it alone signed. Both covers are encrypted with NIP-44,
// version 2. A node only carries gift wraps; this is for whoever writes and reads them.
package giftwrap

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"time"

	"madang/internal/nostr"
	"madang/internal/verify"
)

// ErrWrap is wrapped where a gift wrap, its seal or its rumor is not what NIP-59 says.
var ErrWrap = errors.New("not a gift wrap for this key")

// maxBackdate is how far in the past seals and wraps may be dated, so that their times tell nothing (NIP-59).
const maxBackdate = 2 * 24 * time.Hour

// Rumor makes an event that nobody signs.
func Rumor(author nostr.PubKey, kind uint16, tags nostr.Tags, content string, at time.Time) *nostr.Event {
	rumor := &nostr.Event{PubKey: author, CreatedAt: at.Unix(), Kind: kind, Tags: tags, Content: content}
	rumor.ID = rumor.ComputeID()
	return rumor
}

// Wrap seals a rumor of the sender's and wraps it for one recipient. A rumor above some 40 KiB has no room.
func Wrap(rumor *nostr.Event, sender nostr.SecretKey, recipient nostr.PubKey, now time.Time) (*nostr.Event, error) {
	if rumor.PubKey != sender.PubKey() {
		return nil, errors.New("wrap: the rumor is not the sender's")
	}
	if rumor.ID != rumor.ComputeID() {
		return nil, errors.New("wrap: the rumor's id is not right")
	}
	seal, err := cover(nostr.KindSeal, nil, string(rumor.AppendRumor(nil)), sender, recipient, now)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	once, err := nostr.GenerateKey()
	if err != nil {
		return nil, fmt.Errorf("wrap: %w", err)
	}
	tags := nostr.Tags{{"p", recipient.String()}}
	wrap, err := cover(nostr.KindGiftWrap, tags, string(seal.AppendJSON(nil)), once, recipient, now)
	if err != nil {
		return nil, fmt.Errorf("wrap: %w", err)
	}
	return wrap, nil
}

// cover makes a signed event that holds text encrypted, at a random time in the two days before now.
func cover(
	kind uint16, tags nostr.Tags, text string, author nostr.SecretKey, recipient nostr.PubKey, now time.Time,
) (*nostr.Event, error) {
	key, err := NewConversationKey(author, recipient)
	if err != nil {
		return nil, err
	}
	payload, err := key.Encrypt(text)
	if err != nil {
		return nil, err
	}
	back, err := rand.Int(rand.Reader, big.NewInt(int64(maxBackdate/time.Second)))
	if err != nil {
		return nil, err
	}
	// A box without a clock may believe that it is 1970.
	e := &nostr.Event{CreatedAt: max(0, now.Unix()-back.Int64()), Kind: kind, Tags: tags, Content: payload}
	return e, e.Sign(author)
}

// Unwrap opens a gift wrap, ephemeral or not, and returns its rumor, whose author is proven by the seal's signature.
// The signatures of wrap and seal are checked, and that rumor and seal are by one author, as without it anybody could
// write in anybody's name. Tags on the seal and more p tags on the wrap are tolerated.
func Unwrap(wrap *nostr.Event, recipient nostr.SecretKey) (*nostr.Event, error) {
	if wrap.Kind != nostr.KindGiftWrap && wrap.Kind != nostr.KindEphemeralWrap {
		return nil, fmt.Errorf("%w: kind %d", ErrWrap, wrap.Kind)
	}
	text, err := uncover(wrap, recipient)
	if err != nil {
		return nil, fmt.Errorf("%w: wrap: %w", ErrWrap, err)
	}
	seal, err := nostr.DecodeEvent([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("%w: seal: %w", ErrWrap, err)
	}
	if seal.Kind != nostr.KindSeal {
		return nil, fmt.Errorf("%w: kind %d in the place of a seal", ErrWrap, seal.Kind)
	}
	if text, err = uncover(seal, recipient); err != nil {
		return nil, fmt.Errorf("%w: seal: %w", ErrWrap, err)
	}
	rumor, err := nostr.DecodeRumor([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("%w: rumor: %w", ErrWrap, err)
	}
	if rumor.PubKey != seal.PubKey {
		return nil, fmt.Errorf("%w: the seal is not by the rumor's author", ErrWrap)
	}
	if rumor.ID != rumor.ComputeID() {
		return nil, fmt.Errorf("%w: rumor: %w", ErrWrap, verify.ErrID)
	}
	return rumor, nil
}

// uncover checks a cover's signature and decrypts what it holds.
func uncover(e *nostr.Event, recipient nostr.SecretKey) (string, error) {
	if _, err := verify.One(e); err != nil {
		return "", err
	}
	key, err := NewConversationKey(recipient, e.PubKey)
	if err != nil {
		return "", err
	}
	return key.Decrypt(e.Content)
}
