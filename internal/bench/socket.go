package bench

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// phoneSegment is what fits a packet of Ethernet or Wi-Fi, in bytes.
const phoneSegment = 1460

// asPhone returns a Dialer's Control for a socket whose system takes in little that nobody reads, and that is sent
// packets as over Wi-Fi: on the way within a machine they have 64 KB, and the sender's system buffers many of them, so
// that a server would hear of a slow reader only after megabytes. With size 0 nothing is bounded.
func asPhone(size int) func(network, address string, c syscall.RawConn) error {
	if size == 0 {
		return nil
	}
	return func(_, _ string, c syscall.RawConn) error {
		var window, segment error
		err := c.Control(func(fd uintptr) {
			window = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, size)
			segment = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, phoneSegment)
		})
		return errors.Join(err, window, segment)
	}
}
