package app

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"madang/internal/index"
	"madang/internal/nostr"
	"madang/internal/policy"
	"madang/internal/web"
)

// manager calls NIP-86 with a key.
type manager struct {
	t   *testing.T
	a   *App
	key nostr.SecretKey
}

// call returns the status, and result and error of the answer. change may spoil the request.
func (m manager) call(change func(*http.Request), method string, params ...any) (
	status int, result any, problem string) {
	m.t.Helper()
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"method": method, "params": params})
	if err != nil {
		m.t.Fatal(err)
	}
	sum := sha256.Sum256(body)
	auth := &nostr.Event{Kind: nostr.KindHTTPAuth, CreatedAt: time.Now().Unix(), Tags: nostr.Tags{
		{"u", strings.Replace(m.a.URL(), "http", "ws", 1)}, {"method", "POST"},
		{"payload", hex.EncodeToString(sum[:])}, {"nonce", method, time.Now().String()}, // each is taken once
	}}
	if err := auth.Sign(m.key); err != nil {
		m.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(m.t.Context(), "POST", m.a.URL()+"/", bytes.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/nostr+json+rpc")
	r.Header.Set("Authorization", "Nostr "+base64.StdEncoding.EncodeToString(auth.AppendJSON(nil)))
	if change != nil {
		change(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Access-Control-Allow-Origin"); got != "*" {
		m.t.Errorf("%s: Access-Control-Allow-Origin %q", method, got)
	}
	var answer struct {
		Result any
		Error  string
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		m.t.Fatalf("%s: %s, %v", method, resp.Status, err)
	}
	return resp.StatusCode, answer.Result, answer.Error
}

// must calls and wants this result.
func (m manager) must(want any, method string, params ...any) {
	m.t.Helper()
	if status, result, problem := m.call(nil, method, params...); status != 200 || problem != "" ||
		want != nil && !reflect.DeepEqual(result, want) {
		m.t.Fatalf("%s: %d %v, %q, want %v", method, status, result, problem, want)
	}
}

// refused calls and wants an error with this word in it.
func (m manager) refused(word, method string, params ...any) {
	m.t.Helper()
	if _, result, problem := m.call(nil, method, params...); result != nil || !strings.Contains(problem, word) {
		m.t.Errorf("%s: %v, %q, want an error with %q", method, result, problem, word)
	}
}

func reason(kind, value, text string) map[string]any {
	return map[string]any{kind: value, "reason": text}
}

// TestManage goes through what an operator can do by NIP-86: it is done, public, and outlives a restart.
func TestManage(t *testing.T) {
	cfg := testConfig(t.TempDir())
	a := open(t, cfg)
	stop := serve(t, a)
	key := func(i byte) nostr.SecretKey { return nostr.SecretKey{31: i} }
	operator, editor, member := key(1), key(2), key(3)
	for pk, role := range map[nostr.PubKey]policy.Role{
		operator.PubKey(): policy.Operator, editor.PubKey(): policy.Editor, member.PubKey(): policy.Member,
	} {
		if err := a.Accounts.Admit(t.Context(), pk); err != nil {
			t.Fatal(err)
		}
		if err := a.Accounts.SetRole(t.Context(), pk, role); err != nil {
			t.Fatal(err)
		}
	}
	publish := func(sk nostr.SecretKey, kind uint16, content string, tags ...nostr.Tag) *nostr.Event {
		t.Helper()
		e := &nostr.Event{Kind: kind, CreatedAt: time.Now().Unix(), Content: content, Tags: tags}
		if err := e.Sign(sk); err != nil {
			t.Fatal(err)
		}
		if r := a.Ingest.Submit(t.Context(), e, policy.Writer{Road: policy.Live}); !r.OK {
			t.Fatal(r.Message)
		}
		return e
	}
	hidden := func(e *nostr.Event) bool {
		f := nostr.All()
		f.IDs = []nostr.ID{e.ID}
		visible := func(e *nostr.Event) bool { return a.Policy.MayRead(e, nil) }
		n, err := a.Index.Count(t.Context(), index.Query{Filters: []nostr.Filter{f}, Visible: visible})
		if err != nil {
			t.Fatal(err)
		}
		return n == 0
	}
	note := publish(member, nostr.KindNote, "spam")
	article := publish(editor, nostr.KindArticle, "text", nostr.Tag{"d", "x"}, nostr.Tag{"title", "The bridge is closed"})
	publish(member, 1984, "look", nostr.Tag{"e", article.ID.String(), "spam"}, nostr.Tag{"e", note.ID.String()})

	op := manager{t, a, operator}
	for name, status := range map[string]struct {
		by     nostr.SecretKey
		want   int
		change func(*http.Request)
	}{
		"an editor":                {editor, 403, nil},
		"a stranger":               {key(9), 403, nil},
		"the node's own key":       {a.NodeKey, 200, nil},
		"no signature":             {operator, 401, func(r *http.Request) { r.Header.Del("Authorization") }},
		"nonsense for a signature": {operator, 401, func(r *http.Request) { r.Header.Set("Authorization", "Nostr x") }},
		"another body": {operator, 401, func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(`{"method":"banpubkey","params":[]}`))
			r.ContentLength = 34
		}},
		"a body without an end": {operator, 413, func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat("x", 70<<10))), -1
		}},
	} {
		if got, _, problem := (manager{t, a, status.by}).call(status.change, "supportedmethods"); got != status.want {
			t.Errorf("%s: %d %s, want %d", name, got, problem, status.want)
		}
	}
	_, methods, _ := op.call(nil, "supportedmethods")
	names, _ := methods.([]any)
	if !slices.Contains(names, any("banpubkey")) || slices.Contains(names, any("blockip")) {
		t.Errorf("methods %v", methods)
	}
	for _, m := range []string{"blockip", "disallowkind", "listblockedips", "createrole", "", "nonsense"} {
		op.refused("unsupported", m)
	}

	// Reports, then bans.
	op.must([]any{reason("id", article.ID.String(), "spam: look"), reason("id", note.ID.String(), "look")},
		"listeventsneedingmoderation")
	page := func() string { return string(fetch(t, http.DefaultClient, a.URL()+"/news", "")) }
	if !strings.Contains(page(), "The bridge is closed") {
		t.Error("/news lacks the article")
	}
	op.must(true, "banevent", article.ID.String(), "untrue")
	op.must([]any{reason("id", note.ID.String(), "look")}, "listeventsneedingmoderation")
	op.must([]any{reason("id", article.ID.String(), "untrue")}, "listbannedevents")
	if !hidden(article) || strings.Contains(page(), "The bridge is closed") {
		t.Error("a banned event is still served")
	}
	op.must(true, "banpubkey", member.PubKey().String(), "spam")
	op.must([]any{reason("pubkey", member.PubKey().String(), "spam")}, "listbannedpubkeys")
	if !hidden(note) {
		t.Error("a banned author is still served")
	}
	list := find(t, a, nostr.Filter{Kinds: []uint16{nostr.KindMuteList}, Until: nostr.All().Until, Limit: -1})
	if len(list) != 1 || list[0].PubKey != a.NodeKey.PubKey() || hidden(list[0]) {
		t.Errorf("the bans are not public: %v", list)
	}
	op.refused("operator", "banpubkey", operator.PubKey().String())
	op.refused("node", "banevent", list[0].ID.String())
	upper := strings.ToUpper(member.PubKey().String())
	for _, bad := range []any{"", "x", strings.Repeat("0", 64), upper, 5, nil, []any{}} {
		op.refused("first parameter", "banpubkey", bad)
		op.refused("first parameter", "banevent", bad)
	}
	op.refused("too long", "banpubkey", member.PubKey().String(), strings.Repeat("x", 301))
	op.refused("first parameter", "banpubkey")

	// Members and roles.
	guest := key(4).PubKey()
	op.must(true, "allowpubkey", guest.String())
	op.must(true, "allowpubkey", guest.String())
	op.must(true, "assignrole", guest.String(), "editor")
	if got := a.Policy.Role(guest); got != policy.Editor {
		t.Errorf("role %v", got)
	}
	if _, result, _ := op.call(nil, "listallowedpubkeys"); len(result.([]any)) != 4 ||
		!slices.ContainsFunc(result.([]any), func(line any) bool {
			return reflect.DeepEqual(line, any(reason("pubkey", guest.String(), "editor")))
		}) {
		t.Errorf("allowed: %v", result)
	}
	op.must(true, "unassignrole", guest.String(), "editor")
	op.must(true, "unallowpubkey", guest.String())
	op.refused("not a member", "unallowpubkey", guest.String())
	op.refused("last operator", "unassignrole", operator.PubKey().String(), "operator")
	op.refused("roles here", "assignrole", guest.String(), "king")
	if got := a.Policy.Role(guest); got != policy.Stranger {
		t.Errorf("role %v", got)
	}

	// What the node says of itself.
	op.must(true, "changerelayname", "항구")
	op.must(true, "changerelaydescription", "By the sea.")
	op.must(true, "changerelayicon", "http://box.lan/icon.png")
	op.refused("one line", "changerelayname", " ")
	op.refused("one line", "changerelayname", "a\nb")
	op.refused("http", "changerelayicon", "javascript:alert(1)")
	look := func(a *App) {
		t.Helper()
		var info web.Info
		if err := json.Unmarshal(fetch(t, http.DefaultClient, a.URL()+"/", "application/nostr+json"), &info); err != nil {
			t.Fatal(err)
		}
		if info.Name != "항구" || info.Description != "By the sea." || info.Icon != "http://box.lan/icon.png" {
			t.Errorf("NIP-11 says %+v", info)
		}
		profile := find(t, a, nostr.Filter{
			Authors: []nostr.PubKey{a.NodeKey.PubKey()}, Kinds: []uint16{0}, Until: nostr.All().Until, Limit: -1,
		})
		const want = `{"name":"항구","about":"By the sea.","picture":"http://box.lan/icon.png"}`
		if len(profile) != 1 || profile[0].Content != want {
			t.Errorf("the profile says %v", profile)
		}
		if got := string(fetch(t, http.DefaultClient, a.URL()+"/api/node", "")); !strings.Contains(got, `"name":"항구"`) {
			t.Errorf("the API says %s", got)
		}
	}
	look(a)

	stop()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	a = open(t, cfg)
	serve(t, a)
	op.a = a
	look(a)
	if !hidden(article) || !hidden(note) {
		t.Error("after a restart the bans are forgotten")
	}
	op.must(true, "unbanpubkey", member.PubKey().String())
	op.must(true, "allowevent", article.ID.String())
	op.must([]any{}, "listbannedpubkeys")
	op.must([]any{}, "listbannedevents")
	if hidden(article) || hidden(note) || !strings.Contains(page(), "The bridge is closed") {
		t.Error("what is no longer banned is not served")
	}
}
