// Package media turns an uploaded video into a poster and smaller renditions with ffmpeg, in a queue that survives
// restarts. What it makes are blobs of the video's owner, fit for a NIP-71 event: MP4 with H.264 and AAC that starts
// while it loads, which every phone plays.
package media

import (
	"errors"

	"madang/internal/blob"
	"madang/internal/nostr"
)

// State of a job.
type State string

// A job goes from Queued to Running to Done or Failed; a restart puts a Running one back into the queue.
const (
	Queued  State = "queued"
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed"
)

var (
	ErrNoFFmpeg  = errors.New("ffmpeg and ffprobe are not installed")
	ErrQueueFull = errors.New("too many videos are waiting")
	ErrClosed    = errors.New("the video queue is closed")
)

// Rendition is one finished file.
type Rendition struct {
	Hash    blob.Hash `json:"sha256"`
	Size    int64     `json:"size"` // bytes
	Type    string    `json:"type"` // video/mp4, image/jpeg
	Width   int       `json:"width"`
	Height  int       `json:"height"`
	Bitrate int       `json:"bitrate,omitempty"` // bits a second, all streams
}

// Job is one video's way through the queue, as the API shows it. Whoever holds one must not alter what it points to.
type Job struct {
	Source     blob.Hash    `json:"source"`
	Owner      nostr.PubKey `json:"-"`
	State      State        `json:"state"`
	Stage      string       `json:"stage,omitempty"`    // "probe", "poster", "240p", "480p"
	Progress   float64      `json:"progress"`           // 0 to 1 over the whole job
	Error      string       `json:"error,omitempty"`    // why it failed, in plain English
	Duration   float64      `json:"duration,omitempty"` // seconds
	Width      int          `json:"width,omitempty"`    // of the source, as it is seen: rotated, with square pixels
	Height     int          `json:"height,omitempty"`
	Poster     *Rendition   `json:"poster,omitempty"`
	Renditions []Rendition  `json:"renditions,omitempty"` // smallest first
}
