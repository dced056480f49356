// Package manage is the relay's management API (NIP-86) for operators, who sign each request (NIP-98). What it changes,
// everybody can see: bans stand in a list that the node signs (NIP-51), membership and roles in the roster (NIP-43).
// What would let an operator withhold something quietly, such as refusing kinds or addresses, it does not do.
package manage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"slices"

	"madang/internal/account"
	"madang/internal/index"
	"madang/internal/nostr"
	"madang/internal/policy"
	"madang/internal/web/httpauth"
)

// ContentType is what requests of this API have.
const ContentType = "application/nostr+json+rpc"

const maxBody = 64 << 10 // bytes of a request

// Config of the API. Every field but Logger is needed.
type Config struct {
	Accounts *account.Accounts
	Policy   *policy.Policy
	Index    *index.Index
	Auth     *httpauth.Checker
	Identity Identity
	Logger   *slog.Logger // default slog.Default()
}

// Identity is what the node says of itself, which outlives a restart.
type Identity interface {
	SetName(ctx context.Context, name string) error
	SetDescription(ctx context.Context, text string) error
	SetIcon(ctx context.Context, url string) error
}

type server struct {
	cfg     Config
	methods map[string]method
}

type method func(ctx context.Context, p params) (result any, err error)

// Is reports whether a request is for this API: it has the relay's own address.
func Is(r *http.Request) bool {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return r.Method == http.MethodPost && err == nil && t == ContentType
}

// New returns the handler of requests that Is tells.
func New(cfg Config) http.Handler {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	s := &server{cfg: cfg}
	s.methods = map[string]method{
		"banpubkey": s.banPubKey, "unbanpubkey": s.unbanPubKey, "listbannedpubkeys": s.listBannedPubKeys,
		"banevent": s.banEvent, "allowevent": s.allowEvent, "listbannedevents": s.listBannedEvents,
		"listeventsneedingmoderation": s.listReported, "listallowedpubkeys": s.listAllowedPubKeys,
		"allowpubkey": s.allowPubKey, "unallowpubkey": s.unallowPubKey,
		"assignrole": s.assignRole, "unassignrole": s.unassignRole,
		"changerelayname": s.changeName, "changerelaydescription": s.changeDescription, "changerelayicon": s.changeIcon,
	}
	s.methods["supportedmethods"] = func(context.Context, params) (any, error) {
		return slices.DeleteFunc(slices.Sorted(maps.Keys(s.methods)), func(name string) bool {
			return name == "supportedmethods" // NIP-86 wants the others
		}), nil
	}
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		reply(w, http.StatusRequestEntityTooLarge, nil, "the request is larger than 64 KiB")
		return
	case err != nil:
		reply(w, http.StatusBadRequest, nil, "the request was cut off")
		return
	}
	pk, err := s.cfg.Auth.NIP98(r, body)
	if err != nil {
		w.Header().Set("WWW-Authenticate", "Nostr")
		reply(w, http.StatusUnauthorized, nil, err.Error())
		return
	}
	if role := s.cfg.Policy.Role(pk); role < policy.Operator {
		reply(w, http.StatusForbidden, nil, "only operators of this node manage it")
		return
	}
	var request struct {
		Method string
		Params params
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(&request); err != nil || d.More() {
		reply(w, http.StatusBadRequest, nil, "the request is not the JSON that this address takes")
		return
	}
	run := s.methods[request.Method]
	if run == nil {
		reply(w, http.StatusOK, nil, "unsupported: see supportedmethods")
		return
	}
	result, err := run(r.Context(), request.Params)
	if err != nil {
		reply(w, http.StatusOK, nil, s.words(request.Method, err))
		return
	}
	reply(w, http.StatusOK, result, "")
}

// words says what went wrong. What is the node's own fault is logged, and the caller learns no more of it.
func (s *server) words(method string, err error) string {
	var bad badParams
	for _, known := range []error{
		account.ErrNotBannable, account.ErrNotMember, account.ErrAlreadyMember, account.ErrLastOperator,
	} {
		if errors.Is(err, known) {
			return err.Error()
		}
	}
	if errors.As(err, &bad) {
		return err.Error()
	}
	s.cfg.Logger.Error("a management request failed", "method", method, "err", err)
	return "the node could not do this"
}

// reply answers as NIP-86 says.
func reply(w http.ResponseWriter, status int, result any, problem string) {
	answer := struct {
		Result any    `json:"result,omitempty"`
		Error  string `json:"error,omitempty"`
	}{result, problem}
	b, err := json.Marshal(answer)
	if err != nil {
		panic(err) // strings, lists and booleans always marshal
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the status is out: nothing can be done about a broken connection
}

// params are a request's, in order.
type params []json.RawMessage

// badParams is what is wrong with them.
type badParams string

func (b badParams) Error() string { return string(b) }

// text returns parameter i, at most most bytes long, or "" where there is none.
func (p params) text(i, most int) (text string, err error) {
	if i >= len(p) {
		return "", nil
	}
	if json.Unmarshal(p[i], &text) != nil && string(p[i]) != "null" || len(text) > most {
		return "", badParams("a parameter is no text, or is too long")
	}
	return text, nil
}

func (p params) pubKey() (pk nostr.PubKey, err error) {
	text, err := p.text(0, 64)
	if err == nil {
		pk, err = nostr.ParsePubKey(text)
	}
	if err != nil || pk == (nostr.PubKey{}) {
		return pk, badParams("the first parameter must be a public key of 64 lowercase hex digits")
	}
	return pk, nil
}

func (p params) eventID() (id nostr.ID, err error) {
	text, err := p.text(0, 64)
	if err == nil {
		id, err = nostr.ParseID(text)
	}
	if err != nil || id == (nostr.ID{}) {
		return id, badParams("the first parameter must be an event's id of 64 lowercase hex digits")
	}
	return id, nil
}
