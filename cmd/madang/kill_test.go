package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"madang/internal/nostr"
)

// TestKill kills a node under load again and again. Whatever it has acknowledged must be there when it is back.
func TestKill(t *testing.T) {
	const rounds = 6
	random := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	var kept acknowledged
	for round := range rounds {
		node := startProcess(t, dir)
		kept.check(t, node.address)
		node.load(&kept, 20+random.IntN(100))
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	events, blobs := len(kept.events), len(kept.blobs)
	if events < rounds || blobs < 1 {
		t.Errorf("only %d events and %d blobs were acknowledged: this tests nothing", events, blobs)
	}
	t.Logf("%d events and %d blobs were acknowledged in %d rounds", events, blobs, rounds)
	out, err := exec.Command("madang", "fsck", "--data", dir).CombinedOutput()
	if err != nil {
		t.Errorf("fsck: %v\n%s", err, out)
	}
	node := startProcess(t, dir)
	kept.check(t, node.address)
	node.kill()
}

// acknowledged is what the node has said to have.
type acknowledged struct {
	mu     sync.Mutex
	events []string
	blobs  map[string]bool
	serial int
}

// count is how much there is, and next a number that nobody got before.
func (a *acknowledged) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.events) + len(a.blobs)
}

func (a *acknowledged) next() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.serial++
	return a.serial
}

func (a *acknowledged) add(event, blob string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if event != "" {
		a.events = append(a.events, event)
	}
	if blob != "" {
		if a.blobs == nil {
			a.blobs = make(map[string]bool)
		}
		a.blobs[blob] = true
	}
}

// check asks the node for everything.
func (a *acknowledged) check(t *testing.T, address string) {
	t.Helper()
	for start := 0; start < len(a.events); start += 500 {
		want := a.events[start:min(start+500, len(a.events))]
		filter, err := json.Marshal(map[string]any{"ids": want})
		if err != nil {
			t.Fatal(err)
		}
		if got := count(t, address, string(filter)); got != len(want) {
			t.Errorf("of %d acknowledged events, %d are there", len(want), got)
		}
	}
	for hash := range a.blobs {
		r, err := http.Get("http://" + address + "/" + hash)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r.Body)
		r.Body.Close()
		if sum := sha256.Sum256(content); err != nil || hex.EncodeToString(sum[:]) != hash {
			t.Errorf("blob %s: %s, %d bytes, %v", hash, r.Status, len(content), err)
		}
	}
}

// socket is a plain connection to the relay.
type socket struct{ io.ReadWriteCloser }

func dial(address string) (socket, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, early, _, err := ws.Dial(ctx, "ws://"+address)
	if err != nil {
		return socket{}, err
	}
	conn.SetDeadline(time.Now().Add(time.Minute))
	if early == nil {
		return socket{conn}, nil
	}
	return socket{struct {
		io.Reader
		io.Writer
		io.Closer
	}{early, conn, conn}}, nil
}

// ask sends a message and returns the parts of the first answer with one of these labels.
func (s socket) ask(message string, labels ...string) ([]json.RawMessage, error) {
	if err := wsutil.WriteClientText(s, []byte(message)); err != nil {
		return nil, err
	}
	for {
		answer, err := wsutil.ReadServerText(s)
		if err != nil {
			return nil, err
		}
		var parts []json.RawMessage
		if err := json.Unmarshal(answer, &parts); err != nil {
			return nil, err
		}
		for _, label := range labels {
			if string(parts[0]) == `"`+label+`"` {
				return parts, nil
			}
		}
	}
}

func count(t *testing.T, address, filter string) int {
	t.Helper()
	s, err := dial(address)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	parts, err := s.ask(`["COUNT","c",`+filter+`]`, "COUNT", "CLOSED")
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Count int }
	if err := json.Unmarshal(parts[2], &answer); err != nil {
		t.Fatalf("%s: %v", parts, err)
	}
	return answer.Count
}

// process is a node of its own.
type process struct {
	t       *testing.T
	cmd     *exec.Cmd
	stderr  log
	address string
}

var listening = regexp.MustCompile(`listening on ([0-9.:]+)\)`)

// log is what a process has said so far.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (p *process) said() string { return p.stderr.String() }

func startProcess(t *testing.T, dir string) *process {
	t.Helper()
	return startCommand(t, exec.Command("madang", "serve", "--data", dir, "--listen", "127.0.0.1:0", "--open"))
}

func startCommand(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd}
	p.cmd.Stderr = &p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			p.kill()
		}
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			p.address = found[1]
			return p
		}
	}
	t.Fatalf("the node did not start:\n%s", &p.stderr)
	return nil
}

func (p *process) kill() {
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Error(err)
	}
	_ = p.cmd.Wait() // it was killed, and says so
}

// load writes events and uploads blobs until the node has acknowledged n more, and kills it in the middle of the rest.
func (p *process) load(kept *acknowledged, n int) {
	enough := kept.count() + n
	reached := make(chan struct{})
	var once sync.Once
	took := func(event, blob string) {
		kept.add(event, blob)
		if kept.count() >= enough {
			once.Do(func() { close(reached) })
		}
	}
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() { p.writeEvents(kept, took) })
	}
	for range 2 {
		running.Go(func() { p.uploadBlobs(kept, took) })
	}
	all := make(chan struct{})
	go func() {
		running.Wait()
		close(all)
	}()
	select {
	case <-reached:
	case <-all:
		p.t.Errorf("the node went away by itself:\n%s", &p.stderr)
	}
	p.kill()
	<-all
}

var testKey = nostr.SecretKey{31: 9}

// writeEvents goes on until the connection breaks.
func (p *process) writeEvents(kept *acknowledged, took func(event, blob string)) {
	s, err := dial(p.address)
	if err != nil {
		p.t.Error(err)
		return
	}
	defer s.Close()
	for p.writeEvent(s, kept, took) {
	}
}

// writeEvent reports whether one more event was taken.
func (p *process) writeEvent(s socket, kept *acknowledged, took func(event, blob string)) bool {
	e := &nostr.Event{Kind: nostr.KindNote, CreatedAt: 1_700_000_000, Content: fmt.Sprint("note ", kept.next())}
	if err := e.Sign(testKey); err != nil {
		p.t.Error(err)
		return false
	}
	parts, err := s.ask(`["EVENT",`+string(e.AppendJSON(nil))+`]`, "OK")
	if err != nil {
		return false
	}
	if string(parts[2]) != "true" {
		p.t.Errorf("refused: %s", parts)
		return false
	}
	took(e.ID.String(), "")
	return true
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// uploadBlobs goes on until the node is gone.
func (p *process) uploadBlobs(kept *acknowledged, took func(event, blob string)) {
	for {
		serial := kept.next()
		content := []byte(strings.Repeat(fmt.Sprintf("blob %d\n", serial), 1+serial%5000))
		hash := hashOf(content)
		status, err := p.upload(content, hash)
		if err != nil {
			return
		}
		if status != http.StatusCreated {
			p.t.Errorf("an upload was answered by %d", status)
			return
		}
		took("", hash)
	}
}

func (p *process) upload(content []byte, hash string) (status int, err error) {
	now := time.Now().Unix()
	token := &nostr.Event{Kind: nostr.KindBlossomAuth, CreatedAt: now, Content: "upload", Tags: nostr.Tags{
		{"t", "upload"}, {"x", hash}, {"expiration", fmt.Sprint(now + 60)},
	}}
	if err := token.Sign(testKey); err != nil {
		return 0, err
	}
	r, err := http.NewRequest("PUT", "http://"+p.address+"/upload", bytes.NewReader(content))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Nostr "+base64.StdEncoding.EncodeToString(token.AppendJSON(nil)))
	r.Header.Set("Content-Type", "text/plain")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, errors.Join(err, answer.Body.Close())
}
