package blossom_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madang/internal/blob"
	"madang/internal/blob/blobtest"
	"madang/internal/nostr"
	"madang/internal/web/blossom"
	"madang/internal/web/httpauth"
)

// In these tests a member may upload blobs of up to maxBlob bytes, and quota bytes in all.
const (
	maxBlob = 1 << 20
	quota   = 3 << 20
)

var member, other, stranger = nostr.SecretKey{31: 1}, nostr.SecretKey{31: 2}, nostr.SecretKey{31: 3}

type node struct {
	*httptest.Server
	dir   string
	blobs *blob.Dir
}

func mayUpload(pk nostr.PubKey, size, used int64) error {
	switch {
	case pk == stranger.PubKey():
		return errors.New("restricted: not a member")
	case size > maxBlob:
		return errors.New("restricted: a blob may have 1 MiB")
	case size+used > quota:
		return errors.New("restricted: your room is used up")
	}
	return nil
}

func start(t *testing.T, change ...func(*blossom.Config)) *node {
	t.Helper()
	n := &node{dir: t.TempDir()}
	var err error
	if n.blobs, err = blob.OpenDir(n.dir, nil); err != nil {
		t.Fatal(err)
	}
	cfg := blossom.Config{
		Blobs: n.blobs, Auth: httpauth.New(httpauth.Config{}), MayUpload: mayUpload,
		Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	for _, c := range change {
		c(&cfg)
	}
	server := blossom.New(cfg)
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !blossom.Owns(r.URL.Path) {
			http.Error(w, "the app's", http.StatusTeapot)
			return
		}
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(n.Close)
	return n
}

func (n *node) put(t *testing.T, content []byte, mimeType string) blob.Info {
	t.Helper()
	info, _, err := n.blobs.Put(t.Context(), bytes.NewReader(content), blob.Put{
		Type: mimeType, Owner: member.PubKey(), Max: 1 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func hexSum(content []byte) string { return blob.Hash(sha256.Sum256(content)).String() }

// token is an Authorization header for a verb and some blobs.
func token(t *testing.T, sk nostr.SecretKey, verb string, hashes ...string) string {
	t.Helper()
	e := nostr.Event{Kind: nostr.KindBlossomAuth, CreatedAt: time.Now().Unix(), Content: verb}
	e.Tags = nostr.Tags{{"t", verb}, {"expiration", fmt.Sprint(time.Now().Unix() + 300)}}
	for _, h := range hashes {
		e.Tags = append(e.Tags, nostr.Tag{"x", h})
	}
	if err := e.Sign(sk); err != nil {
		t.Fatal(err)
	}
	return "Nostr " + base64.RawURLEncoding.EncodeToString(e.AppendJSON(nil))
}

// send makes a request; headers are name, value, name, value…
func (n *node) send(t *testing.T, method, path string, body io.Reader, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, n.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := n.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(data)
}

// refused checks the status and that X-Reason holds a word.
func refused(t *testing.T, r *http.Response, status int, word string) {
	t.Helper()
	if r.StatusCode != status || !strings.Contains(r.Header.Get("X-Reason"), word) {
		t.Errorf("status %d, X-Reason %q; want %d with %q", r.StatusCode, r.Header.Get("X-Reason"), status, word)
	}
	if r.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("a refusal without Access-Control-Allow-Origin")
	}
}

// holds checks that the node's disk holds exactly these blobs and nothing half done.
func (n *node) holds(t *testing.T, hashes ...string) {
	t.Helper()
	want := make(map[string]bool)
	for _, h := range hashes {
		want[filepath.Join(n.dir, h[:2], h[2:])] = true
		want[filepath.Join(n.dir, h[:2], h[2:]+".json")] = true
	}
	err := filepath.Walk(n.dir, func(path string, st os.FileInfo, err error) error {
		if err == nil && !st.IsDir() {
			if !want[path] {
				t.Errorf("left on the disk: %s", path)
			}
			delete(want, path)
		}
		return err
	})
	if err != nil || len(want) > 0 {
		t.Errorf("not on the disk: %v, %v", want, err)
	}
}

type descriptor struct {
	URL      string
	SHA256   string
	Size     int64
	Type     string
	Uploaded int64
}

func decode[T any](t *testing.T, body string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	return v
}

// TestOwns: a hash in capitals is ours too, to be refused with a reason.
func TestOwns(t *testing.T) {
	h := strings.Repeat("0a", 32)
	for path, want := range map[string]bool{
		"/upload": true, "/mirror": true, "/list/" + h: true, "/" + h: true, "/" + h + ".mp4": true,
		"/": false, "/uploads": false, "/" + strings.ToUpper(h): true, "/" + h + "0": false, "/news": false,
		"/" + h + "/x": false, "/list": false,
	} {
		if blossom.Owns(path) != want {
			t.Errorf("Owns(%q) = %v", path, !want)
		}
	}
}

func TestPreflight(t *testing.T) {
	n := start(t)
	zeros := strings.Repeat("0", 64)
	for _, path := range []string{"/upload", "/mirror", "/list/" + zeros, "/" + zeros} {
		r, _ := n.send(t, "OPTIONS", path, nil, "Origin", "http://elsewhere", "Access-Control-Request-Method", "PUT")
		h := r.Header
		if r.StatusCode != 204 || h.Get("Access-Control-Allow-Origin") != "*" ||
			h.Get("Access-Control-Allow-Headers") != "Authorization, *" ||
			h.Get("Access-Control-Allow-Methods") != "GET, HEAD, PUT, DELETE" {
			t.Errorf("%s: %d %v", path, r.StatusCode, h)
		}
		r, _ = n.send(t, "PATCH", path, nil)
		refused(t, r, 405, "takes")
	}
}

func TestDelete(t *testing.T) {
	n := start(t)
	content := []byte("to be deleted")
	h := hexSum(content)
	n.put(t, content, "")

	r, _ := n.send(t, "DELETE", "/"+h, nil)
	refused(t, r, 401, "Authorization")
	r, _ = n.send(t, "DELETE", "/"+h, nil, "Authorization", token(t, member, "upload", h))
	refused(t, r, 401, "delete")
	r, _ = n.send(t, "DELETE", "/"+h, nil, "Authorization", token(t, member, "delete"))
	refused(t, r, 401, "x tag")
	r, _ = n.send(t, "DELETE", "/"+h, nil, "Authorization", token(t, member, "delete", hexSum(nil)))
	refused(t, r, 401, "x tag")
	r, _ = n.send(t, "DELETE", "/"+h, nil, "Authorization", token(t, other, "delete", h))
	refused(t, r, 403, "who uploaded")
	n.holds(t, h)

	second := n.put(t, []byte("stays"), "").Hash.String()
	r, _ = n.send(t, "DELETE", "/"+h+".txt", nil, "Authorization", token(t, member, "delete", second, h))
	if r.StatusCode != 204 {
		t.Errorf("the owner's delete: %d %s", r.StatusCode, r.Header.Get("X-Reason"))
	}
	n.holds(t, second) // a token that names more deletes no more
	r, _ = n.send(t, "DELETE", "/"+h, nil, "Authorization", token(t, member, "delete", h))
	refused(t, r, 404, "no such blob")
}

func TestList(t *testing.T) {
	n := start(t)
	var all []string
	for i := range 7 {
		all = append(all, n.put(t, blobtest.Content(uint64(i), 100), "image/png").Hash.String())
	}
	path := "/list/" + member.PubKey().String()
	mine := token(t, member, "list")
	seen := make(map[string]bool)
	for cursor := ""; ; {
		r, body := n.send(t, "GET", path+"?limit=3"+cursor, nil, "Authorization", mine)
		if r.StatusCode != 200 {
			t.Fatalf("%d %s", r.StatusCode, r.Header.Get("X-Reason"))
		}
		page := decode[[]descriptor](t, body)
		if len(page) == 0 {
			break
		}
		for _, d := range page {
			if seen[d.SHA256] || d.URL != n.URL+"/"+d.SHA256+".png" || d.Size != 100 || d.Type != "image/png" {
				t.Errorf("descriptor %+v", d)
			}
			seen[d.SHA256] = true
		}
		cursor = "&cursor=" + page[len(page)-1].SHA256
	}
	if len(seen) != len(all) {
		t.Errorf("%d blobs listed of %d", len(seen), len(all))
	}
	if _, body := n.send(t, "GET", path+"?limit=0", nil, "Authorization", mine); body != "[]" {
		t.Errorf("no blobs are %s", body)
	}
	for query, word := range map[string]string{
		"?limit=x": "limit", "?limit=-1": "limit", "?cursor=x": "cursor", "?cursor=" + hexSum(nil): "cursor",
	} {
		r, _ := n.send(t, "GET", path+query, nil, "Authorization", mine)
		refused(t, r, 400, word)
	}
	r, _ := n.send(t, "GET", path, nil)
	refused(t, r, 401, "Authorization")
	r, _ = n.send(t, "GET", path, nil, "Authorization", token(t, other, "list"))
	refused(t, r, 403, "who uploaded")
	r, _ = n.send(t, "GET", "/list/alice", nil)
	refused(t, r, 400, "public key")

	public := start(t, func(cfg *blossom.Config) { cfg.Open = true })
	h := public.put(t, []byte("x"), "").Hash.String()
	r, body := public.send(t, "GET", path, nil)
	if page := decode[[]descriptor](t, body); r.StatusCode != 200 || len(page) != 1 || page[0].SHA256 != h {
		t.Errorf("on an open node: %d %s", r.StatusCode, body)
	}
}

func httptestServer(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return s.URL
}
