package media

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// rung is a size of rendition. Its lines are the picture's shorter side, so that a film held upright gets as many.
type rung struct {
	name    string
	lines   int
	profile string // of H.264; the smallest plays on the oldest phones
	crf     int    // quality: lower is better
	maxrate int    // kbit/s of the picture, at most
	audio   int    // kbit/s
}

// ladder lists all sizes, smallest first. 240p is for a link that carries 40 kB/s, or to fit many on a stick.
var ladder = []rung{
	{"240p", 240, "baseline", 27, 300, 64},
	{"480p", 480, "main", 25, 1000, 96},
}

const (
	posterWidth = 640 // pixels at most
	posterAt    = 0.1 // of the duration
)

// rungs returns the sizes that a source gets: never larger than itself, and always one.
func (s source) rungs() []rung {
	fit := 1
	for fit < len(ladder) && min(s.width, s.height) >= ladder[fit].lines {
		fit++
	}
	return ladder[:fit]
}

// scaled returns the picture's size with so many lines, or fewer if it has fewer. Both sides are even: yuv420p.
func (s source) scaled(lines int) (width, height int) {
	return s.by(float64(lines) / float64(min(s.width, s.height)))
}

func (s source) by(factor float64) (width, height int) {
	factor = min(factor, 1)
	even := func(side int) int { return max(2, int(math.Round(float64(side)*factor))&^1) }
	return even(s.width), even(s.height)
}

// common stands before every ffmpeg job.
func common() []string {
	return append([]string{"-nostdin", "-hide_banner", "-v", "error", "-y", "-progress", "pipe:1"}, inputOptions...)
}

// posterArgs make one JPEG of the frame at a time in seconds.
func (s source) posterArgs(in, out string, at float64) []string {
	w, h := s.by(posterWidth / float64(s.width))
	args := common()
	if at > 0 {
		args = append(args, "-ss", strconv.FormatFloat(at, 'f', 3, 64))
	}
	return append(args, "-i", input(in), "-map", "0:"+strconv.Itoa(s.video), "-frames:v", "1",
		"-vf", fmt.Sprintf("scale=%d:%d,setsar=1,format=yuvj420p", w, h), "-q:v", "4", "-map_metadata", "-1",
		"-flags:v", "+bitexact", "-fflags", "+bitexact", "-f", "image2", "-update", "1", input(out))
}

// renditionArgs make one MP4. Metadata is left out: a phone writes where it was.
func (s source) renditionArgs(in, out string, r rung) []string {
	w, h := s.scaled(r.lines)
	filters := []string{fmt.Sprintf("scale=%d:%d", w, h), "setsar=1", "format=yuv420p"}
	if s.fast {
		filters = append([]string{"fps=30"}, filters...)
	}
	args := append(common(), "-i", input(in), "-map", "0:"+strconv.Itoa(s.video))
	if s.audio >= 0 {
		args = append(args, "-map", "0:"+strconv.Itoa(s.audio), "-c:a", "aac", "-b:a", fmt.Sprintf("%dk", r.audio),
			"-ac", "2", "-ar", "44100")
	}
	return append(args, "-vf", strings.Join(filters, ","),
		"-c:v", "libx264", "-preset", "veryfast", "-profile:v", r.profile, "-crf", strconv.Itoa(r.crf),
		"-maxrate", fmt.Sprintf("%dk", r.maxrate), "-bufsize", fmt.Sprintf("%dk", 2*r.maxrate), "-g", "120",
		"-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn", "-t", strconv.Itoa(maxDuration),
		"-flags:v", "+bitexact", "-flags:a", "+bitexact", "-fflags", "+bitexact",
		"-movflags", "+faststart", "-f", "mp4", input(out))
}

// limit is the time that one rendition may take: far more than the smallest box needs.
func (s source) limit() time.Duration {
	d := s.duration
	if d == 0 {
		d = maxDuration
	}
	return 5*time.Minute + time.Duration(20*d*float64(time.Second))
}

// posterTime is where the poster is taken from, in seconds.
func (s source) posterTime() float64 { return posterAt * s.duration }

// temp names a file that ffmpeg writes.
func (j *Jobs) temp(name string) string { return filepath.Join(j.tmp(), name) }
