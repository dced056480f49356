package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"madang/internal/account"
	"madang/internal/nostr"
	"madang/internal/policy"
)

func TestNode(t *testing.T) {
	n := newNode(t)
	got := n.get("/api/node")
	n.want("node", got, http.StatusOK, "")
	for field, want := range (object{
		"name": nodeName, "pubkey": n.key.PubKey().String(), "version": "1.2.3", "open": false,
		"memberUploadMax": float64(20 << 20), "editorUploadMax": float64(4 << 30),
	}) {
		if got.body[field] != want {
			t.Errorf("%s: got %v, want %v", field, got.body[field], want)
		}
	}
	if off := time.Since(time.Unix(int64(got.body["time"].(float64)), 0)).Abs(); off > time.Minute {
		t.Errorf("time is %v off", off)
	}
	if _, ok := got.body["video"].(bool); !ok {
		t.Errorf("video: %v", got.body["video"])
	}
}

func TestJoinAndLogIn(t *testing.T) {
	n := newNode(t)
	code := n.invitation(policy.Editor)
	checked := n.post("/api/invites/check", object{"code": code})
	n.want("check", checked, http.StatusOK, "")
	if checked.body["role"] != "editor" || checked.body["node"] != nodeName {
		t.Errorf("check: %v", checked.body)
	}
	sk, vault := newKey(t), newVault()
	joined := n.post("/api/join", n.joinBody(sk, code, "سارة", vault))
	n.want("join", joined, http.StatusCreated, "")
	if joined.body["pubkey"] != sk.PubKey().String() || joined.body["role"] != "editor" ||
		joined.body["nip05"] != "xn--mgbexg" {
		t.Errorf("join: %v", joined.body)
	}
	params := n.post("/api/vault/params", object{"name": "سارة"})
	n.want("params", params, http.StatusOK, "")
	if params.body["salt"] != vault["salt"] || params.body["n"] != 65536.0 || params.body["r"] != 8.0 || params.body["p"] != 1.0 {
		t.Errorf("params: %v", params.body)
	}
	opened := n.post("/api/vault/open", object{"name": "سارة", "auth": vault["auth"]})
	n.want("open", opened, http.StatusOK, "")
	if opened.body["pubkey"] != sk.PubKey().String() || opened.body["sealed"] != vault["sealed"] {
		t.Errorf("open: %v", opened.body)
	}
	n.want("check again", n.post("/api/invites/check", object{"code": code}), http.StatusGone, "invite-used")
	resolved := n.get("/.well-known/nostr.json?name=xn--mgbexg")
	names := resolved.body["names"].(object)
	if len(names) != 1 || names["xn--mgbexg"] != sk.PubKey().String() {
		t.Errorf("nostr.json: %v", resolved.body)
	}
	relays := resolved.body["relays"].(object)[sk.PubKey().String()].([]any)
	if len(relays) != 1 || relays[0] != strings.Replace(n.url, "http", "ws", 1) {
		t.Errorf("relays: %v", relays)
	}
}

func TestJoinRefuses(t *testing.T) {
	n := newNode(t)
	taken, _ := n.member("Mina", policy.Member)
	code, fresh := n.invitation(policy.Member), newKey(t)
	expired, err := n.accounts.CreateInvite(account.Invite{Role: policy.Member, Expires: n.now().Add(time.Minute)})
	check(t, err)
	weak, noEvent, broken := newVault(), n.joinBody(fresh, code, "Jun", newVault()), n.joinBody(fresh, code, "Jun", newVault())
	weak["n"] = 32768
	noEvent["event"] = object{"kind": 28934}
	forged := &nostr.Event{Kind: nostr.KindJoin, CreatedAt: n.now().Unix(), Tags: nostr.Tags{{"claim", code}}}
	check(t, forged.Sign(fresh))
	forged.CreatedAt++
	broken["event"] = rawJSON(forged)
	for _, c := range []struct {
		what   string
		body   object
		status int
		code   string
	}{
		{"name taken", n.joinBody(fresh, code, "MINA", newVault()), http.StatusConflict, "name-taken"},
		{"bad name", n.joinBody(fresh, code, "a\u202eb", newVault()), http.StatusBadRequest, "name-invalid"},
		{"weak vault", n.joinBody(fresh, code, "Jun", weak), http.StatusBadRequest, "vault-weak"},
		{"no such invite", n.joinBody(fresh, "0123456789abcdefghjk", "Jun", newVault()), http.StatusNotFound, "invite-invalid"},
		{"member already", n.joinBody(taken, code, "Jun", newVault()), http.StatusConflict, "already-member"},
		{"no event", noEvent, http.StatusBadRequest, "bad-request"},
		{"forged event", broken, http.StatusBadRequest, "bad-request"},
		{"nothing", object{}, http.StatusBadRequest, "bad-request"},
	} {
		n.want(c.what, n.post("/api/join", c.body), c.status, c.code)
	}
	n.ahead.Store(int64(time.Minute))
	n.want("expired", n.post("/api/invites/check", object{"code": expired}), http.StatusGone, "invite-expired")
	n.want("join expired", n.post("/api/join", n.joinBody(fresh, expired, "Jun", newVault())), http.StatusGone, "invite-expired")
	n.want("still good", n.post("/api/join", n.joinBody(fresh, code, "Jun", newVault())), http.StatusCreated, "")
}

func TestGuesses(t *testing.T) {
	n := newNode(t)
	n.member("Mina", policy.Member)
	for _, name := range []string{"Mina", "Nobody"} {
		guess := object{"name": name, "auth": strings.Repeat("00", 32)}
		var last answer
		for last.status != http.StatusTooManyRequests {
			last = n.post("/api/vault/open", guess)
			if last.status != http.StatusTooManyRequests {
				n.want(name, last, http.StatusUnauthorized, "wrong-passphrase")
			}
			if t.Failed() {
				return
			}
		}
		n.want(name, last, http.StatusTooManyRequests, "too-many-guesses")
		if last.header.Get("Retry-After") != "1" {
			t.Errorf("Retry-After: %q, want 1", last.header.Get("Retry-After"))
		}
		params := n.post("/api/vault/params", object{"name": name})
		if salt, _ := params.body["salt"].(string); params.status != http.StatusOK || len(salt) != 64 {
			t.Errorf("params of %s: %v", name, params.body)
		}
	}
}

func TestCreateInvite(t *testing.T) {
	n := newNode(t)
	operator, _ := n.member("Op", policy.Operator)
	editor, _ := n.member("Ed", policy.Editor)
	member, _ := n.member("Me", policy.Member)
	stranger := newKey(t)
	for _, c := range []struct {
		what   string
		body   object
		by     *nostr.SecretKey
		status int
		code   string
	}{
		{"operator for operator", object{"role": "operator"}, &operator, http.StatusCreated, ""},
		{"operator for a class", object{"role": "member", "uses": 30}, &operator, http.StatusCreated, ""},
		{"editor for member", object{"role": "member", "uses": 1}, &editor, http.StatusCreated, ""},
		{"editor for editor", object{"role": "editor"}, &editor, http.StatusForbidden, "not-allowed"},
		{"member", object{"role": "member"}, &member, http.StatusForbidden, "not-allowed"},
		{"stranger", object{"role": "member"}, &stranger, http.StatusForbidden, "not-allowed"},
		{"nobody", object{"role": "member"}, nil, http.StatusUnauthorized, "unauthorized"},
		{"unknown role", object{"role": "king"}, &operator, http.StatusBadRequest, "bad-request"},
		{"too many", object{"role": "member", "uses": 101}, &operator, http.StatusBadRequest, "bad-request"},
		{"none", object{"role": "member", "uses": 0}, &operator, http.StatusBadRequest, "bad-request"},
	} {
		got := n.send(http.MethodPost, "/api/invites", c.body, c.by)
		n.want(c.what, got, c.status, c.code)
		if c.status != http.StatusCreated {
			continue
		}
		code, _ := got.body["code"].(string)
		if want := n.url + "/#/join/" + code; got.body["url"] != want {
			t.Errorf("%s: url %v, want %s", c.what, got.body["url"], want)
		}
		checked := n.post("/api/invites/check", object{"code": code})
		if checked.body["role"] != c.body["role"] {
			t.Errorf("%s: the invite is for %v", c.what, checked.body)
		}
		if days := time.Until(time.Unix(int64(got.body["expires"].(float64)), 0)).Hours() / 24; days < 6.9 || days > 7 {
			t.Errorf("%s: expires in %.2f days", c.what, days)
		}
	}
}

func TestSetVault(t *testing.T) {
	n := newNode(t)
	sk, old := n.member("Mina", policy.Member)
	n.member("Jun", policy.Member)
	stranger, vault := newKey(t), newVault()
	weak := newVault()
	weak["r"] = 1
	for _, c := range []struct {
		what   string
		body   object
		by     *nostr.SecretKey
		status int
		code   string
	}{
		{"new passphrase", object{"vault": vault}, &sk, http.StatusOK, ""},
		{"not signed", object{"vault": vault}, nil, http.StatusUnauthorized, "unauthorized"},
		{"stranger", object{"name": "New", "vault": vault}, &stranger, http.StatusForbidden, "not-allowed"},
		{"weak", object{"vault": weak}, &sk, http.StatusBadRequest, "vault-weak"},
		{"name taken", object{"name": "jun", "vault": vault}, &sk, http.StatusConflict, "name-taken"},
	} {
		n.want(c.what, n.send(http.MethodPut, "/api/vault", c.body, c.by), c.status, c.code)
	}
	n.want("old", n.post("/api/vault/open", object{"name": "Mina", "auth": old["auth"]}),
		http.StatusUnauthorized, "wrong-passphrase")
	n.want("new", n.post("/api/vault/open", object{"name": "Mina", "auth": vault["auth"]}), http.StatusOK, "")
}

func TestNames(t *testing.T) {
	n := newNode(t)
	n.member("Mina", policy.Member)
	for query, count := range map[string]int{"": 0, "?name=": 0, "?name=nobody": 0, "?name=mina": 1, "?name=_": 1} {
		got := n.get("/.well-known/nostr.json" + query)
		n.want(query, got, http.StatusOK, "")
		if names := got.body["names"].(object); len(names) != count {
			t.Errorf("%q: %v, want %d", query, names, count)
		}
		if got.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%q: no CORS", query)
		}
	}
	if got := n.get("/api/node").header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("/api/node lets other sites read: %q", got)
	}
}

func TestBadRequests(t *testing.T) {
	n := newNode(t)
	for _, c := range []struct {
		what, method, path, contentType, body string
		status                                int
		code                                  string
	}{
		{"GET of a POST", "GET", "/api/join", "", "", http.StatusMethodNotAllowed, "method-not-allowed"},
		{"POST of a PUT", "POST", "/api/vault", "application/json", "{}", http.StatusMethodNotAllowed, "method-not-allowed"},
		{"unknown", "GET", "/api/nothing", "", "", http.StatusNotFound, "not-found"},
		{"a form", "POST", "/api/vault/open", "application/x-www-form-urlencoded", "{}", http.StatusUnsupportedMediaType, "bad-request"},
		{"plain text", "POST", "/api/vault/open", "text/plain", "{}", http.StatusUnsupportedMediaType, "bad-request"},
		{"no type", "POST", "/api/vault/open", "", "{}", http.StatusUnsupportedMediaType, "bad-request"},
		{"no JSON", "POST", "/api/vault/params", "application/json", "name=x", http.StatusBadRequest, "bad-request"},
		{"wrong type", "POST", "/api/vault/params", "application/json", `{"name":7}`, http.StatusBadRequest, "bad-request"},
		{"two values", "POST", "/api/vault/params", "application/json", `{"name":"a"}{}`, http.StatusBadRequest, "bad-request"},
		{"array", "POST", "/api/vault/params", "application/json", `[]`, http.StatusBadRequest, "bad-request"},
		{"empty", "POST", "/api/vault/params", "application/json", ``, http.StatusBadRequest, "bad-request"},
		{"bad hex", "POST", "/api/vault/open", "application/json", `{"name":"a","auth":"zz"}`, http.StatusBadRequest, "bad-request"},
		{"large", "POST", "/api/vault/params", "application/json",
			`{"name":"` + strings.Repeat("a", maxBody) + `"}`, http.StatusRequestEntityTooLarge, "too-large"},
		{"charset and unknown field", "POST", "/api/vault/params", "application/json; charset=utf-8",
			`{"name":"a","new":1}`, http.StatusOK, ""},
	} {
		req, err := http.NewRequest(c.method, n.url+c.path, strings.NewReader(c.body))
		check(t, err)
		if c.contentType != "" {
			req.Header.Set("Content-Type", c.contentType)
		}
		got := n.do(req)
		n.want(c.what, got, c.status, c.code)
		if message, _ := got.body["message"].(string); c.code != "" && message == "" {
			t.Errorf("%s: no message", c.what)
		}
	}
}
