package bench

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// receiveWindow returns a Dialer's Control that bounds what the system takes in for a socket that nobody reads. It must
// be set before the connection is made. 0 bounds nothing.
func receiveWindow(size int) func(network, address string, c syscall.RawConn) error {
	if size == 0 {
		return nil
	}
	return func(_, _ string, c syscall.RawConn) error {
		var set error
		err := c.Control(func(fd uintptr) {
			set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, size)
		})
		if err != nil {
			return err
		}
		return set
	}
}
