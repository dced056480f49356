package media

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"madang/internal/blob"
	"madang/internal/durable"
)

// A job's progress is shared among its stages like this; the renditions share the rest by their pixels.
const posterShare = 0.02

// work takes jobs from the queue until ctx ends.
func (j *Jobs) work(ctx context.Context) {
	runtime.LockOSThread() // see command
	defer close(j.done)
	for {
		source, ok := j.next(ctx)
		if !ok {
			return
		}
		err := j.run(ctx, source)
		if ctx.Err() != nil {
			return // it goes on at the next Open
		}
		job := j.update(source, true, func(job *Job) {
			job.Stage = ""
			if err != nil {
				job.State, job.Error = Failed, reason(err)
				return
			}
			job.State, job.Progress = Done, 1
		})
		if err != nil {
			j.cfg.Logger.Warn("a video could not be made smaller", "source", source, "err", err)
		} else {
			j.cfg.Logger.Info("a video is ready", "source", source, "renditions", len(job.Renditions))
		}
	}
}

// run makes what a job still lacks.
func (j *Jobs) run(ctx context.Context, hash blob.Hash) error {
	defer j.sweep()
	job := j.update(hash, true, func(job *Job) {
		job.State, job.Stage, job.Progress, job.Error = Running, "probe", 0, ""
		if job.Poster != nil && !j.stored(ctx, *job.Poster) {
			job.Poster = nil
		}
		job.Renditions = slices.DeleteFunc(slices.Clone(job.Renditions), func(r Rendition) bool { return !j.stored(ctx, r) })
	})
	if _, err := j.cfg.Blobs.Stat(ctx, hash); errors.Is(err, blob.ErrNotFound) {
		return errSourceGone
	} else if err != nil {
		return err
	}
	in := j.cfg.Blobs.Path(hash)
	src, err := j.tools.probe(ctx, in)
	if err != nil {
		return err
	}
	j.update(hash, false, func(job *Job) {
		job.Width, job.Height, job.Duration, job.Stage = src.width, src.height, src.duration, "poster"
	})
	if job.Poster == nil {
		poster, err := j.poster(ctx, &job, in, src)
		if err != nil {
			return err
		}
		j.update(hash, true, func(job *Job) { job.Poster, job.Progress = &poster, posterShare })
	}
	done := posterShare
	for _, r := range src.rungs() {
		share := src.share(r)
		w, h := src.scaled(r.lines)
		made := slices.ContainsFunc(job.Renditions, func(r Rendition) bool { return r.Width == w && r.Height == h })
		if !made {
			j.update(hash, false, func(job *Job) { job.Stage, job.Progress = r.name, done })
			rendition, seconds, err := j.rendition(ctx, &job, in, src, r, func(part float64) {
				j.update(hash, false, func(job *Job) { job.Progress = done + share*part })
			})
			if err != nil {
				return err
			}
			j.update(hash, true, func(job *Job) {
				job.Renditions = append(slices.Clone(job.Renditions), rendition)
				slices.SortFunc(job.Renditions, func(a, b Rendition) int { return a.Width*a.Height - b.Width*b.Height })
				if job.Duration == 0 {
					job.Duration = seconds
				}
			})
		}
		done += share
	}
	return nil
}

// share is a rendition's part of a job's progress.
func (s source) share(r rung) float64 {
	sum := 0.0
	for _, other := range s.rungs() {
		sum += s.cost(other)
	}
	return (1 - posterShare) * s.cost(r) / sum
}

// cost is what a rendition costs beside others: its own pixels, and the source's, which have to be decoded each time.
func (s source) cost(r rung) float64 {
	w, h := s.scaled(r.lines)
	return float64(w*h) + float64(s.width*s.height)/8
}

// poster makes the still picture. Where the file has no frame at the usual place, it takes the first.
func (j *Jobs) poster(ctx context.Context, job *Job, in string, src source) (Rendition, error) {
	out := j.temp("poster.jpg")
	ctx, cancel := within(ctx, src.limit())
	defer cancel()
	var err error
	for _, at := range []float64{src.posterTime(), 0} {
		err = command(ctx, func(string) {}, j.tools.ffmpeg, src.posterArgs(in, out, at)...)
		if st, statErr := os.Stat(out); err == nil && statErr == nil && st.Size() > 0 {
			w, h := src.by(posterWidth / float64(src.width))
			return j.keep(ctx, job, out, Rendition{Type: "image/jpeg", Width: w, Height: h})
		}
		if ctx.Err() != nil {
			break
		}
	}
	return Rendition{}, errors.Join(errInterrupted, err)
}

// rendition makes one MP4 and returns it and its duration in seconds. progress gets the part that is done, 0 to 1.
func (j *Jobs) rendition(
	ctx context.Context, job *Job, in string, src source, r rung, progress func(float64),
) (Rendition, float64, error) {
	out := j.temp(r.name + ".mp4")
	limited, cancel := within(ctx, src.limit())
	defer cancel()
	limited, stop := context.WithCancelCause(limited)
	defer stop(nil)
	seconds := 0.0
	err := command(limited, func(line string) {
		if err := j.cfg.Blobs.Room(0); err != nil {
			stop(err) // what ffmpeg writes counts like any blob
		}
		// out_time_ms is in microseconds too, whatever its name; older versions have only that.
		key, value, _ := strings.Cut(line, "=")
		us, err := strconv.ParseInt(value, 10, 64)
		if key != "out_time_ms" || err != nil || us <= 0 {
			return
		}
		seconds = float64(us) / 1e6
		if src.duration > 0 {
			progress(min(1, seconds/src.duration))
		}
	}, j.tools.ffmpeg, src.renditionArgs(in, out, r)...)
	var failed *failure
	if errors.As(err, &failed) && !failed.diskFull() {
		err = errors.Join(errInterrupted, err)
	}
	if err != nil {
		return Rendition{}, 0, err
	}
	if seconds == 0 || seconds < src.duration/2 {
		return Rendition{}, 0, errInterrupted // ffmpeg is content with whatever it can read
	}
	w, h := src.scaled(r.lines)
	made, err := j.keep(ctx, job, out, Rendition{Type: "video/mp4", Width: w, Height: h})
	made.Bitrate = int(float64(made.Size) * 8 / seconds)
	return made, seconds, err
}

// keep stores a finished file under the job's owner.
func (j *Jobs) keep(ctx context.Context, job *Job, path string, r Rendition) (Rendition, error) {
	f, err := os.Open(path)
	if err != nil {
		return r, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return r, err
	}
	info, _, err := j.cfg.Blobs.Put(ctx, f, blob.Put{Type: r.Type, Owner: job.Owner, Max: st.Size()})
	if err != nil {
		return r, err
	}
	r.Hash, r.Size = info.Hash, info.Size
	return r, os.Remove(path)
}

// sweep removes what ffmpeg left.
func (j *Jobs) sweep() {
	entries, err := os.ReadDir(j.tmp())
	if err != nil {
		return
	}
	for _, e := range entries {
		os.Remove(j.temp(e.Name()))
	}
}

// reason is what the person who uploaded the video reads.
func reason(err error) string {
	for _, known := range []error{errNoVideo, errTooLong, errPicture, errSourceGone, errTooSlow, durable.ErrFull} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	var failed *failure
	if errors.As(err, &failed) && failed.diskFull() {
		return durable.ErrFull.Error()
	}
	if errors.Is(err, errInterrupted) {
		return errInterrupted.Error()
	}
	return "something went wrong on the node"
}
