package web

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestConnectionsAreBounded(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := NewListener(inner, nil)
	l.most = 2
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	defer func() {
		l.Close()
		<-accepted
	}()
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	dial()
	first := <-accepted
	dial()
	second := <-accepted
	defer second.Close()
	if _, err := dial().Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a third connection: %v, want its end", err)
	}
	if _, err := first.Write([]byte("hello")); err != nil || l.Sent() != 5 || l.Len() != 2 || l.Refused() != 1 {
		t.Errorf("%v; sent %d, %d connections, %d refused", err, l.Sent(), l.Len(), l.Refused())
	}
	first.Close()
	first.Close() // counts once
	dial()
	third := <-accepted
	defer third.Close()
	if l.all != 2 {
		t.Errorf("%d connections are counted, want 2", l.all)
	}
}

// strained is a listener whose system has no file handles left, some of the time.
type strained struct {
	net.Listener
	answers []error // nil: a connection
}

func (s *strained) Accept() (net.Conn, error) {
	if len(s.answers) == 0 {
		return nil, net.ErrClosed
	}
	err := s.answers[0]
	s.answers = s.answers[1:]
	if err != nil {
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", err)}
	}
	c, _ := net.Pipe()
	return c, nil
}

func TestFileHandlesSpent(t *testing.T) {
	var said bytes.Buffer
	emfile := error(syscall.EMFILE)
	l := NewListener(&strained{answers: []error{emfile, emfile, nil, emfile, nil, nil, syscall.ENFILE, nil}},
		slog.New(slog.NewTextHandler(&said, nil)))
	accept := func() {
		t.Helper()
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	expect := func(troubles, recoveries int) {
		t.Helper()
		log := said.String()
		if n := strings.Count(log, "may open no more files"); n != troubles {
			t.Errorf("%d lines of trouble, want %d:\n%s", n, troubles, log)
		}
		if n := strings.Count(log, "as usual"); n != recoveries {
			t.Errorf("%d lines of its end, want %d:\n%s", n, recoveries, log)
		}
	}
	accept()
	accept()
	expect(1, 0) // one line for a time of trouble, though it comes and goes
	l.calm = 0
	accept()
	expect(1, 1)
	l.calm = time.Hour
	accept()
	expect(2, 1)
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after its end: %v", err)
	}
}

func TestConnectionsOfOneAddress(t *testing.T) {
	l := NewListener(nil, nil)
	l.ofAddr = 2
	address := func(s string) netip.Addr { return addressOf(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(s))) }
	for _, c := range []struct {
		from string
		want bool
	}{
		{"192.0.2.1:1", true}, {"192.0.2.1:2", true}, {"[::ffff:192.0.2.1]:3", false}, {"192.0.2.2:1", true},
		{"[2001:db8::1]:1", true}, {"[2001:db8::2]:1", true}, {"[2001:db8::ffff:3]:1", false}, {"[2001:db8:0:1::1]:1", true},
		{"127.0.0.1:1", true}, {"127.0.0.1:2", true}, {"127.0.0.1:3", true}, {"[::1]:1", true},
	} {
		if got := l.enter(address(c.from)); got != c.want {
			t.Errorf("%s: %v, want %v", c.from, got, c.want)
		}
	}
	l.leave(address("192.0.2.1:1"))
	if !l.enter(address("192.0.2.1:9")) {
		t.Error("no room after one has gone")
	}
	for range 2 {
		l.leave(address("192.0.2.1:1"))
	}
	if _, known := l.conns[address("192.0.2.1:1")]; known {
		t.Error("an address without connections is remembered")
	}
}
