package media_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"image/jpeg"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"madang/internal/blob"
	"madang/internal/media"
	"madang/internal/nostr"
)

var alice = nostr.PubKey{1}

// ffmpeg runs the real one to make an input. A machine without it cannot show that videos work, so the test fails.
func ffmpeg(t *testing.T, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Fatal("ffmpeg is not installed, and these tests need it: apt-get install ffmpeg")
	}
	cmd := exec.CommandContext(t.Context(), "ffmpeg", append([]string{"-nostdin", "-v", "error", "-y"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// node is a blob store with a queue beside it.
type node struct {
	*media.Jobs
	blobs *blob.Dir
	dir   string
	cfg   media.Config
}

func start(t *testing.T, change ...func(*media.Config)) *node {
	t.Helper()
	n := &node{dir: t.TempDir()}
	var err error
	if n.blobs, err = blob.OpenDir(filepath.Join(n.dir, "blobs"), nil); err != nil {
		t.Fatal(err)
	}
	n.cfg = media.Config{
		Dir: filepath.Join(n.dir, "jobs"), Blobs: n.blobs, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	for _, c := range change {
		c(&n.cfg)
	}
	n.open(t)
	t.Cleanup(func() { n.Close() })
	return n
}

// open opens the queue, again after a Close.
func (n *node) open(t *testing.T) {
	t.Helper()
	var err error
	if n.Jobs, err = media.Open(n.cfg); err != nil {
		t.Fatal(err)
	}
}

func (n *node) put(t *testing.T, r io.Reader) blob.Hash {
	t.Helper()
	info, _, err := n.blobs.Put(t.Context(), r, blob.Put{Owner: alice, Max: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	return info.Hash
}

// video stores a video that ffmpeg makes with these arguments, in a container named by its extension.
func (n *node) video(t *testing.T, container string, args ...string) blob.Hash {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in."+container)
	ffmpeg(t, append(args, path)...)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return n.put(t, f)
}

func (n *node) add(t *testing.T, h blob.Hash) media.Job {
	t.Helper()
	job, err := n.Add(t.Context(), h, alice)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func (n *node) wait(t *testing.T, h blob.Hash) media.Job {
	t.Helper()
	job, err := n.Wait(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func (n *node) read(t *testing.T, h blob.Hash) []byte {
	t.Helper()
	b, err := os.ReadFile(n.blobs.Path(h))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// picture and sound are lavfi sources of so many seconds.
func picture(size string, seconds string) []string {
	return []string{"-f", "lavfi", "-i", "testsrc2=size=" + size + ":rate=25:duration=" + seconds}
}

func sound(seconds string) []string {
	return []string{"-f", "lavfi", "-i", "sine=frequency=440:duration=" + seconds}
}

var quick = []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}

// probed is what ffprobe says of a finished rendition.
type probed struct {
	Streams []struct {
		CodecType string `json:"codec_type"`
		CodecName string `json:"codec_name"`
		Profile   string
		PixFmt    string `json:"pix_fmt"`
		Width     int
		Height    int
		Aspect    string `json:"sample_aspect_ratio"`
		FrameRate string `json:"avg_frame_rate"`
		Channels  int
		Tags      map[string]string
		SideData  []any `json:"side_data_list"`
	}
	Format struct{ Tags map[string]string }
}

func (n *node) probe(t *testing.T, h blob.Hash) (p probed) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format",
		n.blobs.Path(h)).Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestVideo(t *testing.T) {
	n := start(t)
	args := slices.Concat(picture("854x480", "3"), sound("3"), quick,
		[]string{"-metadata", "location=+37.5665+126.9780/", "-metadata", "title=Home"})
	h := n.video(t, "mp4", args...)
	if job := n.add(t, h); job.State != media.Queued && job.State != media.Running {
		t.Errorf("right after Add: %+v", job)
	}
	job := n.wait(t, h)
	if job.State != media.Done || job.Error != "" || job.Progress != 1 || job.Stage != "" || job.Source != h ||
		job.Width != 854 || job.Height != 480 || job.Duration < 2.9 || job.Duration > 3.2 || job.Poster == nil {
		t.Fatalf("%+v", job)
	}
	if len(job.Renditions) != 2 || job.Renditions[0].Height != 240 || job.Renditions[1].Height != 480 {
		t.Fatalf("renditions %+v", job.Renditions)
	}
	for i, r := range job.Renditions {
		info, err := n.blobs.Stat(t.Context(), r.Hash)
		if err != nil || info.Size != r.Size || info.Type != "video/mp4" ||
			!slices.Equal(info.Owners, []nostr.PubKey{alice}) {
			t.Errorf("stored as %+v, %v", info, err)
		}
		if want := int(float64(r.Size) * 8 / 3); r.Bitrate < want*9/10 || r.Bitrate > want*11/10 {
			t.Errorf("bitrate %d of %d bytes in 3 s", r.Bitrate, r.Size)
		}
		p := n.probe(t, r.Hash)
		if len(p.Streams) != 2 {
			t.Fatalf("%d streams", len(p.Streams))
		}
		v, a := p.Streams[0], p.Streams[1]
		if v.CodecName != "h264" || v.PixFmt != "yuv420p" || v.Width != r.Width || v.Height != r.Height ||
			v.Profile != []string{"Constrained Baseline", "Main"}[i] || v.FrameRate != "25/1" {
			t.Errorf("picture %+v", v)
		}
		if a.CodecName != "aac" || a.Channels != 2 {
			t.Errorf("sound %+v", a)
		}
		for key := range p.Format.Tags {
			if strings.HasPrefix(key, "location") || key == "title" {
				t.Errorf("the rendition tells the %s", key)
			}
		}
		content := n.read(t, r.Hash)
		if moov, mdat := bytes.Index(content, []byte("moov")), bytes.Index(content, []byte("mdat")); moov < 0 || moov > mdat {
			t.Errorf("moov at %d, mdat at %d: it cannot start while it loads", moov, mdat)
		}
	}
	still, err := jpeg.Decode(bytes.NewReader(n.read(t, job.Poster.Hash)))
	if err != nil {
		t.Fatal(err)
	}
	if b := still.Bounds(); b.Dx() != 640 || b.Dy() != 360 || job.Poster.Width != 640 || job.Poster.Height != 360 ||
		job.Poster.Type != "image/jpeg" {
		t.Errorf("poster of %v, said to be %+v", b, job.Poster)
	}
	if left, err := os.ReadDir(filepath.Join(n.cfg.Dir, "tmp")); err != nil || len(left) != 0 {
		t.Errorf("left in tmp: %v, %v", left, err)
	}

	data, err := json.Marshal(job)
	if err != nil || strings.Contains(string(data), alice.String()) ||
		!strings.Contains(string(data), `"source":"`+h.String()) {
		t.Errorf("as JSON: %s, %v", data, err)
	}
	again := n.add(t, h)
	if again.State != media.Done {
		t.Errorf("asked for again: %+v", again)
	}
	n.Close()
	n.open(t)
	kept, ok := n.Get(h)
	if !ok || kept.State != media.Done || kept.Owner != alice || !slices.Equal(kept.Renditions, job.Renditions) ||
		*kept.Poster != *job.Poster {
		t.Errorf("after a restart: %+v", kept)
	}
}

func TestShapes(t *testing.T) {
	type size struct{ w, h int }
	for name, c := range map[string]struct {
		container string
		args      []string
		want      []size
	}{
		"small is not made larger": {"mp4", slices.Concat(picture("160x90", "1"), quick), []size{{160, 90}}},
		"between the sizes":        {"mp4", slices.Concat(picture("640x360", "1"), quick), []size{{426, 240}}},
		"upright":                  {"mp4", slices.Concat(picture("480x854", "1"), quick), []size{{240, 426}, {480, 854}}},
		"odd sides": {"mkv", slices.Concat(picture("333x251", "1"), []string{"-c:v", "ffv1"}),
			[]size{{318, 240}}},
		"oblong pixels": {"mp4", slices.Concat(picture("360x288", "1"), quick, []string{"-vf", "setsar=16/11"}),
			[]size{{436, 240}}},
		"60 frames, 10 bits, WebM": {"webm", []string{"-f", "lavfi", "-i", "testsrc2=size=320x240:rate=60:duration=1",
			"-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p10le", "-cpu-used", "8", "-deadline", "realtime"},
			[]size{{320, 240}}},
		"old camera": {"avi", slices.Concat(picture("320x240", "1"), []string{"-c:v", "mjpeg", "-pix_fmt", "yuvj422p"}),
			[]size{{320, 240}}},
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t)
			h := n.video(t, c.container, c.args...)
			n.add(t, h)
			job := n.wait(t, h)
			if job.State != media.Done {
				t.Fatalf("%+v", job)
			}
			var got []size
			for _, r := range job.Renditions {
				got = append(got, size{r.Width, r.Height})
				p := n.probe(t, r.Hash)
				v := p.Streams[0]
				if len(p.Streams) != 1 || v.Width != r.Width || v.Height != r.Height || v.Aspect != "1:1" ||
					v.PixFmt != "yuv420p" || name != "60 frames, 10 bits, WebM" && v.FrameRate != "25/1" ||
					name == "60 frames, 10 bits, WebM" && v.FrameRate != "30/1" {
					t.Errorf("%+v", p.Streams)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("renditions of %v, want %v", got, c.want)
			}
		})
	}
}

func TestRotation(t *testing.T) {
	n := start(t)
	lying := filepath.Join(t.TempDir(), "lying.mp4")
	ffmpeg(t, slices.Concat(picture("640x480", "1"), quick, []string{lying})...)
	h := n.video(t, "mp4", "-i", lying, "-c", "copy", "-metadata:s:v", "rotate=90")
	n.add(t, h)
	job := n.wait(t, h)
	if job.State != media.Done || job.Width != 480 || job.Height != 640 || len(job.Renditions) != 2 {
		t.Fatalf("%+v", job)
	}
	for _, r := range job.Renditions {
		if v := n.probe(t, r.Hash).Streams[0]; v.Width >= v.Height || v.Width != r.Width || len(v.SideData) != 0 {
			t.Errorf("%+v", v)
		}
	}
	if p := job.Poster; p.Width != 480 || p.Height != 640 {
		t.Errorf("poster %+v", p)
	}
}

// TestNoDuration takes a recording that does not say how long it is, as a browser's camera makes it.
func TestNoDuration(t *testing.T) {
	n := start(t)
	var recording bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "ffmpeg", slices.Concat([]string{"-nostdin", "-v", "error"},
		picture("320x240", "2"), sound("2"), []string{"-c:v", "libvpx", "-deadline", "realtime", "-f", "webm", "pipe:1"})...)
	cmd.Stdout = &recording
	if err := cmd.Run(); err != nil {
		t.Fatalf("ffmpeg, which these tests need: %v", err)
	}
	h := n.put(t, &recording)
	n.add(t, h)
	job := n.wait(t, h)
	if job.State != media.Done || job.Duration < 1.9 || job.Duration > 2.2 || job.Poster == nil ||
		len(job.Renditions) != 1 {
		t.Errorf("%+v", job)
	}
}

func TestBrokenFiles(t *testing.T) {
	n := start(t)
	whole := n.read(t, n.video(t, "mp4", slices.Concat(picture("320x240", "2"), quick)...))
	indexFirst := slices.Concat(picture("320x240", "4"), quick, []string{"-movflags", "+faststart"})
	front := n.read(t, n.video(t, "mp4", indexFirst...))
	secret := filepath.Join(t.TempDir(), "secret.mp4")
	if err := os.WriteFile(secret, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	playlist := "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n" + secret + "\n#EXT-X-ENDLIST\n"
	const noVideo = "this file is not a video that can be read"
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"text":            {[]byte("a letter, renamed to film.mp4\n"), noVideo},
		"empty":           {nil, noVideo},
		"cut, no index":   {whole[:len(whole)/2], noVideo},
		"cut early":       {front[:len(front)/5], "the video is damaged: it cannot be read to its end"},
		"noise":           {bytes.Repeat([]byte("\x00\x01\x02moov\xff"), 5000), noVideo},
		"playlist":        {[]byte(playlist), noVideo},
		"list of files":   {[]byte("ffconcat version 1.0\nfile '" + secret + "'\n"), noVideo},
		"picture":         {n.read(t, n.video(t, "png", append(picture("320x240", "1"), "-frames:v", "1")...)), noVideo},
		"sound only":      {n.read(t, n.video(t, "m4a", sound("1")...)), noVideo},
		"sound and cover": {soundAndCover(t), noVideo},
	} {
		t.Run(name, func(t *testing.T) {
			h := n.put(t, bytes.NewReader(c.content))
			n.add(t, h)
			if job := n.wait(t, h); job.State != media.Failed || job.Error != c.want || len(job.Renditions) != 0 {
				t.Errorf("%+v, want %q", job, c.want)
			}
		})
	}
}

func soundAndCover(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "song.m4a")
	ffmpeg(t, slices.Concat(sound("1"), picture("100x100", "1"), []string{"-frames:v", "1", "-c:v", "mjpeg",
		"-disposition:v", "attached_pic", path})...)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSourceGone(t *testing.T) {
	n := start(t)
	if _, err := n.Add(t.Context(), blob.Hash{1}, alice); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("a video that never was: %v", err)
	}
	if _, err := n.Wait(t.Context(), blob.Hash{1}); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("waiting for it: %v", err)
	}
}

// TestLostRendition deletes what a job made: asking again makes it again, and only that.
func TestLostRendition(t *testing.T) {
	n := start(t)
	h := n.video(t, "mp4", slices.Concat(picture("320x240", "1"), quick)...)
	n.add(t, h)
	first := n.wait(t, h)
	if err := n.blobs.Delete(t.Context(), first.Renditions[0].Hash, alice); err != nil {
		t.Fatal(err)
	}
	n.add(t, h)
	second := n.wait(t, h)
	if second.State != media.Done || len(second.Renditions) != 1 {
		t.Fatalf("%+v", second)
	}
	if _, err := n.blobs.Stat(t.Context(), second.Renditions[0].Hash); err != nil {
		t.Error(err)
	}
}
