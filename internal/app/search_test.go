package app

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/gobwas/ws/wsutil"

	"madang/internal/nostr"
)

// TestSearch: what is published is found soon after, and by the node that starts anew.
func TestSearch(t *testing.T) {
	cfg := testConfig(t.TempDir())
	cfg.Open = true
	a := open(t, cfg)
	stop := serve(t, a)
	p := connect(t, a, nostr.SecretKey{31: 7})
	p.awaitCount("ㅁㄷ", 0)
	if answer := p.ask("EVENT", p.event(nostr.KindNote, "동네 마당에서 만나요")); answer[2] != true {
		t.Fatal(answer)
	}
	p.awaitCount("ㅁㄷ", 1)
	stop()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}

	a = open(t, cfg)
	serve(t, a)
	p = connect(t, a, nostr.SecretKey{31: 7})
	p.awaitCount("마당", 1)
	metrics := fetch(t, http.DefaultClient, a.URL()+"/metrics", "")
	if !bytes.Contains(metrics, []byte("madang_search_behind_bytes 0\n")) {
		t.Errorf("the metrics do not tell how far search is behind: %s", metrics)
	}
}

// awaitCount waits until a search finds n events. Right after a start there is none yet.
func (p *phone) awaitCount(words string, n float64) {
	p.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	p.conn.SetDeadline(deadline)
	for {
		if err := wsutil.WriteClientText(p.conn, []byte(`["COUNT","c",{"search":"`+words+`"}]`)); err != nil {
			p.t.Fatal(err)
		}
		frame, err := wsutil.ReadServerText(p.line)
		if err != nil {
			p.t.Fatal(err)
		}
		if string(frame) == fmt.Sprintf(`["COUNT","c",{"count":%v}]`, n) {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("a search for %s: %s, want %v", words, frame, n)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
