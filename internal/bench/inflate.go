package bench

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
)

// inflater opens compressed messages (RFC 7692).
type inflater struct {
	takeover bool // a message may refer to what came before it
	flate    io.ReadCloser
	in, out  bytes.Buffer
	window   []byte // the end of what came before
}

const windowSize = 32 << 10

func newInflater(takeover bool) *inflater {
	return &inflater{takeover: takeover, flate: flate.NewReader(bytes.NewReader(nil))}
}

// message returns the message, which is valid until the next one.
func (f *inflater) message(payload []byte) ([]byte, error) {
	// What a sender leaves out at the end (section 7.2.1), and an empty last block, by which the reader knows the end.
	const tail = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"
	f.in.Reset()
	f.in.Write(payload)
	f.in.WriteString(tail)
	if err := f.flate.(flate.Resetter).Reset(&f.in, f.window); err != nil {
		return nil, err
	}
	f.out.Reset()
	n, err := f.out.ReadFrom(io.LimitReader(f.flate, mostMessage+1))
	if err == nil && n > mostMessage {
		err = fmt.Errorf("more than %d bytes", mostMessage)
	}
	if err != nil {
		return nil, fmt.Errorf("open a compressed message: %w", err)
	}
	if f.takeover {
		f.window = append(f.window, f.out.Bytes()[max(0, int(n)-windowSize):]...)
		f.window = append(f.window[:0], f.window[max(0, len(f.window)-windowSize):]...)
	}
	return f.out.Bytes(), nil
}
