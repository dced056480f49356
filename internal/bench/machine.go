package bench

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"golang.org/x/sys/unix"
)

// machine is what this machine needs for what no relay can leave out, in seconds where nothing else is said.
type machine struct {
	sync     float64 // append 1 KB and fdatasync, as the log does; the median
	check    float64 // one BIP-340 signature
	copyByte float64 // to copy a byte, of frames as they lie in memory
}

// measureMachine takes its figures in dir, where the data will be.
func measureMachine(ctx context.Context, dir string) (m machine, err error) {
	s, err := measureSyncs(dir, 400)
	if err != nil {
		return m, err
	}
	m.sync = median(s.waits)
	if m.check, err = signatureCheck(); err != nil {
		return m, err
	}
	m.copyByte = copyByte()
	return m, ctx.Err()
}

// syncs is what bare appends took until they were on the disk.
type syncs struct {
	waits           []float64
	written, device int64 // bytes: see disk.written and deviceWritten
}

// measureSyncs appends to a file n times.
func measureSyncs(dir string, n int) (s syncs, err error) {
	f, err := os.Create(filepath.Join(dir, "syncs"))
	if err != nil {
		return s, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	before, err := diskOf(os.Getpid())
	if err != nil {
		return s, err
	}
	if s.device, err = deviceWritten(dir); err != nil {
		return s, err
	}
	record := make([]byte, 1024+16) // an event and the log's head of a record
	for range n {
		began := time.Now()
		if _, err := f.Write(record); err != nil {
			return s, err
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			return s, fmt.Errorf("fdatasync: %w", err)
		}
		s.waits = append(s.waits, time.Since(began).Seconds())
	}
	device, err := deviceWritten(dir)
	if err != nil {
		return s, err
	}
	s.device = device - s.device
	after, err := diskOf(os.Getpid())
	s.written = after.since(before).written
	return s, err
}

// add counts more of them.
func (s *syncs) add(more syncs) {
	s.waits, s.written, s.device = append(s.waits, more.waits...), s.written+more.written, s.device+more.device
}

// signatureCheck measures btcec's check of one signature, the key parsed anew each time as for an event.
func signatureCheck() (float64, error) {
	secret, public := btcec.PrivKeyFromBytes(append(make([]byte, 31), 7))
	id := sha256.Sum256([]byte("madang bench"))
	sig, err := schnorr.Sign(secret, id[:])
	if err != nil {
		return 0, err
	}
	key := schnorr.SerializePubKey(public)
	return threadTime(2000, func() error {
		parsed, err := schnorr.ParsePubKey(key)
		if err != nil {
			return err
		}
		if !sig.Verify(id[:], parsed) {
			return fmt.Errorf("a good signature was refused")
		}
		return nil
	})
}

// copyByte measures copying frames of 1 KB from 64 MB of them, so that they come from memory rather than a cache.
func copyByte() float64 {
	const frame, all = 1 << 10, 64 << 20
	from, to := make([]byte, all), make([]byte, frame)
	for i := range from {
		from[i] = byte(i)
	}
	at := 0
	const n = all / frame
	one, _ := threadTime(n, func() error { // it copies, and cannot fail
		copy(to, from[at:at+frame])
		at += frame
		return nil
	})
	return one / frame
}

// socketWrite measures one write of so many bytes to a connection on this machine, as of a server that writes to so
// many one after the other. Each has a reader of its own, who sleeps until then. After each round all rest for a while:
// what happens seldom costs more, since caches have forgotten it and cores are asleep.
func socketWrite(size, conns int, rest time.Duration) (float64, error) {
	const rounds = 20
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	var out []net.Conn
	var read atomic.Int64
	for range conns {
		from, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			return 0, err
		}
		defer from.Close()
		to, err := l.Accept()
		if err != nil {
			return 0, err
		}
		defer to.Close()
		out = append(out, from)
		go func() {
			buffer := make([]byte, 64<<10)
			for err := error(nil); err == nil; {
				var n int
				n, err = to.Read(buffer)
				read.Add(int64(n))
			}
		}()
	}
	frames := make([]byte, size)
	written, at := int64(0), 0
	return threadTime(conns*rounds, func() error {
		if at == 0 {
			time.Sleep(rest)
			for late := time.Now().Add(10 * time.Second); read.Load() < written; { // until all are asleep again
				if time.Now().After(late) {
					return errors.New("what was written to a socket does not come out")
				}
				time.Sleep(100 * time.Microsecond)
			}
		}
		_, err := out[at].Write(frames)
		at, written = (at+1)%conns, written+int64(size)
		return err
	})
}

// threadTime returns the CPU time that f takes, of n calls, on the thread that it runs on.
func threadTime(n int, f func() error) (float64, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	clock := func() (time.Duration, error) {
		var t unix.Timespec
		err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
		return time.Duration(t.Nano()), err
	}
	for range n / 10 { // warm up
		if err := f(); err != nil {
			return 0, err
		}
	}
	began, err := clock()
	if err != nil {
		return 0, err
	}
	for range n - n/10 {
		if err := f(); err != nil {
			return 0, err
		}
	}
	ended, err := clock()
	return (ended - began).Seconds() / float64(n-n/10), err
}

func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile sorts the values.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[min(len(values)-1, int(q*float64(len(values))))]
}
