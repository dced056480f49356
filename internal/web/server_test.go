package web

import (
	"bytes"
	"crypto/sha256"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// serve starts a real server, as the node has it, and returns its URL.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(h, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- s.Serve(NewListener(l, nil)) }()
	t.Cleanup(func() {
		s.Close()
		<-done
	})
	return "http://" + l.Addr().String()
}

func TestFilesGoOutWhole(t *testing.T) {
	content := make([]byte, 3*pieceBytes+12345)
	rand.NewChaCha8([32]byte{1}).Read(content)
	name := filepath.Join(t.TempDir(), "video.mp4")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	url := serve(t, newTestHandler(t, func(c *Config) {
		c.Blossom = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f, err := os.Open(name)
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			http.ServeContent(w, r, "video.mp4", time.Time{}, f)
		})
	}))
	for _, ranges := range []struct {
		header     string
		start, end int
	}{{"", 0, len(content)}, {"bytes=100-", 100, len(content)}, {"bytes=300000-700000", 300000, 700001}} {
		r, err := http.NewRequest("GET", url+"/"+strings.Repeat("00", 32), nil)
		if err != nil {
			t.Fatal(err)
		}
		if ranges.header != "" {
			r.Header.Set("Range", ranges.header)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || sha256.Sum256(got) != sha256.Sum256(content[ranges.start:ranges.end]) {
			t.Errorf("range %q: %d bytes, %v", ranges.header, len(got), err)
		}
	}
}

func TestUploadsAreCounted(t *testing.T) {
	set := metrics.NewSet()
	url := serve(t, newTestHandler(t, func(c *Config) {
		c.Metrics = set
		c.Blossom = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n, err := io.Copy(io.Discard, r.Body)
			if err != nil || n != 100_000 {
				t.Errorf("read %d bytes, %v", n, err)
			}
		})
	}))
	answer, err := http.Post(url+"/upload", "video/mp4", bytes.NewReader(make([]byte, 100_000)))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	var text bytes.Buffer
	set.WritePrometheus(&text)
	if !strings.Contains(text.String(), "madang_upload_bytes_total 100000") {
		t.Errorf("metrics: %s", &text)
	}
}

func TestServerLogsNoAddress(t *testing.T) {
	var log bytes.Buffer
	w := acceptErrors{slog.New(slog.NewTextHandler(&log, nil))}
	io.WriteString(w, "http: TLS handshake error from 192.0.2.7:5555: EOF")
	if log.Len() > 0 {
		t.Errorf("logged %s", &log)
	}
	io.WriteString(w, "http: Accept error: too many open files; retrying in 5ms\n")
	if !strings.Contains(log.String(), "too many open files") {
		t.Errorf("logged %q", &log)
	}
}
