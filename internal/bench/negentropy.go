package bench

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"madang/internal/negentropy"
)

const mostListed = 500_000 // ids

// negentropy measures how a node lists its events, the oldest ones, to a peer that has none (NIP-77), right after its
// start and again.
func (r *run) negentropy(ctx context.Context) error {
	return r.served(ctx, func(ctx context.Context, s *server) error {
		filter := fmt.Sprintf(`{"until":%d}`, r.stored.until)
		var listed []int
		for _, when := range []string{"cold", "warm"} {
			c, err := dial(ctx, s.addr, clientOptions{buffer: 512 << 10})
			if err != nil {
				return err
			}
			l, err := list(s, c, filter)
			c.close()
			if err != nil {
				return fmt.Errorf("%s: %w", when, err)
			}
			listed = append(listed, l.ids)
			const asHex = 64
			r.add(row{
				what: fmt.Sprintf("listing %s ids, %s: CPU an id", thousands(fmt.Sprint(l.ids)), when), unit: seconds,
				figure: l.used.cpu.Seconds() / float64(l.ids), target: 0.7e-6,
				limit: r.machine.copyByte * asHex, limitName: "copying the id as hex",
				note: fmt.Sprintf("%d messages, %v in all", l.messages, l.used.wall.Round(time.Millisecond)),
			})
			r.add(row{
				what: when + ": wait for the first answer", unit: seconds, figure: l.first.Seconds(), target: 50e-3,
				note: "CPU until then: " + seconds.format(l.firstCPU.Seconds()),
			})
		}
		held, err := count(ctx, s, filter)
		if err == nil && (listed[0] != held || listed[1] != held) {
			err = fmt.Errorf("%d ids were listed of %d that the node counts", listed, held)
		}
		return err
	})
}

// count asks how many events a stranger may read (NIP-45).
func count(ctx context.Context, s *server, filter string) (n int, err error) {
	c, err := dial(ctx, s.addr, clientOptions{})
	if err != nil {
		return 0, err
	}
	defer c.close()
	if _, err := c.await(isAuth); err != nil {
		return 0, err
	}
	if err := c.send(textFrame(fmt.Appendf(nil, `["COUNT","n",%s]`, filter))); err != nil {
		return 0, err
	}
	m, err := c.next()
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Sscanf(string(m), `["COUNT","n",{"count":%d`, &n); err != nil {
		return 0, unexpected(m)
	}
	return n, nil
}

// listing is what it took.
type listing struct {
	used            spent
	ids, messages   int
	first, firstCPU time.Duration
}

func list(s *server, c *client, filter string) (l listing, err error) {
	if _, err := c.await(isAuth); err != nil {
		return l, err
	}
	peer := negentropy.New(negentropy.NewSet(nil), 0)
	message := textFrame(fmt.Appendf(nil, `["NEG-OPEN","n",%s,"%x"]`, filter, peer.Initiate()))
	l.used, err = s.measure(func() error {
		began := time.Now()
		cpu, err := s.cpu()
		if err != nil {
			return err
		}
		for message != nil {
			if err := c.send(message); err != nil {
				return err
			}
			answer, err := negAnswer(c)
			if err != nil {
				return err
			}
			if l.messages++; l.messages == 1 {
				l.first = time.Since(began)
				now, err := s.cpu()
				if err != nil {
					return err
				}
				l.firstCPU = now - cpu
			}
			next, _, need, err := peer.ReconcileInitiator(answer)
			if err != nil {
				return err
			}
			l.ids += len(need)
			message = nil
			if next != nil {
				message = textFrame(fmt.Appendf(nil, `["NEG-MSG","n","%x"]`, next))
			}
		}
		return nil
	})
	return l, err
}

// negAnswer reads a NEG-MSG.
func negAnswer(c *client) ([]byte, error) {
	m, err := c.next()
	if err != nil {
		return nil, err
	}
	text, ok := bytes.CutPrefix(m, []byte(`["NEG-MSG","n","`))
	if !ok {
		return nil, unexpected(m)
	}
	text = bytes.TrimSuffix(text, []byte(`"]`))
	answer := make([]byte, hex.DecodedLen(len(text)))
	_, err = hex.Decode(answer, text)
	return answer, err
}
