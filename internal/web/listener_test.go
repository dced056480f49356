package web

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
)

func TestConnectionsAreBounded(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := NewListener(inner)
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
	first.Close()
	first.Close() // counts once
	dial()
	third := <-accepted
	defer third.Close()
	if l.all != 2 {
		t.Errorf("%d connections are counted, want 2", l.all)
	}
}

func TestConnectionsOfOneAddress(t *testing.T) {
	l := NewListener(nil)
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
