package app

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"madang/internal/account"
	"madang/internal/eventlog"
	"madang/internal/nostr"
	"madang/internal/policy"
)

// wall is a machine's clock that can be set and goes on.
type wall struct{ ahead atomic.Int64 }

func (w *wall) now() time.Time  { return time.Now().Add(time.Duration(w.ahead.Load())) }
func (w *wall) set(t time.Time) { w.ahead.Store(int64(time.Until(t))) }
func (w *wall) config(dir string) Config {
	cfg := testConfig(dir)
	cfg.Now = w.now
	return cfg
}

// phone speaks with a node as a Nostr client does, and dates what it writes by its own clock.
type phone struct {
	t    *testing.T
	a    *App
	key  nostr.SecretKey
	conn net.Conn
	line io.ReadWriter // conn, and what was read of it early
}

// connect answers the relay's challenge.
func connect(t *testing.T, a *App, key nostr.SecretKey) *phone {
	t.Helper()
	conn, early, _, err := ws.Dial(t.Context(), "ws://"+a.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	p := &phone{t: t, a: a, key: key, conn: conn, line: conn}
	if early != nil { // what came with the answer to the upgrade
		p.line = struct {
			io.Reader
			io.Writer
		}{early, conn}
	}
	challenge := p.read("AUTH")[1].(string)
	e := p.event(nostr.KindAuth, "", nostr.Tag{"relay", "ws://" + a.Addr().String()}, nostr.Tag{"challenge", challenge})
	if answer := p.ask("AUTH", e); answer[2] != true {
		t.Fatalf("AUTH: %v", answer)
	}
	return p
}

func (p *phone) event(kind uint16, content string, tags ...nostr.Tag) *nostr.Event {
	return p.eventAt(time.Now(), kind, content, tags...)
}

func (p *phone) eventAt(at time.Time, kind uint16, content string, tags ...nostr.Tag) *nostr.Event {
	p.t.Helper()
	e := &nostr.Event{Kind: kind, CreatedAt: at.Unix(), Content: content, Tags: tags}
	if err := e.Sign(p.key); err != nil {
		p.t.Fatal(err)
	}
	return e
}

// ask sends an event and returns the relay's OK.
func (p *phone) ask(label string, e *nostr.Event) []any {
	p.t.Helper()
	if err := wsutil.WriteClientText(p.conn, []byte(`["`+label+`",`+string(e.AppendJSON(nil))+`]`)); err != nil {
		p.t.Fatal(err)
	}
	return p.read("OK")
}

// read waits for a message of this label and passes over others.
func (p *phone) read(label string) []any {
	p.t.Helper()
	p.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		frame, err := wsutil.ReadServerText(p.line)
		if err != nil {
			p.t.Fatalf("waiting for %s: %v", label, err)
		}
		var m []any
		if err := json.Unmarshal(frame, &m); err != nil {
			p.t.Fatal(err)
		}
		if m[0] == label {
			return m
		}
	}
}

// send writes a letter in a gift wrap, dated as told.
func (p *phone) send(at time.Time, to *phone, text string) {
	p.t.Helper()
	wrap := p.eventAt(at, nostr.KindGiftWrap, text, nostr.Tag{"p", to.key.PubKey().String()})
	if answer := p.ask("EVENT", wrap); answer[2] != true {
		p.t.Errorf("%s: %v", text, answer)
	}
}

// letters are what a phone finds in its inbox.
func (p *phone) letters() (texts []string) {
	p.t.Helper()
	req := `["REQ","inbox",{"kinds":[1059],"#p":["` + p.key.PubKey().String() + `"]}]`
	if err := wsutil.WriteClientText(p.conn, []byte(req)); err != nil {
		p.t.Fatal(err)
	}
	for {
		frame, err := wsutil.ReadServerText(p.line)
		if err != nil {
			p.t.Fatal(err)
		}
		var m []any
		if err := json.Unmarshal(frame, &m); err != nil {
			p.t.Fatal(err)
		}
		switch m[0] {
		case "EVENT":
			texts = append(texts, m[2].(map[string]any)["content"].(string))
		case "EOSE":
			return texts
		}
	}
}

// api asks the node's API; a body is signed.
func (p *phone) api(method, path string, body any) (answer map[string]any) {
	p.t.Helper()
	url, text := "http://"+p.a.Addr().String()+path, []byte(nil)
	if body != nil {
		text, _ = json.Marshal(body)
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(text))
	if err != nil {
		p.t.Fatal(err)
	}
	if body != nil {
		sum := sha256.Sum256(text)
		e := p.event(nostr.KindHTTPAuth, "", nostr.Tag{"u", url}, nostr.Tag{"method", method},
			nostr.Tag{"payload", hex.EncodeToString(sum[:])})
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Nostr "+base64.StdEncoding.EncodeToString(e.AppendJSON(nil)))
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || r.StatusCode/100 != 2 {
		p.t.Fatalf("%s %s: %s %v %v", method, path, r.Status, answer, err)
	}
	date, err := http.ParseTime(r.Header.Get("Date"))
	if off := p.a.Clock.Now().Sub(date).Abs(); method == "GET" && (err != nil || off > time.Minute) {
		p.t.Errorf("the header Date is %v off the node's time: %v", off, err)
	}
	return answer
}

// arrivals checks that the log's times never decrease, and returns how many records there are.
func arrivals(t *testing.T, a *App) (n int) {
	t.Helper()
	last := int64(0)
	err := a.Log.Scan(t.Context(), 0, func(r eventlog.Record) error {
		if r.Received < last {
			t.Errorf("the record at %d was received at %d, after one received at %d", r.Pos, r.Received, last)
		}
		n, last = n+1, r.Received
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestANodeThatBootsIn1970(t *testing.T) {
	dir, machine, boot := t.TempDir(), new(wall), time.Unix(20, 0)
	operator, member := nostr.SecretKey{31: 5}, nostr.SecretKey{31: 6}
	var a *App
	var op, me *phone
	start := func(at time.Time) (end func()) {
		machine.set(at)
		a = open(t, machine.config(dir))
		stop := serve(t, a)
		op, me = connect(t, a, operator), connect(t, a, member)
		return func() {
			op.conn.Close()
			me.conn.Close()
			stop()
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}

	// The first operator joins and lets somebody in, and mail is exchanged, by phones that know the time and from
	// people who do not.
	end := start(boot)
	link, err := a.FirstInvite()
	if err != nil {
		t.Fatal(err)
	}
	join := func(p *phone, code string) {
		t.Helper()
		e := p.eventAt(a.Clock.Now(), nostr.KindJoin, "", nostr.Tag{"-"}, nostr.Tag{"claim", code})
		if answer := p.ask("EVENT", e); answer[2] != true {
			t.Fatalf("joining: %v", answer)
		}
	}
	join(op, link[strings.LastIndex(link, "/")+1:])
	if got := op.api("GET", "/api/node", nil)["clock"]; got != "unknown" {
		t.Errorf("the node's clock in 1970: %v", got)
	}
	machine.set(boot.AddDate(0, 1, 0)) // a month passes at once: the clock is wrong, and not even steady
	code, err := a.Accounts.CreateInvite(account.Invite{Role: policy.Member})
	if err != nil {
		t.Fatal(err)
	}
	join(me, code)
	today := time.Now()
	op.send(today, me, "first")
	me.send(boot, op, "from a phone that does not know the time either")
	op.send(today.AddDate(0, 0, -2), me, "dated back, as wraps are")
	end()

	// The power goes, and it is 1970 again, a month before what was stored.
	end = start(boot)
	if now, newest := a.Clock.Now(), boot.AddDate(0, 1, 0); now.Before(newest) {
		t.Errorf("time has run back to %v", now)
	}
	op.send(today, me, "second")
	if got := len(me.letters()); got != 3 {
		t.Errorf("%d letters have come, want 3", got)
	}

	// The operator's phone sets the clock.
	told := op.api("GET", "/api/clock", nil)
	set := op.api("POST", "/api/clock", map[string]any{
		"time": time.Now().UnixMilli(), "challenge": told["challenge"],
	})
	if set["known"] != true || time.Until(a.Clock.Now()).Abs() > time.Minute {
		t.Errorf("after setting the clock: %v", set)
	}
	if answer := me.ask("EVENT", me.eventAt(today.AddDate(1, 0, 0), nostr.KindNote, "")); answer[2] != false {
		t.Errorf("from the future, now that the time is known: %v", answer)
	}
	op.send(time.Now(), me, "third")
	me.send(time.Now().AddDate(-10, 0, 0), op, "ten years late")
	end()

	// In 1970 again, what was stored tells that it is later. (The file names the run of the machine in which the clock
	// was set, which for a new one is another.)
	file := filepath.Join(dir, "clock.json")
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	kept = regexp.MustCompile(`"boot": "[^"]*"`).ReplaceAll(kept, []byte(`"boot": "an earlier run"`))
	if err := os.WriteFile(file, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	end = start(boot)
	if late := today.Sub(a.Clock.Now()); late > time.Minute || a.Clock.Known() {
		t.Errorf("time has run back by %v; known: %v", late, a.Clock.Known())
	}
	op.send(time.Now(), me, "fourth")

	// A time server is reached.
	machine.set(today.AddDate(0, 0, 1))
	if now := a.Clock.Now(); now.Before(today.AddDate(0, 0, 1)) || !a.Clock.Known() {
		t.Errorf("with a time server: %v", now)
	}
	op.send(today.AddDate(0, 0, 1), me, "fifth")
	if got := len(me.letters()); got != 6 {
		t.Errorf("%d letters have come, want 6", got)
	}
	if got := len(op.letters()); got != 2 {
		t.Errorf("%d letters have come to the operator, want 2", got)
	}
	if n := arrivals(t, a); n < 8 {
		t.Errorf("%d records", n)
	}
	end()
	found, err := Check(t.Context(), dir, testConfig(dir).Logger, Watch{
		Problem: func(s string) { t.Error(s) }, Step: func(string, int64) {}, Progress: func(int64) {},
	})
	if err != nil || found.Problems > 0 {
		t.Errorf("fsck: %+v, %v", found, err)
	}
}

func TestTheTimeForInvites(t *testing.T) {
	dir, machine := t.TempDir(), new(wall)
	a := open(t, machine.config(dir))
	stored := a.Clock.Now()
	stop := serve(t, a)
	machine.set(time.Unix(20, 0))
	for _, state := range []string{"serving", "stopped"} {
		now, err := NodeTime(t.Context(), machine.config(dir))
		if err != nil || now.Before(stored.Add(-time.Second)) || now.After(stored.Add(time.Hour)) {
			t.Errorf("%s: %v, %v, want about %v", state, now, err, stored)
		}
		stop()
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
