package bench

import (
	"context"
	"errors"
	"fmt"
)

var errNotNegotiated = errors.New("the server did not take the offer of compression")

// deflate measures what compression costs where a client offers it as browsers do, against what the same costs without.
func (r *run) deflate(ctx context.Context) error {
	err := r.served(ctx, r.deflateQueries)
	if errors.Is(err, errNotNegotiated) {
		r.add(row{what: "REQ and fan-out", missing: "not negotiated"})
		return nil
	}
	if err != nil {
		return fmt.Errorf("REQ: %w", err)
	}
	return r.deflateFanOut(ctx)
}

func (r *run) deflateQueries(ctx context.Context, s *server) error {
	plain, err := r.ask(ctx, s, r.questions(), 2*r.asks(), false)
	if err != nil {
		return err
	}
	small, err := r.ask(ctx, s, r.questions(), 2*r.asks(), true)
	if err != nil {
		return err
	}
	if !small.compressed {
		return errNotNegotiated
	}
	r.add(row{
		what: "REQ, all in turn: CPU, of that without", unit: times, figure: small.cpu / plain.cpu, target: 1.5,
		limit: 1, limitName: "the same without",
		note: fmt.Sprintf("%s, without %s; %s, without %s", seconds.format(small.cpu), seconds.format(plain.cpu),
			bytesOf.format(small.bytes), bytesOf.format(plain.bytes)),
	})
	return nil
}

// deflateFanOut has a server for each, since memory that one fleet has freed would take in part of the other's.
func (r *run) deflateFanOut(ctx context.Context) error {
	var each, perConn [2]float64
	var got [2]float64 // bytes over the wire, a delivery
	for i, deflate := range []bool{false, true} {
		err := r.served(ctx, func(ctx context.Context, s *server) (err error) {
			each[i], perConn[i], got[i], err = r.deflateBursts(ctx, s, deflate)
			return err
		})
		if err != nil {
			return fmt.Errorf("fan-out: %w", err)
		}
	}
	r.add(row{
		what: "200 subscribers, bursts: CPU a delivery, of that without", unit: times, figure: each[1] / each[0], target: 2,
		limit: 1, limitName: "the same without",
		note: fmt.Sprintf("%s, without %s; %s, without %s", seconds.format(each[1]), seconds.format(each[0]),
			bytesOf.format(got[1]), bytesOf.format(got[0])),
	})
	r.add(row{
		what: "memory of a connection after it", unit: bytesOf, figure: perConn[1],
		limit: perConn[0], limitName: "the same without",
	})
	return nil
}

func (r *run) deflateBursts(ctx context.Context, s *server, deflate bool) (each, perConn, got float64, err error) {
	const size, bursts = 200, 10
	publisher, err := dial(ctx, s.addr, clientOptions{buffer: 16 << 10})
	if err != nil {
		return 0, 0, 0, err
	}
	defer publisher.close()
	alone, err := r.burst(ctx, s, publisher, nil, bursts)
	if err != nil {
		return 0, 0, 0, err
	}
	before, err := s.settled(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	f, err := launch(ctx, s.addr, fleetOptions{
		size: size, filter: notesOnly, client: clientOptions{buffer: 32 << 10, deflate: deflate},
	})
	if err != nil {
		return 0, 0, 0, err
	}
	defer f.close()
	if deflate && f.subscribers[0].inflate == nil {
		return 0, 0, 0, errNotNegotiated
	}
	d, err := r.burst(ctx, s, publisher, f, bursts)
	if err != nil {
		return 0, 0, 0, err
	}
	after, err := s.settled(ctx)
	each = d.each(alone.used.cpu.Seconds() / float64(alone.events))
	perConn = float64(after.now-before.now) / size
	return each, perConn, float64(f.subscribers[0].got) / float64(d.events), err
}
