package wire

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"madang/internal/negentropy"
	"madang/internal/nostr"
)

// script is a relay that says what a test has it say.
type script struct {
	t      *testing.T
	events []*nostr.Event
	most   int // events of one answer
	taken  []nostr.ID

	// other answers a message instead of the script, if it returns true.
	other func(m nostr.ClientMessage, say func(string)) bool
	mu    sync.Mutex // guards taken
}

func (s *script) start() (url string) {
	s.t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		defer c.Close()
		say := func(text string) { _ = wsutil.WriteServerText(c, []byte(text)) } // it may have hung up
		say(`["AUTH","x"]`)
		for {
			frame, err := wsutil.ReadClientText(c)
			if err != nil {
				return
			}
			m, err := nostr.DecodeClientMessage(frame)
			if err != nil {
				s.t.Errorf("%v in %s", err, frame)
				return
			}
			if s.other == nil || !s.other(m, say) {
				s.answer(m, say)
			}
		}
	}))
	s.t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

func (s *script) answer(m nostr.ClientMessage, say func(string)) {
	switch m := m.(type) {
	case nostr.ReqMsg:
		var found []*nostr.Event
		for _, e := range s.events {
			if m.Filters[0].Matches(e) {
				found = append(found, e)
			}
		}
		slices.SortFunc(found, func(a, b *nostr.Event) int { return int(b.CreatedAt - a.CreatedAt) })
		for _, e := range found[:min(len(found), s.most)] {
			say(string(nostr.AppendEvent(nil, m.SubID, e.AppendJSON(nil))))
		}
		say(string(nostr.AppendEOSE(nil, m.SubID)))
	case nostr.EventMsg:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.taken = append(s.taken, m.Event.ID)
		say(string(nostr.AppendOK(nil, m.Event.ID.String(), true, "")))
	case nostr.NegOpenMsg:
		say(`["NOTICE","ERROR: bad msg: unknown cmd"]`)
	}
}

func (s *script) sync(patience time.Duration) (*node, Report, error) {
	s.t.Helper()
	here := newNode(s.t, key(1), true, nil)
	cfg := here.config()
	cfg.Patience = patience
	here.add(notes(s.t, key(10), 0, 60)...)
	r, err := Sync(s.t.Context(), cfg, Options{URL: s.start(), Filter: nostr.All(), Up: true, Down: true}, nil)
	return here, r, err
}

// Relays that do not reconcile, however they say so, are paged through.
func TestPaging(t *testing.T) {
	negErr := func(text string) func(nostr.ClientMessage, func(string)) bool {
		return func(m nostr.ClientMessage, say func(string)) bool {
			open, ok := m.(nostr.NegOpenMsg)
			if ok {
				say(string(nostr.AppendNegErr(nil, open.SubID, text)))
			}
			return ok
		}
	}
	for name, c := range map[string]struct {
		other    func(nostr.ClientMessage, func(string)) bool
		patience time.Duration
	}{
		"a notice": {nil, 20 * time.Second},
		"too big":  {negErr("blocked: this query is too big"), 20 * time.Second},
		"another version": {func(m nostr.ClientMessage, say func(string)) bool {
			_, ok := m.(nostr.NegOpenMsg)
			if ok {
				say(`["NEG-MSG","n","62"]`)
			}
			return ok
		}, 20 * time.Second},
		"silence": {func(m nostr.ClientMessage, _ func(string)) bool {
			_, ok := m.(nostr.NegOpenMsg)
			return ok
		}, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{t: t, most: 7, other: c.other}
			s.events = append(notes(t, key(10), 20, 60), notes(t, key(11), 0, 100)...)
			here, got, err := s.sync(c.patience)
			if err != nil || got != (Report{Received: 100, Sent: 20}) {
				t.Errorf("%+v, %v", got, err)
			}
			if n := len(here.has()); n != 160 {
				t.Errorf("%d events here, want 160", n)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if n := len(s.taken); n != 20 {
				t.Errorf("%d events were sent there, want 20", n)
			}
		})
	}
}

// More events of one second than a page has cannot be had; those before them can.
func TestPagingThroughOneSecond(t *testing.T) {
	s := &script{t: t, most: 5}
	for i := range byte(12) {
		s.events = append(s.events, event(t, key(11+i), 1, 1000, "at once"))
	}
	s.events = append(s.events, event(t, key(11), 1, 999, "before"))
	here, got, err := s.sync(20 * time.Second)
	if err != nil || got != (Report{Received: 6, Sent: 60}) || len(here.has()) != 66 {
		t.Errorf("%+v, %v", got, err)
	}
}

// A relay can make this side stop, and not more: no event gets in that nobody signed, or that was not asked for.
func TestHostileRelays(t *testing.T) {
	wanted, other := event(t, key(11), 1, 5, "wanted"), event(t, key(12), 1, 5, "other")
	forged := *wanted
	forged.Content = "forged"
	endless := slices.Repeat([]*nostr.Event{other}, maxAnswer)
	set := negentropy.NewSet([]negentropy.Item{{Timestamp: wanted.CreatedAt, ID: wanted.ID}})
	reconciles := func(answer func(req nostr.ReqMsg, say func(string))) func(nostr.ClientMessage, func(string)) bool {
		return func(m nostr.ClientMessage, say func(string)) bool {
			switch m := m.(type) {
			case nostr.NegOpenMsg:
				reply, err := negentropy.New(set, 0).Reconcile(m.Message)
				if err != nil {
					t.Error(err)
				}
				say(string(nostr.AppendNegMsg(nil, m.SubID, reply)))
			case nostr.NegMsgMsg:
				reply, err := negentropy.New(set, 0).Reconcile(m.Message)
				if err != nil {
					t.Error(err)
				}
				say(string(nostr.AppendNegMsg(nil, m.SubID, reply)))
			case nostr.ReqMsg:
				answer(m, say)
			default:
				return false
			}
			return true
		}
	}
	give := func(events ...*nostr.Event) func(nostr.ReqMsg, func(string)) {
		return func(m nostr.ReqMsg, say func(string)) {
			for _, e := range events {
				say(string(nostr.AppendEvent(nil, m.SubID, e.AppendJSON(nil))))
			}
			say(string(nostr.AppendEOSE(nil, m.SubID)))
		}
	}
	always := func(text string) func(nostr.ClientMessage, func(string)) bool {
		return func(_ nostr.ClientMessage, say func(string)) bool { say(text); return true }
	}
	negAlways := func(message []byte) func(nostr.ClientMessage, func(string)) bool {
		return always(string(nostr.AppendNegMsg(nil, negID, message)))
	}
	for name, c := range map[string]struct {
		other  func(nostr.ClientMessage, func(string)) bool
		report Report
		err    error // nil: none
	}{
		"honest":              {reconciles(give(wanted)), Report{Received: 1, Sent: 60}, nil},
		"twice":               {reconciles(give(wanted, wanted)), Report{Received: 1, Sent: 60}, nil},
		"not what was asked":  {reconciles(give(other, wanted)), Report{Received: 1, Sent: 60}, nil},
		"nothing":             {reconciles(give()), Report{Withheld: 1, Sent: 60}, nil},
		"something else":      {reconciles(give(other)), Report{Withheld: 1, Sent: 60}, nil},
		"forged":              {reconciles(give(&forged)), Report{Refused: 1, Sent: 60}, nil},
		"no end of events":    {reconciles(give(endless...)), Report{}, errMessage},
		"no JSON":             {always("hello"), Report{}, errMessage},
		"no negentropy":       {negAlways([]byte("a\x00")), Report{}, errMessage},
		"a message cut short": {negAlways([]byte{}), Report{}, errMessage},
		"a later version":     {negAlways([]byte{0x62}), Report{}, os.ErrDeadlineExceeded}, // a REQ gets no answer
		"not for this one":    {always(`["NEG-ERR","n","restricted: x"]`), Report{}, os.ErrDeadlineExceeded},
		"no end of a message": {always(`["NOTICE","` + strings.Repeat("x", maxMessage) + `"]`), Report{}, errMessage},
		"a refusal": {reconciles(func(m nostr.ReqMsg, say func(string)) {
			say(`["CLOSED","` + m.SubID + `","restricted: x"]`)
		}), Report{}, new(refusal)},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{t: t, most: 100, other: c.other}
			here := newNode(t, key(1), true, nil)
			here.add(notes(t, key(10), 0, 60)...)
			cfg := here.config()
			if errors.Is(c.err, os.ErrDeadlineExceeded) {
				cfg.Patience = 50 * time.Millisecond
			}
			got, err := Sync(t.Context(), cfg, Options{URL: s.start(), Filter: nostr.All(), Up: true, Down: true}, nil)
			switch want := c.err.(type) {
			case *refusal:
				if !errors.As(err, &want) {
					t.Errorf("error %v, want a refusal", err)
				}
			default:
				if !errors.Is(err, want) {
					t.Errorf("error %v, want %v", err, want)
				}
			}
			if got != c.report {
				t.Errorf("got %+v, want %+v", got, c.report)
			}
			if n, want := len(here.has()), 60+c.report.Received; n != want {
				t.Errorf("%d events here, want %d", n, want)
			}
		})
	}
}

// A relay that talks for ever, and never of what it was asked, is left.
func TestTediousRelay(t *testing.T) {
	here := newNode(t, key(1), true, nil)
	here.add(notes(t, key(10), 0, 3)...)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		defer c.Close()
		go io.Copy(io.Discard, c)
		for wsutil.WriteServerText(c, []byte(`["EOSE","of something else"]`)) == nil {
		}
	}))
	defer server.Close()
	cfg := here.config()
	cfg.Patience = 20 * time.Millisecond
	_, err := Sync(t.Context(), cfg, Options{
		URL: "ws" + strings.TrimPrefix(server.URL, "http"), Filter: nostr.All(), Down: true,
	}, nil)
	if !isTimeout(err) {
		t.Errorf("got %v", err)
	}
}

// A relay that takes nothing by an author is not sent all of it.
func TestUnwelcomeAuthor(t *testing.T) {
	s := &script{t: t, most: 100}
	var sent []nostr.ID
	s.other = func(m nostr.ClientMessage, say func(string)) bool {
		e, ok := m.(nostr.EventMsg)
		if !ok || e.Event.PubKey != key(10).PubKey() || e.Event.Kind != 1 {
			return false
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		sent = append(sent, e.Event.ID)
		say(string(nostr.AppendOK(nil, e.Event.ID.String(), false, "auth-required: only members of this node may write")))
		return true
	}
	here := newNode(t, key(1), true, nil)
	here.add(notes(t, key(10), 0, 300)...)
	here.add(event(t, key(10), 7, 1, "+"), event(t, key(11), 1, 1, "by another"))
	report, err := Sync(t.Context(), here.config(), Options{URL: s.start(), Filter: nostr.All(), Up: true}, nil)
	if err != nil || report != (Report{Sent: 2, Refused: 300}) {
		t.Errorf("%+v, %v", report, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(sent) > window {
		t.Errorf("%d events were sent, want at most %d", len(sent), window)
	}
}

// An event that is too much for the relay's connection is not sent for ever.
func TestEventThatBreaksTheConnection(t *testing.T) {
	here := newNode(t, key(1), true, nil)
	there := newNode(t, key(2), true, nil)
	large := event(t, key(10), 1, 2, strings.Repeat("x", 100<<10))
	here.add(append(notes(t, key(10), 0, 100), large)...)
	breaking := "ws" + strings.TrimPrefix(breaksOn(t, there, 64<<10).URL, "http")
	report, err := Sync(t.Context(), here.config(), Options{URL: breaking, Filter: nostr.All(), Up: true}, nil)
	if err != nil || report.Refused != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	if n := len(there.has()); n != 100 {
		t.Errorf("%d events there, want 100", n)
	}
}

// breaksOn stands before a node and breaks each connection that sends a message of more than most bytes.
func breaksOn(t *testing.T, to *node, most int) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		defer client.Close()
		relay, buffered, _, err := ws.Dial(r.Context(), to.url())
		if err != nil {
			t.Error(err)
			return
		}
		defer relay.Close()
		var answers sync.WaitGroup
		answers.Go(func() {
			if buffered != nil {
				_, _ = io.CopyN(client, buffered, int64(buffered.Buffered()))
			}
			_, _ = io.Copy(client, relay)
			client.Close()
		})
		defer answers.Wait()
		defer relay.Close()
		for {
			m, err := wsutil.ReadClientText(client)
			if err != nil || len(m) > most || wsutil.WriteClientText(relay, m) != nil {
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	return server
}
