package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"madang/internal/blob"
	"madang/internal/media"
	"madang/internal/nostr"
	"madang/internal/publication"
)

// publishVideos makes the videos, has the node make its renditions of them, and publishes them (NIP-71). While the node
// works on one, the next is made.
func (f *filler) publishVideos(ctx context.Context) error {
	if len(f.village.videos) == 0 {
		return nil
	}
	if err := f.node.OpenMedia(); err != nil {
		return err
	}
	if !f.node.Media.Available() {
		f.result.NoVideos = "ffmpeg is not installed"
		for range 2 * len(f.village.videos) {
			f.step("leaving the videos out")
		}
		return nil
	}
	dir, err := os.MkdirTemp("", "madang-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	sources := make([]blob.Info, len(f.village.videos))
	for i, v := range f.village.videos {
		if sources[i], err = f.film(ctx, dir, v); err != nil {
			return fmt.Errorf("video %s: %w", v.ID, err)
		}
		if _, err := f.node.Media.Add(ctx, sources[i].Hash, f.keys[v.Author].PubKey()); err != nil {
			return fmt.Errorf("video %s: %w", v.ID, err)
		}
		f.step("making videos")
	}
	for i, v := range f.village.videos {
		job, err := f.node.Media.Wait(ctx, sources[i].Hash)
		if err == nil && job.State != media.Done {
			err = errors.New(job.Error)
		}
		if err == nil {
			err = f.submit(ctx, v.Author, f.videoEvent(v, sources[i], job))
		}
		if err != nil {
			return fmt.Errorf("video %s: %w", v.ID, err)
		}
		f.result.Videos++
		f.step("making videos small enough for every phone")
	}
	return nil
}

// film has ffmpeg make a video and stores it as its author's upload.
func (f *filler) film(ctx context.Context, dir string, v video) (blob.Info, error) {
	file := filepath.Join(dir, v.ID+".mp4")
	cmd := exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin",
		"-f", "lavfi", "-i", v.Graph, "-t", strconv.Itoa(v.Seconds),
		"-c:v", "libx264", "-preset", "veryfast", "-crf", "26", "-pix_fmt", "yuv420p",
		"-c:a", "aac", "-b:a", "64k", "-movflags", "+faststart", file)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	if err := cmd.Run(); err != nil {
		return blob.Info{}, fmt.Errorf("ffmpeg: %w: %s", err, strings.TrimSpace(complaint.String()))
	}
	in, err := os.Open(file)
	if err != nil {
		return blob.Info{}, err
	}
	defer in.Close()
	size, err := in.Stat()
	if err != nil {
		return blob.Info{}, err
	}
	info, _, err := f.node.Blobs.Put(ctx, in, blob.Put{
		Type: "video/mp4", Owner: f.keys[v.Author].PubKey(), Max: size.Size(),
	})
	return info, err
}

// videoEvent lists the renditions, smallest first, and then the original.
func (f *filler) videoEvent(v video, source blob.Info, job media.Job) *nostr.Event {
	at := f.at(time.Duration(v.Ago)).Unix()
	tags := append(nostr.Tags{
		{"d", v.ID}, {"title", v.Title}, {"published_at", strconv.FormatInt(at, 10)},
	}, publication.LanguageTags(v.Language)...)
	original := media.Rendition{
		Hash: source.Hash, Size: source.Size, Type: source.Type, Width: job.Width, Height: job.Height,
		Bitrate: int(float64(source.Size) * 8 / job.Duration),
	}
	for _, r := range append(job.Renditions[:len(job.Renditions):len(job.Renditions)], original) {
		tags = append(tags, f.imeta(r, job))
	}
	return &nostr.Event{Kind: nostr.KindAddressableVideo, CreatedAt: at, Tags: tags, Content: v.Description}
}

func (f *filler) imeta(r media.Rendition, job media.Job) nostr.Tag {
	tag := nostr.Tag{
		"imeta",
		"url " + f.url(r.Hash, r.Type),
		"x " + r.Hash.String(),
		"m " + r.Type,
		fmt.Sprintf("dim %dx%d", r.Width, r.Height),
		fmt.Sprintf("size %d", r.Size),
		fmt.Sprintf("bitrate %d", r.Bitrate),
		"duration " + strconv.FormatFloat(job.Duration, 'f', 3, 64),
	}
	if job.Poster != nil {
		tag = append(tag, "image "+f.url(job.Poster.Hash, job.Poster.Type))
	}
	return tag
}
