package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"madang/internal/eventlog"
	"madang/internal/hub"
	"madang/internal/index"
	"madang/internal/policy"
	"madang/internal/verify"
)

// committer is used by one goroutine at a time: who leads the line of those that wait for it.
type committer struct {
	cfg    Config
	stats  *stats
	behind []hub.Delivery // groups that the log has and the index failed to take in
	full   bool           // the last group found the disk full
}

// group takes candidates through replace, delete and duplicate rules, into the log, into the index and out to the
// subscribers, in this order, and gives each its result. finish is told of work that has them all.
func (c *committer) group(group []candidate, finish func(*work)) {
	began := time.Now()
	c.store(group)
	c.stats.events.Update(float64(len(group)))
	c.stats.seconds.UpdateDuration(began)
	for _, candidate := range group {
		if candidate.of.left--; candidate.of.left == 0 {
			finish(candidate.of)
		}
	}
}

func (c *committer) store(group []candidate) {
	stage, err := c.stage()
	if err != nil {
		c.fail(group, err)
		return
	}
	taken, events := make([]candidate, 0, len(group)), make([]verify.Event, 0, len(group))
	for _, candidate := range group {
		if err := c.take(stage, &candidate); err != nil {
			candidate.answer(refused(err))
			continue
		}
		taken, events = append(taken, candidate), append(events, candidate.event)
	}
	if len(taken) == 0 {
		return
	}
	positions, err := c.cfg.Log.Append(events, c.cfg.Now().UnixMilli())
	if err != nil {
		c.fail(taken, err)
		return
	}
	deliveries := make([]hub.Delivery, len(taken))
	for i, e := range events {
		deliveries[i] = hub.Delivery{Pos: positions[i], Event: e}
	}
	if err := stage.Commit(positions, c.cfg.Log.End()); err != nil {
		c.behind = append(c.behind, deliveries...)
		c.fail(taken, fmt.Errorf("index: %w", err))
		return
	}
	c.recovered()
	c.publish(deliveries)
	for _, candidate := range taken {
		candidate.answer(Result{OK: true})
	}
}

// take adds a candidate to the group, or says why it is not to be stored. What was held when it was checked is judged
// in its turn like any other, since what came before it may have deleted it. Should nothing speak against it any more,
// because it expired and was swept, it needs its signature after all.
func (c *committer) take(stage *index.Stage, k *candidate) error {
	if k.event.Event() == nil {
		e := k.of.events[k.at]
		if err := stage.Check(e); err != nil {
			return err
		}
		verified, errs := c.cfg.Verifier.Batch([]verify.Claim{{Event: e, Source: k.of.writer.Source}})
		if errs[0] != nil {
			return errs[0]
		}
		k.event = verified[0]
	}
	return stage.Take(k.event)
}

func (c candidate) answer(r Result) { c.of.results[c.at] = r }

func (c *committer) publish(deliveries []hub.Delivery) {
	for _, d := range deliveries {
		c.cfg.Policy.Observe(d.Event.Event())
	}
	c.cfg.Hub.Publish(deliveries)
}

// stage begins a group, after the index has caught up with what it failed to take in: those events are durable, and
// whoever sends them again is told so. Until it has, no further group is taken.
func (c *committer) stage() (*index.Stage, error) {
	if len(c.behind) > 0 {
		if err := c.cfg.Index.CatchUp(context.Background()); err != nil {
			return nil, fmt.Errorf("index: %w", err)
		}
		c.publish(c.behind)
		c.behind = nil
	}
	return c.cfg.Index.Stage(), nil
}

// fail answers a whole group. A full disk makes one line in the node's log, not one for each event.
func (c *committer) fail(group []candidate, err error) {
	isFull := errors.Is(err, eventlog.ErrFull)
	if !isFull || !c.full {
		c.cfg.Logger.Error("events could not be stored", "count", len(group), "error", err)
	}
	c.full = isFull
	result := storageResult(err)
	for _, candidate := range group {
		candidate.answer(result)
	}
}

func (c *committer) recovered() {
	if c.full {
		c.full = false
		c.cfg.Logger.Info("the disk has room again: events are stored")
	}
}

func storageResult(err error) Result {
	if errors.Is(err, eventlog.ErrFull) {
		return Result{Message: "error: the node's disk is full"}
	}
	return Result{Message: "error: the node could not store the event"}
}

// refused puts an error in NIP-01's words.
func refused(err error) Result {
	var refusal *policy.Error
	switch {
	case errors.As(err, &refusal):
		return Result{Message: refusal.Error()}
	case errors.Is(err, index.ErrDuplicate), errors.Is(err, index.ErrReplaced):
		return Result{OK: true, Message: "duplicate: " + err.Error()}
	case errors.Is(err, index.ErrDeleted):
		return Result{Message: "blocked: " + err.Error()}
	case errors.Is(err, verify.ErrID), errors.Is(err, verify.ErrSignature), errors.Is(err, verify.ErrTooLarge):
		return Result{Message: "invalid: " + err.Error()}
	case errors.Is(err, errClosed):
		return Result{Message: "error: " + err.Error()}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Result{Message: "error: the request was given up"}
	}
	return storageResult(err)
}
