package web

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestSlowHandshake: whoever sends a request's head drop by drop is cut off, and keeps nobody else from being served.
func TestSlowHandshake(t *testing.T) {
	s := NewServer(newTestHandler(t, nil), slog.New(slog.DiscardHandler))
	if s.ReadHeaderTimeout <= 0 || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 {
		t.Fatalf("a server without bounds: %+v", s)
	}
	s.ReadHeaderTimeout = 200 * time.Millisecond // the same bound, sooner
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(NewListener(l, nil)) }()
	defer func() {
		s.Close()
		<-done
	}()
	const head = "GET / HTTP/1.1\r\nHost: box.lan\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Drip: "
	var slow []net.Conn
	for range 50 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, head); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, c)
	}
	r, err := http.Get("http://" + l.Addr().String() + "/healthz")
	if err != nil || r.StatusCode != http.StatusOK {
		t.Errorf("beside slow ones: %v, %v", r, err)
	} else {
		r.Body.Close()
	}
	for _, c := range slow {
		go func() { // until the server has had enough
			for range time.Tick(time.Millisecond) {
				if _, err := io.WriteString(c, "x"); err != nil {
					return
				}
			}
		}()
		c.SetReadDeadline(time.Now().Add(time.Minute))
		answer, err := io.ReadAll(c)
		if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
			t.Fatalf("still connected after a minute: %q", answer)
		}
	}
}

// TestLongHeads: a head without an end is refused once it is longer than any real one.
func TestLongHeads(t *testing.T) {
	url := serve(t, newTestHandler(t, nil))
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: box.lan\r\n")
	go func() {
		for i, err := 0, error(nil); err == nil && i < 1_000_000; i++ {
			_, err = fmt.Fprintf(c, "X-%d: %s\r\n", i, strings.Repeat("x", 1000))
		}
	}()
	c.SetReadDeadline(time.Now().Add(time.Minute))
	answer, err := io.ReadAll(c)
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		t.Fatal("still reading after a minute")
	}
	if len(answer) > 0 && !strings.HasPrefix(string(answer), "HTTP/1.1 431 ") {
		t.Errorf("got %q", answer)
	}
}
