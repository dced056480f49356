package app

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"

	"madang/internal/peer/wire"
)

// A node that closes ends what goes on with another, and whoever asked for it is told.
func TestSyncEndsWithTheNode(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	called := make(chan net.Conn)
	go func() {
		if c, err := l.Accept(); err == nil {
			called <- c // and says nothing
		}
	}()
	cfg := testConfig(t.TempDir())
	stop := serve(t, open(t, cfg))
	ended := make(chan error, 1)
	go func() {
		_, err := SyncPeer(t.Context(), cfg, Direction{URL: "ws://" + l.Addr().String(), Down: true}, nil)
		ended <- err
	}()
	c := <-called
	defer c.Close()
	stop()
	if err := <-ended; err == nil {
		t.Error("no error for who asked")
	}
}

// Two nodes reconcile while both serve.
func TestSyncPeer(t *testing.T) {
	here, there := testConfig(t.TempDir()), testConfig(t.TempDir())
	other := open(t, there)
	serve(t, other)
	serve(t, open(t, here))
	d := Direction{URL: "ws" + strings.TrimPrefix(other.URL(), "http"), Down: true}
	var told []wire.Report
	report, err := SyncPeer(t.Context(), here, d, func(r wire.Report) { told = append(told, r) })
	if err != nil || report.Received == 0 || len(told) == 0 || told[len(told)-1] != report {
		t.Errorf("%+v, %v, told %+v", report, err, told)
	}
	if report, err = SyncPeer(t.Context(), here, d, nil); err != nil || report != (wire.Report{}) {
		t.Errorf("again: %+v, %v", report, err)
	}
	if _, err := SyncPeer(t.Context(), here, Direction{URL: "nowhere"}, nil); err == nil ||
		!strings.Contains(err.Error(), "not the address of a relay") {
		t.Errorf("no address: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := SyncPeer(ctx, here, d, nil); err == nil {
		t.Error("no error for who gave up")
	}
	r, err := ControlClient(here.DataDir).Post("http://node/sync", "application/json", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusBadRequest {
		t.Errorf("no direction: %s", r.Status)
	}
}
