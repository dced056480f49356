package blossom_test

import (
	"bytes"
	"context"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"madang/internal/blob/blobtest"
	"madang/internal/web/blossom"
)

func TestGet(t *testing.T) {
	n := start(t)
	content := blobtest.Content(1, 100_000)
	h := n.put(t, content, "video/mp4").Hash.String()
	for _, path := range []string{"/" + h, "/" + h + ".mp4", "/" + h + ".tar.gz", "/" + h + "."} {
		for _, method := range []string{"GET", "HEAD"} {
			r, body := n.send(t, method, path, nil)
			want := string(content)
			if method == "HEAD" {
				want = ""
			}
			if r.StatusCode != 200 || body != want || r.ContentLength != int64(len(content)) {
				t.Errorf("%s %s: %d, %d bytes, Content-Length %d", method, path, r.StatusCode, len(body), r.ContentLength)
			}
			for name, value := range map[string]string{
				"Content-Type": "video/mp4", "ETag": `"` + h + `"`, "Accept-Ranges": "bytes",
				"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff", "Content-Disposition": "",
				"Cache-Control": "public, max-age=31536000, immutable",
			} {
				if r.Header.Get(name) != value {
					t.Errorf("%s %s: %s is %q, want %q", method, path, name, r.Header.Get(name), value)
				}
			}
		}
	}
	r, _ := n.send(t, "GET", "/"+h, nil, "If-None-Match", `"`+h+`"`)
	if r.StatusCode != 304 {
		t.Errorf("what the client has already: %d", r.StatusCode)
	}
	r, _ = n.send(t, "GET", "/"+strings.Repeat("0", 64)+".mp4", nil)
	refused(t, r, 404, "no such blob")
	if cache := r.Header.Get("Cache-Control"); cache != "" {
		t.Errorf("a 404 with Cache-Control %q would outlive the blob's arrival", cache)
	}
}

func TestRanges(t *testing.T) {
	n := start(t)
	content := blobtest.Content(1, 1000)
	h := n.put(t, content, "video/mp4").Hash.String()
	for spec, want := range map[string][2]int{
		"bytes=0-99": {0, 100}, "bytes=900-": {900, 1000}, "bytes=-1": {999, 1000}, "bytes=0-5000": {0, 1000},
	} {
		r, body := n.send(t, "GET", "/"+h, nil, "Range", spec)
		if r.StatusCode != 206 || body != string(content[want[0]:want[1]]) {
			t.Errorf("%s: %d, %d bytes", spec, r.StatusCode, len(body))
		}
	}
	r, _ := n.send(t, "GET", "/"+h, nil, "Range", "bytes=1000-")
	if r.StatusCode != 416 || r.Header.Get("Content-Range") != "bytes */1000" {
		t.Errorf("beyond the end: %d %q", r.StatusCode, r.Header.Get("Content-Range"))
	}
	r, body := n.send(t, "GET", "/"+h, nil, "Range", "bytes=0-9,500-519")
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.StatusCode != 206 || kind != "multipart/byteranges" {
		t.Fatalf("two ranges: %d %s", r.StatusCode, kind)
	}
	parts := multipart.NewReader(strings.NewReader(body), params["boundary"])
	for _, want := range [][]byte{content[:10], content[500:520]} {
		part, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(part); err != nil || !bytes.Equal(got, want) {
			t.Errorf("part: %x, %v", got, err)
		}
	}
}

// TestResume cuts a download in the middle and takes it up again as a browser does.
func TestResume(t *testing.T) {
	n := start(t)
	content := blobtest.Content(2, 3_000_000)
	h := n.put(t, content, "video/mp4").Hash.String()
	r, err := n.Client().Get(n.URL + "/" + h)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 1_234_567)
	if _, err := io.ReadFull(r.Body, got); err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	again, rest := n.send(t, "GET", "/"+h, nil, "Range", "bytes=1234567-", "If-Range", r.Header.Get("ETag"))
	if again.StatusCode != 206 || !bytes.Equal(append(got, rest...), content) {
		t.Errorf("resumed: %d, %d bytes more", again.StatusCode, len(rest))
	}
	whole, body := n.send(t, "GET", "/"+h, nil, "Range", "bytes=1234567-", "If-Range", `"`+strings.Repeat("0", 64)+`"`)
	if whole.StatusCode != 200 || body != string(content) {
		t.Errorf("resumed from another file: %d, %d bytes", whole.StatusCode, len(body))
	}
}

// TestNothingRuns serves what a browser would run, as attachments and in a sandbox.
func TestNothingRuns(t *testing.T) {
	n := start(t)
	page := "<!doctype html><script>fetch('/api')</script>"
	for i, mimeType := range []string{
		"text/html", "image/svg+xml", "text/xml", "application/xhtml+xml", "text/javascript", "text/css",
		"application/octet-stream", "application/x-shockwave-flash", "application/wasm", "text/html; charset=utf-8", "",
		"multipart/x-mixed-replace; boundary=x", "message/rfc822", "text/cache-manifest", "video/xhtml+xml", "audio/SVG+XML",
	} {
		h := n.put(t, []byte(page+strings.Repeat(" ", i)), mimeType).Hash.String()
		r, _ := n.send(t, "GET", "/"+h+".png", nil)
		header := r.Header
		if !strings.HasPrefix(header.Get("Content-Disposition"), "attachment") ||
			header.Get("Content-Security-Policy") != "sandbox; default-src 'none'" ||
			header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q: %v", mimeType, header)
		}
	}
	for i, mimeType := range []string{
		"image/png", "image/jpeg", "video/webm", "audio/mpeg", "text/plain; charset=utf-8", "application/pdf",
	} {
		h := n.put(t, []byte(page+strings.Repeat("\n", 1+i)), mimeType).Hash.String()
		r, _ := n.send(t, "GET", "/"+h, nil)
		if r.Header.Get("Content-Disposition") != "" || r.Header.Get("Content-Type") != mimeType ||
			!strings.HasPrefix(r.Header.Get("Content-Security-Policy"), "default-src 'none'") ||
			r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q: %v", mimeType, r.Header)
		}
	}
}

// TestNoBlobIsAScript: a page's policy allows scripts of its own origin, which blobs share.
func TestNoBlobIsAScript(t *testing.T) {
	n := start(t)
	for i, mimeType := range []string{
		"text/javascript", "application/javascript; charset=utf-8", "Text/X-JavaScript", "application/ecmascript",
		"text/javascript1.5", "text/jscript", "text/livescript",
	} {
		h := n.put(t, []byte("alert(1)"+strings.Repeat(" ", i)), mimeType).Hash.String()
		r, _ := n.send(t, "GET", "/"+h+".js", nil)
		if got := r.Header.Get("Content-Type"); got != "application/octet-stream" {
			t.Errorf("%q is served as %q", mimeType, got)
		}
	}
}

func TestFileNames(t *testing.T) {
	n := start(t)
	video := n.put(t, []byte("a video"), "video/mp4").Hash.String()
	image := n.put(t, []byte("an image"), "image/jpeg").Hash.String()
	paper := n.put(t, []byte("a paper"), "text/plain").Hash.String()
	data := n.put(t, []byte("data"), "application/x-madang").Hash.String()
	for _, c := range []struct{ hash, asked, want string }{
		{video, "film.mp4", "film.mp4"},
		{video, "마당의 봄.mp4", "마당의 봄.mp4"},
		{video, "فيلم القرية", "فيلم القرية.mp4"},
		{video, "می\u200cخواهم.mp4", "می\u200cخواهم.mp4"}, // the joiner belongs to the word
		{video, "film.exe", "film.exe.mp4"},
		{video, "Vol. 2 of the story", "Vol. 2 of the story.mp4"},
		{video, "FILM.MP4", "FILM.MP4"},
		{image, "photo.jpeg", "photo.jpeg"},
		{paper, "list.csv", "list.csv"},
		{paper, "letter", "letter.txt"},
		{data, "thing.xyz", "thing.xyz"},
		{data, "thing", "thing"},
		{video, "../../etc/passwd", "_.._etc_passwd.mp4"},
		{video, `..\..\boot.ini`, "_.._boot.ini.mp4"},
		{video, "C:\\film.mp4", "C__film.mp4"},
		{video, "a\r\nSet-Cookie: x=1.mp4", "aSet-Cookie_ x=1.mp4"},
		{video, "a\x00b\x7f\u0085.mp4", "ab.mp4"},
		{video, "film\u202e4pm.exe\u2066\u200f.mp4", "film4pm.exe.mp4"},
		{video, "bad\xff\xfeutf8.mp4", "badutf8.mp4"},
		{video, `"; filename="evil.exe`, "_; filename=_evil.exe.mp4"},
		{video, "100%25 'sure' 50%.mp4", "100%25 'sure' 50%.mp4"},
		{video, " . .hidden. ", "hidden.mp4"},
		{video, ".mp4", "mp4.mp4"},
		{video, "", video + ".mp4"},
		{video, "...", video + ".mp4"},
		{data, "", data},
		{video, strings.Repeat("마", 300) + ".mp4", strings.Repeat("마", 58) + ".mp4"},
		{data, strings.Repeat("x", 500), strings.Repeat("x", 180)},
		{data, "x." + strings.Repeat("y", 500), "x." + strings.Repeat("y", 178)},
	} {
		r, _ := n.send(t, "GET", "/"+c.hash+"?name="+url.QueryEscape(c.asked), nil)
		header := r.Header.Get("Content-Disposition")
		kind, params, err := mime.ParseMediaType(header)
		if err != nil || kind != "attachment" || params["filename"] != c.want {
			t.Errorf("%q: %q, %v; want %q\n%s", c.asked, params["filename"], err, c.want, header)
		}
		if !utf8.ValidString(params["filename"]) || strings.ContainsFunc(header, func(c rune) bool { return c > '~' }) {
			t.Errorf("%q: header %q", c.asked, header)
		}
		if strings.Count(header, "filename=") != 1+strings.Count(c.want, "filename=") {
			t.Errorf("%q: header %q", c.asked, header)
		}
	}
}

// TestStalledReader opens a download, takes nothing of it, and must be hung up on.
func TestStalledReader(t *testing.T) {
	n := start(t, func(cfg *blossom.Config) { cfg.Stall = 50 * time.Millisecond })
	h := n.put(t, blobtest.Content(3, 32<<20), "video/mp4").Hash.String()
	conn, err := net.Dial("tcp", strings.TrimPrefix(n.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /"+h+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	n.Config.Shutdown(t.Context()) // returns when the node has ended the transfer
	got, _ := io.Copy(io.Discard, conn)
	if got >= 32<<20 {
		t.Error("the whole blob came although nobody took it")
	}
}

// TestKeepAlive makes requests on one connection for longer than the stall time: no deadline may outlive its transfer.
func TestKeepAlive(t *testing.T) {
	const stall = 20 * time.Millisecond
	n := start(t, func(cfg *blossom.Config) { cfg.Stall = stall })
	content := blobtest.Content(4, 300_000)
	h := n.put(t, content, "video/mp4").Hash.String()
	conn, err := net.Dial("tcp", strings.TrimPrefix(n.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil },
	}}
	for began := time.Now(); time.Since(began) < 5*stall; {
		r, err := client.Get(n.URL + "/" + h)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || !bytes.Equal(body, content) {
			t.Fatalf("%d bytes, %v", len(body), err)
		}
	}
}
