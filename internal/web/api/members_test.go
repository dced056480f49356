package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"madang/internal/nostr"
	"madang/internal/policy"
)

func memberPath(sk nostr.SecretKey) string { return "/api/members/" + sk.PubKey().String() }

func TestMembers(t *testing.T) {
	n := newNode(t)
	operator, _ := n.member("Op", policy.Operator)
	editor, _ := n.member("Ed", policy.Editor)
	member, _ := n.member("Me", policy.Member)
	stranger := newKey(t)
	for _, c := range []struct {
		what, method, path string
		body               any
		by                 *nostr.SecretKey
		status             int
		code               string
	}{
		{"role, unsigned", "PUT", memberPath(member), object{"role": "editor"}, nil,
			http.StatusUnauthorized, "unauthorized"},
		{"role, by a stranger", "PUT", memberPath(stranger), object{"role": "member"}, &stranger,
			http.StatusForbidden, "not-allowed"},
		{"role, by oneself", "PUT", memberPath(member), object{"role": "editor"}, &member,
			http.StatusForbidden, "not-allowed"},
		{"role, by an editor", "PUT", memberPath(member), object{"role": "editor"}, &editor,
			http.StatusForbidden, "not-allowed"},
		{"role of a stranger", "PUT", memberPath(stranger), object{"role": "editor"}, &operator,
			http.StatusNotFound, "not-found"},
		{"role of the node", "PUT", memberPath(n.key), object{"role": "member"}, &operator,
			http.StatusNotFound, "not-found"},
		{"no role", "PUT", memberPath(member), object{}, &operator, http.StatusBadRequest, "bad-request"},
		{"unknown role", "PUT", memberPath(member), object{"role": "node"}, &operator,
			http.StatusBadRequest, "bad-request"},
		{"role of no key", "PUT", "/api/members/abc", object{"role": "editor"}, &operator,
			http.StatusBadRequest, "bad-request"},
		{"last operator made less", "PUT", memberPath(operator), object{"role": "editor"}, &operator,
			http.StatusConflict, "last-operator"},
		{"removal, unsigned", "DELETE", memberPath(member), nil, nil, http.StatusUnauthorized, "unauthorized"},
		{"removal, by a stranger", "DELETE", memberPath(member), nil, &stranger, http.StatusForbidden, "not-allowed"},
		{"removal, by oneself", "DELETE", memberPath(member), nil, &member, http.StatusForbidden, "not-allowed"},
		{"removal, by an editor", "DELETE", memberPath(member), nil, &editor, http.StatusForbidden, "not-allowed"},
		{"removal of a stranger", "DELETE", memberPath(stranger), nil, &operator, http.StatusNotFound, "not-found"},
		{"removal of no key", "DELETE", "/api/members/" + strings.Repeat("z", 64), nil, &operator,
			http.StatusBadRequest, "bad-request"},
		{"removal of the last operator", "DELETE", memberPath(operator), nil, &operator,
			http.StatusConflict, "last-operator"},
		{"POST", "POST", memberPath(member), object{"role": "editor"}, &operator,
			http.StatusMethodNotAllowed, "method-not-allowed"},
	} {
		n.want(c.what, n.send(c.method, c.path, c.body, c.by), c.status, c.code)
	}
	for sk, role := range map[nostr.SecretKey]policy.Role{
		operator: policy.Operator, editor: policy.Editor, member: policy.Member, stranger: policy.Stranger,
	} {
		if got := n.policy.Role(sk.PubKey()); got != role {
			t.Errorf("a refused request made a %v of a %v", got, role)
		}
	}

	for _, role := range []string{"editor", "operator", "member"} {
		got := n.send(http.MethodPut, memberPath(member), object{"role": role}, &operator)
		n.want(role, got, http.StatusOK, "")
		if got.body["pubkey"] != member.PubKey().String() || got.body["role"] != role {
			t.Errorf("%s: answered %v", role, got.body)
		}
		if now := n.policy.Role(member.PubKey()).String(); now != role {
			t.Errorf("%s: the roster says %s", role, now)
		}
	}

	n.want("a second operator", n.send(http.MethodPut, memberPath(editor), object{"role": "operator"}, &operator),
		http.StatusOK, "")
	n.want("removal of the first", n.send(http.MethodDelete, memberPath(operator), nil, &editor),
		http.StatusNoContent, "")
	n.want("the removed acts", n.send(http.MethodDelete, memberPath(editor), nil, &operator),
		http.StatusForbidden, "not-allowed")
	n.ahead.Store(int64(time.Second)) // else it would be the very same signed request
	n.want("removed twice", n.send(http.MethodDelete, memberPath(operator), nil, &editor),
		http.StatusNotFound, "not-found")
}

func TestRemovedMember(t *testing.T) {
	n := newNode(t)
	operator, _ := n.member("Op", policy.Operator)
	gone, vault := n.member("Mina", policy.Editor)
	n.want("removal", n.send(http.MethodDelete, memberPath(gone), nil, &operator), http.StatusNoContent, "")
	if role := n.policy.Role(gone.PubKey()); role != policy.Stranger {
		t.Errorf("still %v", role)
	}
	n.want("invites", n.send(http.MethodPost, "/api/invites", object{"role": "member"}, &gone),
		http.StatusForbidden, "not-allowed")
	n.want("new passphrase", n.send(http.MethodPut, "/api/vault", object{"vault": newVault()}, &gone),
		http.StatusForbidden, "not-allowed")
	if names := n.get("/.well-known/nostr.json?name=mina").body["names"].(object); len(names) != 0 {
		t.Errorf("NIP-05 still answers %v", names)
	}
	opened := n.post("/api/vault/open", object{"name": "Mina", "auth": vault["auth"]})
	n.want("their own key", opened, http.StatusOK, "")
	if opened.body["sealed"] != vault["sealed"] {
		t.Errorf("the sealed key came back as %v", opened.body)
	}
}
