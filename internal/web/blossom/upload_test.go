package blossom_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"madang/internal/blob"
	"madang/internal/blob/blobtest"
	"madang/internal/nostr"
	"madang/internal/web/blossom"
)

func (n *node) upload(t *testing.T, content []byte, headers ...string) (*http.Response, string) {
	t.Helper()
	auth := []string{"Authorization", token(t, member, "upload", hexSum(content))}
	return n.send(t, "PUT", "/upload", bytes.NewReader(content), append(auth, headers...)...)
}

func TestUpload(t *testing.T) {
	n := start(t)
	content := append([]byte("\x89PNG\r\n\x1a\n"), blobtest.Content(1, 50_000)...)
	h := hexSum(content)
	for i, status := range []int{201, 200, 200} {
		r, body := n.upload(t, content, "X-SHA-256", h)
		d := decode[descriptor](t, body)
		if r.StatusCode != status || d.SHA256 != h || d.Size != int64(len(content)) || d.Type != "image/png" ||
			d.URL != n.URL+"/"+h+".png" || d.Uploaded == 0 {
			t.Errorf("upload %d: %d %+v", i+1, r.StatusCode, d)
		}
	}
	n.holds(t, h)
	if _, body := n.send(t, "GET", "/"+h, nil); body != string(content) {
		t.Error("another content came back")
	}
	r, body := n.upload(t, []byte("no header"), "Content-Type", "text/markdown", "X-Forwarded-Proto", "https")
	d := decode[descriptor](t, body)
	if r.StatusCode != 201 || d.URL != strings.Replace(n.URL, "http", "https", 1)+"/"+d.SHA256+".md" {
		t.Errorf("%d %+v", r.StatusCode, d)
	}
	r, _ = n.upload(t, nil)
	if r.StatusCode != 201 {
		t.Errorf("the empty blob: %d %s", r.StatusCode, r.Header.Get("X-Reason"))
	}
}

func TestUploadRefusals(t *testing.T) {
	n := start(t)
	content := []byte("content")
	h, wrong := hexSum(content), hexSum([]byte("other"))
	big := bytes.Repeat([]byte("x"), maxBlob+1)
	auth := func(sk nostr.SecretKey, verb string, hashes ...string) []string {
		return []string{"Authorization", token(t, sk, verb, hashes...)}
	}
	named := func(headers []string, hash string) []string { return append(headers, "X-SHA-256", hash) }
	for name, c := range map[string]struct {
		body    []byte
		headers []string
		status  int
		word    string
	}{
		"no token":           {content, nil, 401, "Authorization"},
		"other verb":         {content, auth(member, "delete", h), 401, "upload"},
		"no x tag":           {content, auth(member, "upload"), 401, "x tag"},
		"x tag no hash":      {content, auth(member, "upload", "abc"), 401, "x tag"},
		"stranger":           {content, auth(stranger, "upload", h), 403, "not a member"},
		"other content":      {content, auth(member, "upload", wrong), 409, "match"},
		"none of several":    {content, auth(member, "upload", wrong, hexSum(nil)), 401, "x tag"},
		"too large":          {big, auth(member, "upload", hexSum(big)), 413, "1 MiB"},
		"header no hash":     {content, named(auth(member, "upload", h), "abc"), 400, "X-SHA-256"},
		"header of another":  {content, named(auth(member, "upload", h), wrong), 401, "x tag"},
		"header not content": {content, named(auth(member, "upload", h, wrong), wrong), 409, "match"},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := n.send(t, "PUT", "/upload", bytes.NewReader(c.body), c.headers...)
			refused(t, r, c.status, c.word)
			n.holds(t)
		})
	}
	r, _ := n.send(t, "PUT", "/upload", bytes.NewReader(content), "Authorization", token(t, member, "upload", wrong, h))
	if r.StatusCode != 201 {
		t.Errorf("one of several: %d %s", r.StatusCode, r.Header.Get("X-Reason"))
	}
}

func TestUploadOfUnknownLength(t *testing.T) {
	n := start(t)
	for _, c := range []struct{ size, status int }{{0, 201}, {500_000, 201}, {maxBlob, 201}, {maxBlob + 1, 413}} {
		content := blobtest.Content(uint64(c.size), c.size)
		r, _ := n.send(t, "PUT", "/upload", io.MultiReader(bytes.NewReader(content)), // its length is hidden
			"Authorization", token(t, member, "upload", hexSum(content)))
		if r.StatusCode != c.status {
			t.Errorf("%d bytes: %d %s", c.size, r.StatusCode, r.Header.Get("X-Reason"))
		}
	}
	n.holds(t, hexSum(nil), hexSum(blobtest.Content(500_000, 500_000)), hexSum(blobtest.Content(maxBlob, maxBlob)))
}

// TestQuota uploads more at once than fits: what is on its way counts, so that no more is stored than may be.
func TestQuota(t *testing.T) {
	n := start(t)
	// Each waits for the node's word before it sends, however long that takes: a refusal must not be lost in a reset
	// connection.
	n.Client().Transport.(*http.Transport).ExpectContinueTimeout = time.Minute
	var wg sync.WaitGroup
	var mu sync.Mutex
	statuses := make(map[int]int)
	for i := range 10 {
		content := blobtest.Content(uint64(i), maxBlob)
		auth := token(t, member, "upload", hexSum(content))
		wg.Go(func() {
			r, err := http.NewRequest("PUT", n.URL+"/upload", bytes.NewReader(content))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Authorization", auth)
			r.Header.Set("Expect", "100-continue")
			response, err := n.Client().Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			response.Body.Close()
			mu.Lock()
			defer mu.Unlock()
			statuses[response.StatusCode]++
		})
	}
	wg.Wait()
	used, err := n.blobs.Used(t.Context(), member.PubKey())
	if err != nil || used > quota || statuses[201] == 0 || statuses[201]+statuses[413] != 10 {
		t.Errorf("used %d of %d, answers %v, %v", used, quota, statuses, err)
	}
	content := []byte("another's room is another's")
	auth := token(t, other, "upload", hexSum(content))
	r, _ := n.send(t, "PUT", "/upload", bytes.NewReader(content), "Authorization", auth)
	if r.StatusCode != 201 {
		t.Errorf("another member: %d", r.StatusCode)
	}
}

// TestQuotaOfSmallFiles: the smallest file takes room, too.
func TestQuotaOfSmallFiles(t *testing.T) {
	n := start(t)
	const files = 10 // that there is room for
	n.put(t, blobtest.Content(1000, quota-(files+1)*blob.Overhead), "video/mp4")
	for i := range files + 1 {
		want := http.StatusCreated
		if i == files {
			want = http.StatusRequestEntityTooLarge
		}
		if r, _ := n.upload(t, blobtest.Content(uint64(i), 4)); r.StatusCode != want {
			t.Errorf("file %d: %s, want %d", i+1, r.Status, want)
		}
	}
}

// fullStore is a store on a full disk.
type fullStore struct{ blob.Store }

func (fullStore) Put(context.Context, io.Reader, blob.Put) (blob.Info, bool, error) {
	return blob.Info{}, false, fmt.Errorf("put: %w", blob.ErrFull)
}

func TestFullDisk(t *testing.T) {
	n := start(t, func(cfg *blossom.Config) { cfg.Blobs = fullStore{cfg.Blobs} })
	there := n.put(t, []byte("there"), "").Hash.String()
	r, _ := n.upload(t, []byte("more"))
	refused(t, r, 507, "disk is full")
	if _, body := n.send(t, "GET", "/"+there, nil); body != "there" {
		t.Error("reading stopped with the room")
	}
}

// rawUpload opens a connection and sends the head of an upload of length bytes.
func (n *node) rawUpload(t *testing.T, auth string, length int, more string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(n.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_, err = fmt.Fprintf(conn, "PUT /upload HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Length: %d\r\n%s\r\n",
		auth, length, more)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestCutUpload ends the connection in the middle: nothing may stay.
func TestCutUpload(t *testing.T) {
	n := start(t)
	content := blobtest.Content(5, 600_000)
	half := content[:300_000]
	// The token allows the half as well: that it is not stored is because it was cut.
	conn := n.rawUpload(t, token(t, member, "upload", hexSum(content), hexSum(half)), len(content), "")
	if _, err := conn.Write(half); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	n.Close() // waits for the request's end
	n.holds(t)
}

// TestStalledUpload sends half of an upload and then nothing: it is refused, whether the node reads it or not.
func TestStalledUpload(t *testing.T) {
	n := start(t, func(cfg *blossom.Config) { cfg.Stall = 50 * time.Millisecond })
	content := blobtest.Content(6, 1000)
	for _, c := range []struct {
		auth   string
		status int
		word   string
	}{
		{token(t, member, "upload", hexSum(content)), 408, "stood still"},
		{token(t, stranger, "upload", hexSum(content)), 403, "not a member"},
	} {
		conn := n.rawUpload(t, c.auth, len(content), "")
		if _, err := conn.Write(content[:500]); err != nil {
			t.Fatal(err)
		}
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		refused(t, r, c.status, c.word)
	}
	n.Close()
	n.holds(t)
}

// TestExpectContinue checks that a refusal comes instead of "100 Continue", before a byte of the content.
func TestExpectContinue(t *testing.T) {
	n := start(t)
	content := []byte("content")
	for status, auth := range map[int]string{
		401: "Nostr e30", 403: token(t, stranger, "upload", hexSum(content)),
		100: token(t, member, "upload", hexSum(content)),
	} {
		conn := n.rawUpload(t, auth, len(content), "Expect: 100-continue\r\n")
		from := bufio.NewReader(conn)
		line, err := from.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, fmt.Sprintf("HTTP/1.1 %d ", status)) {
			t.Errorf("got %q, %v; want %d", line, err, status)
		}
	}
	conn := n.rawUpload(t, token(t, member, "upload", hexSum(content)), maxBlob+1, "Expect: 100-continue\r\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, " 413 ") {
		t.Errorf("got %q, %v; want 413", line, err)
	}
}

func TestHeadUpload(t *testing.T) {
	n := start(t)
	h := strings.Repeat("ab", 32)
	auth := token(t, member, "upload", h)
	for name, c := range map[string]struct {
		auth, hash, size string
		status           int
		word             string
	}{
		"fits":         {auth, h, "1000", 200, ""},
		"empty":        {auth, h, "0", 200, ""},
		"too large":    {auth, h, fmt.Sprint(maxBlob + 1), 413, "1 MiB"},
		"no length":    {auth, h, "", 411, "X-Content-Length"},
		"bad length":   {auth, h, "-1", 400, "X-Content-Length"},
		"no hash":      {auth, "", "1", 400, "X-SHA-256"},
		"bad hash":     {auth, strings.ToUpper(h), "1", 400, "X-SHA-256"},
		"no token":     {"", h, "1", 401, "Authorization"},
		"other's hash": {auth, strings.Repeat("cd", 32), "1", 401, "x tag"},
		"stranger":     {token(t, stranger, "upload", h), h, "1", 403, "not a member"},
	} {
		t.Run(name, func(t *testing.T) {
			r, body := n.send(t, "HEAD", "/upload", nil, "Authorization", c.auth, "X-SHA-256", c.hash,
				"X-Content-Length", c.size, "X-Content-Type", "video/mp4")
			if body != "" {
				t.Errorf("a HEAD with a body: %q", body)
			}
			refused(t, r, c.status, c.word)
		})
	}
}

func TestMirror(t *testing.T) {
	content := blobtest.Content(7, 100_000)
	h := hexSum(content)
	origin := start(t)
	origin.put(t, content, "video/mp4")
	liar := httptestServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect/" + h:
			http.Redirect(w, r, origin.URL+"/"+h, http.StatusFound)
		case "/away/" + h:
			http.Redirect(w, r, "http://192.0.2.1/"+h, http.StatusFound)
		case "/cut/" + h:
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write(content[:1000])
		default:
			_, _ = io.WriteString(w, "other content")
		}
	})
	closed := start(t)
	n := start(t, func(cfg *blossom.Config) { cfg.Open = true })
	auth := token(t, member, "upload", h)
	ask := func(n *node, auth, url string) *http.Response {
		r, _ := n.send(t, "PUT", "/mirror", strings.NewReader(`{"url":"`+url+`"}`), "Authorization", auth)
		return r
	}
	refused(t, ask(closed, auth, origin.URL+"/"+h), 403, "does not mirror")
	for name, c := range map[string]struct {
		auth, url string
		status    int
		word      string
	}{
		"no token":         {"", origin.URL + "/" + h, 401, "Authorization"},
		"stranger":         {token(t, stranger, "upload", h), origin.URL + "/" + h, 403, "not a member"},
		"other hash":       {token(t, member, "upload", hexSum(nil)), origin.URL + "/" + h, 409, "match"},
		"no hash":          {token(t, member, "upload"), origin.URL + "/" + h, 401, "x tag"},
		"not this machine": {auth, "http://192.0.2.1/" + h, 403, "own machine"},
		"redirected away":  {auth, liar + "/away/" + h, 403, "own machine"},
		"link-local":       {auth, "http://169.254.169.254/" + h, 403, "own machine"},
		"unspecified":      {auth, "http://0.0.0.0:1/" + h, 403, "own machine"},
		"a file":           {auth, "file:///etc/passwd", 400, "no http address"},
		"relative":         {auth, "/" + h, 400, "no http address"},
		"nobody there":     {auth, "http://127.0.0.1:1/" + h, 502, "reached"},
		"not found":        {auth, closed.URL + "/" + h, 502, "404"},
		"other content":    {auth, liar + "/" + h, 409, "match"},
		"cut off":          {auth, liar + "/cut/" + h, 502, "broke off"},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, ask(n, c.auth, c.url), c.status, c.word)
			n.holds(t)
		})
	}
	r, _ := n.send(t, "PUT", "/mirror", strings.NewReader("no JSON"), "Authorization", auth)
	refused(t, r, 400, "JSON")
	r, _ = n.send(t, "PUT", "/mirror", strings.NewReader(`{"url":"`+strings.Repeat("x", 70_000)), "Authorization", auth)
	refused(t, r, 413, "larger")

	for url, status := range map[string]int{origin.URL + "/" + h + ".mp4": 201} {
		if r := ask(n, auth, url); r.StatusCode != status {
			t.Errorf("%s: %d %s", url, r.StatusCode, r.Header.Get("X-Reason"))
		}
	}
	if r := ask(n, auth, liar+"/redirect/"+h); r.StatusCode != 200 {
		t.Errorf("again, by a redirect: %d %s", r.StatusCode, r.Header.Get("X-Reason"))
	}
	n.holds(t, h)
	if r, body := n.send(t, "GET", "/"+h, nil); body != string(content) || r.Header.Get("Content-Type") != "video/mp4" {
		t.Errorf("mirrored: %d bytes of %s", len(body), r.Header.Get("Content-Type"))
	}
}

// TestResetUpload: an upload that the network tears off is no fault of the node's, and its error names an address, which
// no log may hold.
func TestResetUpload(t *testing.T) {
	var log bytes.Buffer
	n := start(t, func(cfg *blossom.Config) { cfg.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	content := blobtest.Content(7, 500_000)
	conn := n.rawUpload(t, token(t, member, "upload", hexSum(content)), len(content), "Expect: 100-continue\r\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("%q, %v", line, err)
	}
	if err := conn.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	n.Close() // waits for the request's end
	if log.Len() > 0 {
		t.Errorf("logged %s", &log)
	}
}
