package bench

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

const (
	burstSize = 50
	pace      = 20 // events a second
	paced     = 100
)

// notesOnly matches each live note and nothing that is stored.
func notesOnly(int) string { return `{"kinds":[1],"limit":0}` }

// fanOut measures a delivery to subscribers of one filter. What publishing costs is measured without subscribers, and
// taken off.
func (r *run) fanOut(ctx context.Context) error {
	return r.served(ctx, func(ctx context.Context, s *server) error {
		publisher, err := dial(ctx, s.addr, clientOptions{buffer: 16 << 10})
		if err != nil {
			return err
		}
		defer publisher.close()
		alone, err := r.burst(ctx, s, publisher, nil, 10)
		if err != nil {
			return err
		}
		aloneEach := alone.used.cpu.Seconds() / float64(alone.events)
		r.add(row{
			what: fmt.Sprintf("publishing alone, in bursts of %d: CPU an event", burstSize), unit: seconds, figure: aloneEach,
			limit: r.machine.check, limitName: "one signature check",
		})
		slow, err := r.atPace(ctx, s, publisher, nil)
		if err != nil {
			return err
		}
		slowEach := slow.used.cpu.Seconds() / float64(slow.events)
		r.add(row{
			what: fmt.Sprintf("publishing alone, %d a second: CPU an event", pace), unit: seconds, figure: slowEach,
			limit: r.machine.check, limitName: "one signature check",
		})
		for _, size := range []int{200, 1000} {
			if err := r.fanOutTo(ctx, s, publisher, size, aloneEach, slowEach); err != nil {
				return fmt.Errorf("%d subscribers: %w", size, err)
			}
		}
		return nil
	})
}

func (r *run) fanOutTo(
	ctx context.Context, s *server, publisher *client, size int, burstAlone, paceAlone float64) error {
	f, err := launch(ctx, s.addr, fleetOptions{
		size: size, filter: notesOnly, client: clientOptions{buffer: 32 << 10}, isTimed: true,
	})
	if err != nil {
		return err
	}
	defer f.close()
	d, err := r.burst(ctx, s, publisher, f, 2000/size)
	if err != nil {
		return err
	}
	each := d.each(burstAlone)
	r.add(row{
		what: fmt.Sprintf("%d subscribers, bursts: CPU a delivery", size), unit: seconds, figure: each, target: 2e-6,
		limit: r.machine.copyByte * d.frame, limitName: "copying the frame",
		note: fmt.Sprintf("%s deliveries of %s", thousands(fmt.Sprint(d.deliveries)), bytesOf.format(d.frame)),
	})
	if d, err = r.atPace(ctx, s, publisher, f); err != nil {
		return err
	}
	write, err := socketWrite(int(d.frame), size, time.Second/pace)
	if err != nil {
		return err
	}
	r.add(row{
		what: fmt.Sprintf("%d subscribers, %d a second: CPU a delivery", size, pace), unit: seconds,
		figure: d.each(paceAlone), target: each + write, limit: write, limitName: "one write of the frame at this pace",
	})
	r.add(row{
		what: fmt.Sprintf("%d subscribers, %d a second: from sending to receiving, p50", size, pace), unit: seconds,
		figure: median(d.waits), target: 3e-3, limit: r.machine.sync + r.machine.check + float64(size)/2*write,
		limitName: "one sync, one signature check and half of the writes",
		note:      "p99: " + seconds.format(quantile(d.waits, 0.99)),
	})
	return nil
}

// delivered is what it took to hand events to a fleet.
type delivered struct {
	used       spent
	events     int
	deliveries int
	frame      float64   // bytes of a delivery, about
	waits      []float64 // seconds from sending to receiving, of a timed fleet
}

// each returns the CPU time of a delivery, if publishing an event takes alone.
func (d delivered) each(alone float64) float64 {
	return (d.used.cpu.Seconds() - alone*float64(d.events)) / float64(d.deliveries)
}

// burst sends notes, so many bursts of them, each when all of the one before have come. f may be nil.
func (r *run) burst(ctx context.Context, s *server, publisher *client, f *fleet, bursts int) (d delivered, err error) {
	frames, err := r.take(ctx, notes, bursts*burstSize)
	if err != nil {
		return d, err
	}
	d.expect(frames, f)
	before := f.count()
	if err := s.rest(ctx); err != nil {
		return d, err
	}
	d.used, err = s.measure(func() error {
		for i := range bursts {
			part := frames[i*burstSize : (i+1)*burstSize]
			if err := publisher.send(bytes.Join(part, nil)); err != nil {
				return err
			}
			for range part {
				if err := awaitOK(publisher); err != nil {
					return err
				}
			}
			if f == nil {
				continue
			}
			if err := f.await(ctx, before+(i+1)*burstSize*len(f.subscribers)); err != nil {
				return err
			}
		}
		return nil
	})
	return d, err
}

// atPace sends notes one by one, a few a second.
func (r *run) atPace(ctx context.Context, s *server, publisher *client, f *fleet) (d delivered, err error) {
	frames, err := r.take(ctx, notes, paced)
	if err != nil {
		return d, err
	}
	d.expect(frames, f)
	before := f.count()
	if err := s.rest(ctx); err != nil {
		return d, err
	}
	var sent []time.Time
	d.used, err = s.measure(func() error {
		if sent, err = sendAtPace(ctx, publisher, frames, pace); err != nil || f == nil {
			return err
		}
		return f.await(ctx, before+d.deliveries)
	})
	if err == nil {
		d.waits = f.waits(sent)
	}
	return d, err
}

func (d *delivered) expect(frames [][]byte, f *fleet) {
	d.events = len(frames)
	d.frame = float64(sizeOf(frames)) / float64(len(frames))
	if f != nil {
		d.deliveries = len(frames) * len(f.subscribers)
	}
}

// sendAtPace returns when each event was sent. The next one is never sent before the one before has its OK.
func sendAtPace(ctx context.Context, publisher *client, frames [][]byte, aSecond int) (sent []time.Time, err error) {
	tick := time.NewTicker(time.Second / time.Duration(aSecond))
	defer tick.Stop()
	for _, frame := range frames {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
		sent = append(sent, time.Now())
		if err := publishOne(publisher, frame); err != nil {
			return nil, err
		}
	}
	return sent, nil
}

// count returns how many events have come so far; none to no fleet.
func (f *fleet) count() int {
	if f == nil {
		return 0
	}
	return int(f.got.Load())
}

// waits returns how long each of the last events took to each subscriber.
func (f *fleet) waits(sent []time.Time) (waits []float64) {
	if f == nil {
		return nil
	}
	for _, s := range f.subscribers {
		for i, at := range s.times[len(s.times)-len(sent):] {
			waits = append(waits, at.Sub(sent[i]).Seconds())
		}
	}
	return waits
}
