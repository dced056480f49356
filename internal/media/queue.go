package media

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"madang/internal/blob"
	"madang/internal/durable"
	"madang/internal/nostr"
)

const (
	maxWaiting = 100     // jobs in the queue
	maxRecord  = 1 << 20 // bytes of a job's file that are read
)

// Config of the queue.
type Config struct {
	Dir    string           // the jobs' files, and tmp/ for what ffmpeg writes
	Blobs  *blob.Dir        // where sources are and renditions go
	FFmpeg string           // path; default: found in PATH. FFprobe beside it.
	Now    func() time.Time // default time.Now
	Logger *slog.Logger
}

// Jobs is the queue, and the one worker that takes jobs from it in the order they came.
type Jobs struct {
	cfg   Config
	tools tools

	stop context.CancelFunc
	done chan struct{} // closed when the worker has ended

	mu      sync.Mutex // guards all below, and is held while a job's file is written
	jobs    map[blob.Hash]*entry
	waiting []blob.Hash   // in order
	changed chan struct{} // closed, and made anew, with each change of any job
	closed  bool
}

// entry is a job and what only the queue knows of it.
type entry struct {
	Job
	added int64 // Unix milliseconds
}

// file is a job on the disk: <source>.json.
type file struct {
	Job
	Owner string `json:"owner"`
	Added int64  `json:"added"` // Unix milliseconds; jobs wait in this order
}

// Open loads the queue and starts its worker. Jobs that were running when the last one ended go on first.
func Open(cfg Config) (*Jobs, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	ctx, stop := context.WithCancel(context.Background())
	j := &Jobs{
		cfg: cfg, stop: stop, done: make(chan struct{}),
		jobs: make(map[blob.Hash]*entry), changed: make(chan struct{}),
	}
	if err := j.load(); err != nil {
		stop()
		return nil, fmt.Errorf("open video queue: %w", err)
	}
	var err error
	if j.tools, err = findTools(cfg.FFmpeg); err != nil {
		cfg.Logger.Warn("videos stay as they are uploaded", "err", err)
		close(j.done)
		return j, nil
	}
	go j.work(ctx)
	return j, nil
}

func (j *Jobs) tmp() string { return filepath.Join(j.cfg.Dir, "tmp") }

func (j *Jobs) path(source blob.Hash) string {
	return filepath.Join(j.cfg.Dir, source.String()+".json")
}

func (j *Jobs) load() error {
	if err := os.RemoveAll(j.tmp()); err != nil {
		return err
	}
	if err := os.MkdirAll(j.tmp(), 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(j.cfg.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".json")
		source, err := blob.ParseHash(name)
		if !ok || err != nil {
			continue
		}
		var f file
		err = durable.ReadJSON(j.path(source), &f, maxRecord)
		if err == nil {
			f.Job.Owner, err = nostr.ParsePubKey(f.Owner)
		}
		if err != nil { // the video can be given to the node again: no reason to stay down
			j.cfg.Logger.Error("a video job cannot be read", "source", source, "err", err)
			continue
		}
		f.Source = source
		j.jobs[source] = &entry{f.Job, f.Added}
		if f.State == Queued || f.State == Running {
			j.jobs[source].State = Queued
			j.waiting = append(j.waiting, source)
		}
	}
	slices.SortFunc(j.waiting, func(a, b blob.Hash) int { return cmp.Compare(j.jobs[a].added, j.jobs[b].added) })
	return nil
}

// Available reports whether ffmpeg and ffprobe were found.
func (j *Jobs) Available() bool { return j.tools.ffmpeg != "" }

// Add queues a stored blob, of which owner is an owner. A job that is there already is returned as it stands; a failed
// one, or one whose renditions are no longer stored, is tried again. Errors: ErrNoFFmpeg, ErrQueueFull, ErrClosed,
// blob.ErrNotFound.
func (j *Jobs) Add(ctx context.Context, source blob.Hash, owner nostr.PubKey) (Job, error) {
	if !j.Available() {
		return Job{}, ErrNoFFmpeg
	}
	if _, err := j.cfg.Blobs.Stat(ctx, source); err != nil {
		return Job{}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return Job{}, ErrClosed
	}
	e := &entry{Job: Job{Source: source, Owner: owner, State: Queued}, added: j.cfg.Now().UnixMilli()}
	if old := j.jobs[source]; old != nil {
		if old.State == Queued || old.State == Running || old.State == Done && j.whole(ctx, &old.Job) {
			return old.Job, nil
		}
	}
	if len(j.waiting) >= maxWaiting {
		return Job{}, ErrQueueFull
	}
	if err := j.write(e); err != nil {
		return Job{}, err
	}
	j.jobs[source] = e
	j.waiting = append(j.waiting, source)
	j.announce()
	return e.Job, nil
}

// whole reports whether all that a job made is still stored.
func (j *Jobs) whole(ctx context.Context, job *Job) bool {
	if job.Poster == nil || !j.stored(ctx, *job.Poster) {
		return false
	}
	return !slices.ContainsFunc(job.Renditions, func(r Rendition) bool { return !j.stored(ctx, r) })
}

func (j *Jobs) stored(ctx context.Context, r Rendition) bool {
	_, err := j.cfg.Blobs.Stat(ctx, r.Hash)
	return err == nil
}

// Get returns a job as it stands.
func (j *Jobs) Get(source blob.Hash) (Job, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e, ok := j.jobs[source]
	if !ok {
		return Job{}, false
	}
	return e.Job, true
}

// Wait returns when the job is done or failed; a job that is not there is blob.ErrNotFound, one that will not go on
// because the queue closes is ErrClosed.
func (j *Jobs) Wait(ctx context.Context, source blob.Hash) (Job, error) {
	for {
		j.mu.Lock()
		e, ok := j.jobs[source]
		var job Job
		if ok {
			job = e.Job
		}
		changed, closed := j.changed, j.closed
		j.mu.Unlock()
		switch {
		case !ok:
			return Job{}, blob.ErrNotFound
		case job.State == Done || job.State == Failed:
			return job, nil
		case closed:
			return job, ErrClosed
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return job, ctx.Err()
		}
	}
}

// Waiting returns how many videos wait for their turn.
func (j *Jobs) Waiting() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.waiting)
}

// Close ends ffmpeg if it runs, and waits for that. What was waiting or running goes on at the next Open.
func (j *Jobs) Close() error {
	j.mu.Lock()
	if !j.closed {
		j.closed = true
		j.announce()
	}
	j.mu.Unlock()
	j.stop()
	<-j.done
	return nil
}

// announce wakes whoever waits for a change. The caller holds mu.
func (j *Jobs) announce() {
	close(j.changed)
	j.changed = make(chan struct{})
}

// write makes a job's state durable. The caller holds mu, or nobody else knows e.
func (j *Jobs) write(e *entry) error {
	return durable.WriteJSON(j.path(e.Source), file{Job: e.Job, Owner: e.Owner.String(), Added: e.added}, 0o600)
}

// update changes a job, durably if what changes must survive a restart. A disk that cannot take it is no reason to stop
// the work: a restart would only do some of it again.
func (j *Jobs) update(source blob.Hash, save bool, change func(*Job)) Job {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := j.jobs[source]
	change(&e.Job)
	if save {
		if err := j.write(e); err != nil {
			j.cfg.Logger.Error("a video job cannot be written", "source", source, "err", err)
		}
	}
	j.announce()
	return e.Job
}

// next waits for a job; false: the queue closes.
func (j *Jobs) next(ctx context.Context) (blob.Hash, bool) {
	for {
		j.mu.Lock()
		if len(j.waiting) > 0 && ctx.Err() == nil {
			source := j.waiting[0]
			j.waiting = j.waiting[1:]
			j.mu.Unlock()
			return source, true
		}
		changed := j.changed
		j.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return blob.Hash{}, false
		}
	}
}

// tools are the programs.
type tools struct{ ffmpeg, ffprobe string }

// findTools looks for ffmpeg where it is said to be or in PATH, and for ffprobe beside it.
func findTools(ffmpeg string) (tools, error) {
	if ffmpeg == "" {
		ffmpeg = "ffmpeg"
	}
	ffmpeg, err := exec.LookPath(ffmpeg)
	if err != nil {
		return tools{}, fmt.Errorf("%w: %w", ErrNoFFmpeg, err)
	}
	ffprobe, err := exec.LookPath(filepath.Join(filepath.Dir(ffmpeg), "ffprobe"))
	if err != nil {
		return tools{}, fmt.Errorf("%w: %w", ErrNoFFmpeg, err)
	}
	return tools{ffmpeg, ffprobe}, nil
}
