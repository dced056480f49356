// Package api is the node's HTTP API for its own client: the key vault, invites, joining and members (NIP-43), media
// jobs, and the names of NIP-05. Requests that act for a person are signed by NIP-98. See docs/formats.md, 'HTTP API'.
package api

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"madang/internal/account"
	"madang/internal/blob"
	"madang/internal/media"
	"madang/internal/nostr"
	"madang/internal/policy"
	"madang/internal/web/httpauth"
)

// Config of the API. Every field without a default is needed.
type Config struct {
	Name      func() string // the node's, for people
	NodeKey   nostr.PubKey  // the node's
	Version   string        // of the program
	Open      bool          // any key may write and upload
	PublicURL string        // the node's address for links, without a slash at its end; "": as the request addressed it

	Accounts *account.Accounts
	Policy   *policy.Policy
	Auth     *httpauth.Checker
	Media    *media.Jobs
	Blobs    blob.Store

	MemberUploadMax int64 // bytes of one blob
	EditorUploadMax int64

	Clock    Clock
	SetClock func(t time.Time) error // by an operator; its error may wrap clock.ErrImplausible

	Logger *slog.Logger // default: slog.Default()
}

type server struct {
	cfg       Config
	mux       *http.ServeMux
	challenge challenge // for who sets the clock
}

// New returns the handler of /api/ and /.well-known/nostr.json.
func New(cfg Config) http.Handler {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	s := &server{cfg: cfg, mux: http.NewServeMux()}
	s.handle("/api/node", s.node, http.MethodGet)
	s.handle("/api/clock", s.clock, http.MethodGet, http.MethodPost)
	s.handle("/api/vault", s.setVault, http.MethodPut)
	s.handle("/api/vault/params", s.vaultParams, http.MethodPost)
	s.handle("/api/vault/open", s.openVault, http.MethodPost)
	s.handle("/api/invites", s.createInvite, http.MethodPost)
	s.handle("/api/invites/check", s.checkInvite, http.MethodPost)
	s.handle("/api/join", s.join, http.MethodPost)
	s.handle("/api/members/{pubkey}", s.changeMember, http.MethodPut, http.MethodDelete)
	s.handle("/api/media", s.addMedia, http.MethodPost)
	s.handle("/api/media/{sha256}", s.getMedia, http.MethodGet)
	s.handle("/.well-known/nostr.json", s.names, http.MethodGet)
	s.handle("/", func(http.ResponseWriter, *http.Request) error {
		return &problem{http.StatusNotFound, "not-found", "There is nothing at this address."}
	})
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// handle registers fn for one path. Without methods any is let through; GET lets HEAD through.
func (s *server) handle(path string, fn func(http.ResponseWriter, *http.Request) error, methods ...string) {
	s.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		if len(methods) > 0 && !slices.Contains(methods, method) {
			w.Header().Set("Allow", strings.Join(methods, ", "))
			s.fail(w, r, &problem{http.StatusMethodNotAllowed, "method-not-allowed", "This address takes " +
				strings.Join(methods, ", ") + "."})
			return
		}
		if err := fn(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// node answers what a client must know before anybody has logged in.
func (s *server) node(w http.ResponseWriter, _ *http.Request) error {
	clock := "known"
	if !s.cfg.Clock.Known() {
		clock = "unknown"
	}
	return reply(w, http.StatusOK, map[string]any{
		"name":            s.cfg.Name(),
		"pubkey":          s.cfg.NodeKey.String(),
		"time":            s.cfg.Clock.Now().Unix(),
		"clock":           clock,
		"version":         s.cfg.Version,
		"open":            s.cfg.Open,
		"video":           s.cfg.Media.Available(),
		"memberUploadMax": s.cfg.MemberUploadMax,
		"editorUploadMax": s.cfg.EditorUploadMax,
	})
}

// signer returns the key that signed the request (NIP-98) and its role. body is the request's whole body.
func (s *server) signer(r *http.Request, body []byte) (nostr.PubKey, policy.Role, error) {
	pk, err := s.cfg.Auth.NIP98(r, body)
	if err != nil {
		return pk, policy.Stranger, unauthorized(err)
	}
	return pk, s.cfg.Policy.Role(pk), nil
}

// unauthorized answers with why a request's signature does not count.
func unauthorized(err error) error {
	if errors.Is(err, httpauth.ErrUnauthorized) {
		return &problem{http.StatusUnauthorized, "unauthorized", err.Error()}
	}
	return err
}

// publicURL is the node's address for links.
func (s *server) publicURL(r *http.Request) string {
	if s.cfg.PublicURL != "" {
		return s.cfg.PublicURL
	}
	return httpauth.Origin(r)
}
