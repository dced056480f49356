package media

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	maxDuration = 6 * 60 * 60 // seconds
	maxPixels   = 8192 * 8192 // of a frame
	maxSide     = 16384       // pixels: what H.264 takes
	probeLimit  = time.Minute
	maxOutput   = 1 << 20 // bytes of ffprobe's answer

	// entries are what ffprobe tells: a title as long as a book is not among it.
	entries = "format=duration:stream=index,codec_type,codec_name,width,height,sample_aspect_ratio,avg_frame_rate," +
		"duration:stream_disposition=attached_pic:stream_tags=rotate:stream_side_data=rotation"
)

// Why a file is refused, for the person who uploaded it.
var (
	errNoVideo     = errors.New("this file is not a video that can be read")
	errTooLong     = errors.New("the video is longer than 6 hours")
	errPicture     = errors.New("the video's picture is too large: 8192 by 8192 pixels at most")
	errSourceGone  = errors.New("the video is no longer stored here")
	errInterrupted = errors.New("the video is damaged: it cannot be read to its end")
)

// inputOptions stand before every input. A file can name others (playlists, "concat" lists): only containers that hold
// their own content are opened, and nothing but files.
var inputOptions = []string{
	"-protocol_whitelist", "file", "-max_pixels", strconv.Itoa(maxPixels),
	"-format_whitelist", "mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,flv,ogg,asf,dv,h264,hevc",
}

// input names a file so that ffmpeg takes no part of its path for a protocol or an option.
func input(path string) string { return "file:" + path }

// source is what there is to know of a video before work on it.
type source struct {
	video         int     // index of the stream
	audio         int     // index of the stream; -1: none
	width, height int     // pixels as seen: rotated, and square
	fast          bool    // more than 30 frames a second
	duration      float64 // seconds; 0: the file does not say, as a browser's recording does not
}

type probeOutput struct {
	Streams []struct {
		Index       int    `json:"index"`
		CodecType   string `json:"codec_type"`
		CodecName   string `json:"codec_name"`
		Width       int    `json:"width"`
		Height      int    `json:"height"`
		Aspect      string `json:"sample_aspect_ratio"` // "4:3"
		FrameRate   string `json:"avg_frame_rate"`      // "30000/1001"
		Duration    string `json:"duration"`            // seconds
		Disposition struct {
			AttachedPic int `json:"attached_pic"`
		} `json:"disposition"`
		Tags struct {
			Rotate string `json:"rotate"` // degrees
		} `json:"tags"`
		SideData []struct {
			Rotation float64 `json:"rotation"` // degrees
		} `json:"side_data_list"`
	} `json:"streams"`
	Format struct {
		Duration string `json:"duration"` // seconds
	} `json:"format"`
}

// probe asks ffprobe about a file.
func (t tools) probe(ctx context.Context, path string) (source, error) {
	ctx, cancel := within(ctx, probeLimit)
	defer cancel()
	args := append([]string{"-v", "error", "-hide_banner"}, inputOptions...)
	args = append(args, "-print_format", "json", "-show_entries", entries, "-i", input(path))
	var text strings.Builder
	err := command(ctx, func(line string) {
		if text.Len() < maxOutput {
			text.WriteString(line)
		}
	}, t.ffprobe, args...)
	var failed *failure
	if errors.As(err, &failed) {
		return source{}, errors.Join(errNoVideo, err)
	}
	if err != nil {
		return source{}, err
	}
	var out probeOutput
	if err := json.Unmarshal([]byte(text.String()), &out); err != nil {
		return source{}, errors.Join(errNoVideo, err)
	}
	return out.source()
}

func (p *probeOutput) source() (source, error) {
	s := source{video: -1, audio: -1}
	s.duration = seconds(p.Format.Duration)
	for _, stream := range p.Streams {
		switch {
		case stream.CodecType == "video" && s.video < 0 && stream.Disposition.AttachedPic == 0 && stream.CodecName != "":
			w, h := float64(stream.Width), float64(stream.Height)
			if aspect := ratio(stream.Aspect, ":"); aspect > 0.1 && aspect < 10 {
				w *= aspect
			}
			turned, _ := strconv.ParseFloat(stream.Tags.Rotate, 64) // by older versions, beside the side data
			for _, data := range stream.SideData {
				turned = data.Rotation
			}
			if int(math.Abs(math.Round(turned/90)))%2 == 1 {
				w, h = h, w
			}
			if w < 2 || h < 2 {
				continue
			}
			if w*h > maxPixels || w > maxSide || h > maxSide {
				return s, errPicture
			}
			s.video, s.width, s.height = stream.Index, int(math.Round(w)), int(math.Round(h))
			s.fast = ratio(stream.FrameRate, "/") > 31
			if s.duration == 0 {
				s.duration = seconds(stream.Duration)
			}
		case stream.CodecType == "audio" && s.audio < 0 && stream.CodecName != "":
			s.audio = stream.Index
		}
	}
	switch {
	case s.video < 0:
		return s, errNoVideo
	case s.duration > maxDuration:
		return s, errTooLong
	}
	return s, nil
}

// seconds reads ffprobe's durations; what is no positive number is 0.
func seconds(text string) float64 {
	d, err := strconv.ParseFloat(text, 64)
	if err != nil || !(d > 0) || math.IsInf(d, 0) {
		return 0
	}
	return d
}

// ratio reads "a:b" or "a/b"; 0 where that is no ratio.
func ratio(text, sep string) float64 {
	a, b, _ := strings.Cut(text, sep)
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	if err != nil || err2 != nil || x <= 0 || y <= 0 {
		return 0
	}
	return x / y
}
