// Package demo fills a fresh node with a village to try Madang on: people with accounts (NIP-05, NIP-43), private
// rooms (NIP-17), news (NIP-23) and short videos (NIP-71). Its texts are the files below village/, for anybody to
// edit; its pictures are drawn, and its videos made by ffmpeg. Everything is signed by its author and goes through the
// node's one entrance, as if the people had done it themselves.
package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"time"

	"madang/internal/account"
	"madang/internal/app"
	"madang/internal/blob"
	"madang/internal/nostr"
	"madang/internal/policy"
)

// ErrNotFresh is returned for a node that people live on.
var ErrNotFresh = errors.New("the node has members already: a demo needs a fresh one")

// Options of a demo.
type Options struct {
	Videos int // how many videos to make at most; -1: all
	Now    time.Time
	// Progress, if not nil, is told how many of all steps are done, and what is being done.
	Progress func(done, total int, doing string)
}

// Result says what is there now.
type Result struct {
	People                     []Person
	Messages, Articles, Videos int
	NoVideos                   string // why videos were left out, or ""
}

// Person is someone to log in as.
type Person struct{ Name, Passphrase, Role string }

// Fill fills the node. What it began when it fails stays.
func Fill(ctx context.Context, node *app.App, o Options) (Result, error) {
	if len(node.Policy.Members()) > 0 {
		return Result{}, ErrNotFresh
	}
	v, err := readVillage()
	if err != nil {
		return Result{}, fmt.Errorf("the village's files: %w", err)
	}
	if o.Videos >= 0 {
		v.videos = v.videos[:min(o.Videos, len(v.videos))]
	}
	f := &filler{node: node, village: v, options: o, keys: map[string]nostr.SecretKey{}}
	for _, step := range []func(context.Context) error{f.settle, f.publishNews, f.talk, f.publishVideos} {
		if err := step(ctx); err != nil {
			return f.result, err
		}
	}
	return f.result, nil
}

// filler is one run of Fill.
type filler struct {
	node    *app.App
	village *village
	options Options
	keys    map[string]nostr.SecretKey // by a person's id
	done    int
	result  Result
}

// step counts one thing done.
func (f *filler) step(doing string) {
	f.done++
	if f.options.Progress != nil {
		v := f.village
		total := len(v.people) + len(v.articles) + len(v.rooms) + 2*len(v.videos)
		f.options.Progress(f.done, total, doing)
	}
}

func (f *filler) at(ago time.Duration) time.Time { return f.options.Now.Add(-ago) }

// moved is when the people came to the node: before the oldest of what they wrote.
const moved = 20 * 24 * time.Hour

// settle lets everybody in, the operator first.
func (f *filler) settle(ctx context.Context) error {
	for _, p := range f.village.people {
		if err := f.join(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		f.result.People = append(f.result.People, Person{Name: p.Name, Passphrase: p.Passphrase, Role: p.Role})
		f.step("letting " + p.Name + " in")
	}
	return nil
}

// join does what the client does for a new member.
func (f *filler) join(ctx context.Context, p person) error {
	sk, err := nostr.GenerateKey()
	if err != nil {
		return err
	}
	f.keys[p.ID] = sk
	vault, err := account.NewVault(p.Passphrase, sk)
	if err != nil {
		return err
	}
	role, _ := account.ParseRole(p.Role)
	code, err := f.node.Accounts.CreateInvite(account.Invite{Role: role})
	if err != nil {
		return err
	}
	request := &nostr.Event{
		Kind: nostr.KindJoin, CreatedAt: f.options.Now.Unix(), Tags: nostr.Tags{{"-"}, {"claim", code}},
	}
	if err := request.Sign(sk); err != nil {
		return err
	}
	_, local, err := f.node.Accounts.Join(ctx, request, p.Name, vault)
	if err != nil {
		return err
	}
	return f.publishProfile(ctx, p, local)
}

// submit signs events in a person's name and takes them in as a connection of theirs would.
func (f *filler) submit(ctx context.Context, by string, events ...*nostr.Event) error {
	sk := f.keys[by]
	for _, e := range events {
		if err := e.Sign(sk); err != nil {
			return err
		}
	}
	return f.take(ctx, events)
}

func (f *filler) take(ctx context.Context, events []*nostr.Event) error {
	for _, result := range f.node.Ingest.SubmitMany(ctx, events, policy.Writer{Road: policy.Live}) {
		if !result.OK {
			return errors.New(result.Message)
		}
	}
	return nil
}

// putPicture stores a picture for its owner and returns its absolute address.
func (f *filler) putPicture(ctx context.Context, owner, mime string, m image.Image) (string, error) {
	var b bytes.Buffer
	var err error
	if mime == "image/png" {
		err = png.Encode(&b, m)
	} else {
		err = jpeg.Encode(&b, m, &jpeg.Options{Quality: 82})
	}
	if err != nil {
		return "", err
	}
	info, _, err := f.node.Blobs.Put(ctx, &b, blob.Put{
		Type: mime, Owner: f.keys[owner].PubKey(), Max: int64(b.Len()),
	})
	return f.url(info.Hash, mime), err
}

// url is a blob's absolute address.
func (f *filler) url(h blob.Hash, mime string) string {
	return f.node.URL() + "/" + h.String() + blob.Extension(mime)
}
