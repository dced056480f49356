package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madang/internal/blob"
	"madang/internal/media"
	"madang/internal/nostr"
	"madang/internal/policy"
	"madang/internal/web/httpauth"
)

// studio is the API with a blob store and a video queue, an editor and a member.
type studio struct {
	*node
	blobs          *blob.Dir
	jobs           *media.Jobs
	editor, member nostr.SecretKey
}

func newStudio(t *testing.T, change ...func(*media.Config)) *studio {
	t.Helper()
	dir, logger := t.TempDir(), slog.New(slog.DiscardHandler)
	s := &studio{node: &node{t: t, key: newKey(t)}, editor: newKey(t), member: newKey(t)}
	var err error
	s.blobs, err = blob.OpenDir(filepath.Join(dir, "blobs"), nil)
	check(t, err)
	cfg := media.Config{Dir: filepath.Join(dir, "jobs"), Blobs: s.blobs, Logger: logger}
	for _, c := range change {
		c(&cfg)
	}
	s.jobs, err = media.Open(cfg)
	check(t, err)
	s.policy = policy.New(policy.Config{NodeKey: s.key.PubKey()})
	roster := nostr.Event{Kind: nostr.KindMembers, CreatedAt: time.Now().Unix(), Tags: nostr.Tags{
		{"member", s.editor.PubKey().String(), "editor"}, {"member", s.member.PubKey().String()},
	}}
	check(t, roster.Sign(s.key))
	s.policy.Observe(&roster)
	server := httptest.NewServer(New(Config{
		NodeKey: s.key.PubKey(), Policy: s.policy, Auth: httpauth.New(httpauth.Config{}), Media: s.jobs, Blobs: s.blobs,
		Logger: logger,
	}))
	s.url = server.URL
	t.Cleanup(func() {
		server.Close()
		check(t, errors.Join(s.jobs.Close(), s.blobs.Close()))
	})
	return s
}

func (s *studio) upload(r io.Reader, owner nostr.SecretKey) string {
	s.t.Helper()
	info, _, err := s.blobs.Put(s.t.Context(), r, blob.Put{Owner: owner.PubKey(), Max: 1 << 20})
	check(s.t, err)
	return info.Hash.String()
}

func (s *studio) ask(hash string, key *nostr.SecretKey) answer {
	s.t.Helper()
	return s.send(http.MethodPost, "/api/media", map[string]any{"sha256": hash}, key)
}

// refuses checks an answer's status and code.
func (s *studio) refuses(what string, a answer, status int, code string) {
	s.t.Helper()
	if a.status != status || a.body["error"] != code {
		s.t.Errorf("%s: %d %v, want %d %s", what, a.status, a.body, status, code)
	}
}

func TestMedia(t *testing.T) {
	s := newStudio(t)
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
		"testsrc2=size=320x240:rate=25:duration=1", "-f", "matroska", "pipe:1")
	video, err := cmd.Output()
	if err != nil {
		t.Fatalf("ffmpeg, which this test needs (apt-get install ffmpeg): %v", err)
	}
	hash := s.upload(bytes.NewReader(video), s.editor)

	if a := s.get("/api/media/" + hash); a.status != http.StatusNotFound || a.body["error"] != "not-found" {
		t.Errorf("before it was asked for: %d %v", a.status, a.body)
	}
	a := s.ask(hash, &s.editor)
	if a.status != http.StatusAccepted || a.body["source"] != hash || a.body["state"] == nil {
		t.Fatalf("%d %v", a.status, a.body)
	}
	h, err := blob.ParseHash(hash)
	check(t, err)
	_, err = s.jobs.Wait(t.Context(), h)
	check(t, err)
	a = s.get("/api/media/" + hash)
	if a.status != http.StatusOK || a.body["state"] != "done" || a.body["progress"] != 1.0 || a.body["width"] != 320.0 {
		t.Fatalf("%d %v", a.status, a.body)
	}
	text, err := json.Marshal(a.body)
	check(t, err)
	if strings.Contains(string(text), s.editor.PubKey().String()) || a.body["owner"] != nil {
		t.Errorf("whose video it is, is told to everybody: %s", text)
	}
	for _, file := range append(a.body["renditions"].([]any), a.body["poster"]) {
		name, _ := file.(map[string]any)["sha256"].(string)
		h, err := blob.ParseHash(name)
		check(t, err)
		if _, err := s.blobs.Stat(t.Context(), h); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMediaRefusals(t *testing.T) {
	s := newStudio(t)
	stranger := newKey(t)
	edited := s.upload(strings.NewReader("the editor's"), s.editor)
	members := s.upload(strings.NewReader("the member's"), s.member)
	s.refuses("no key", s.ask(edited, nil), http.StatusUnauthorized, "unauthorized")
	s.refuses("a stranger", s.ask(edited, &stranger), http.StatusForbidden, "not-allowed")
	s.refuses("a member", s.ask(members, &s.member), http.StatusForbidden, "not-allowed")
	s.refuses("another's blob", s.ask(members, &s.editor), http.StatusNotFound, "not-found")
	s.refuses("no such blob", s.ask(strings.Repeat("0", 64), &s.editor), http.StatusNotFound, "not-found")
	s.refuses("no hash", s.ask("abc", &s.editor), http.StatusBadRequest, "bad-request")
	empty := s.send(http.MethodPost, "/api/media", map[string]any{}, &s.editor)
	s.refuses("nothing", empty, http.StatusBadRequest, "bad-request")
	s.refuses("no hash in the path", s.get("/api/media/abc"), http.StatusBadRequest, "bad-request")
}

func TestMediaWithoutFFmpeg(t *testing.T) {
	s := newStudio(t, func(cfg *media.Config) { cfg.FFmpeg = filepath.Join(t.TempDir(), "ffmpeg") })
	hash := s.upload(strings.NewReader("any"), s.editor)
	s.refuses("no ffmpeg", s.ask(hash, &s.editor), http.StatusServiceUnavailable, "no-ffmpeg")
}
