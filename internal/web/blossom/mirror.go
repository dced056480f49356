package blossom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"syscall"
	"time"

	"madang/internal/blob"
	"madang/internal/web/httpauth"
)

const maxMirrorRequest = 64 << 10 // bytes

// mirror is PUT /mirror (BUD-04). A node that fetched from wherever it is told to would be a hole in whatever network
// it stands in, so only an open one does, and only from its own machine.
func (s *Server) mirror(w http.ResponseWriter, r *http.Request) error {
	if !s.cfg.Open {
		return fail(http.StatusForbidden, "this node does not mirror: upload the blob instead")
	}
	token, err := s.cfg.Auth.Blossom(r, "upload")
	if err != nil {
		return err
	}
	var request struct {
		URL string `json:"url"`
	}
	body := &steadyBody{
		body: http.MaxBytesReader(w, r.Body, maxMirrorRequest), control: http.NewResponseController(w), stall: s.cfg.Stall,
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &request); err != nil {
		return fail(http.StatusBadRequest, "the request is no JSON object with a url")
	}
	from, err := url.Parse(request.URL)
	if err != nil || from.Scheme != "http" && from.Scheme != "https" || from.Host == "" || from.User != nil {
		return fail(http.StatusBadRequest, "the url is no http address")
	}
	want, err := mirrored(from, token)
	if err != nil {
		return err
	}

	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	fetch, err := http.NewRequestWithContext(ctx, http.MethodGet, from.String(), nil)
	if err != nil {
		return fail(http.StatusBadRequest, "the url is no http address")
	}
	client := loopbackClient(s.cfg.Stall)
	defer client.CloseIdleConnections()
	response, err := client.Do(fetch)
	if errors.Is(err, errNotHere) {
		return fail(http.StatusForbidden, "%v", errNotHere)
	}
	if err != nil {
		return fail(http.StatusBadGateway, "the origin cannot be reached")
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fail(http.StatusBadGateway, "the origin answered with status %d", response.StatusCode)
	}
	origin := &originBody{body: response.Body, stall: s.cfg.Stall, timer: time.AfterFunc(s.cfg.Stall, cancel)}
	defer origin.timer.Stop()
	info, created, err := s.store(r.Context(), origin, response.ContentLength, blob.Put{
		Want: want, Type: response.Header.Get("Content-Type"), Owner: token.PubKey,
	}, token)
	if origin.err != nil {
		return fail(http.StatusBadGateway, "the origin broke off")
	}
	if err != nil {
		return err
	}
	return s.stored(w, r, info, created)
}

// mirrored returns the hash that the URL's last segment names and the token allows; else the only one that the token
// names.
func mirrored(from *url.URL, token httpauth.Token) (*blob.Hash, error) {
	name, _, _ := strings.Cut(path.Base(from.Path), ".")
	if token.Allows(name) != nil {
		if len(token.Hashes) != 1 {
			return nil, token.Allows(name)
		}
		name = token.Hashes[0]
	}
	h, err := blob.ParseHash(name)
	if err != nil {
		return nil, fail(http.StatusUnauthorized, "the authorization's x tag is no SHA-256")
	}
	return &h, nil
}

var errNotHere = errors.New("this node mirrors only from its own machine")

// loopbackClient connects to this machine's loopback addresses only, wherever a name or a redirect leads.
func loopbackClient(timeout time.Duration) *http.Client {
	dialer := net.Dialer{Timeout: timeout, Control: func(_, address string, _ syscall.RawConn) error {
		host, _, err := net.SplitHostPort(address)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			return errNotHere
		}
		return nil
	}}
	return &http.Client{
		Transport: &http.Transport{ // no proxy
			DialContext: dialer.DialContext, TLSHandshakeTimeout: timeout, ResponseHeaderTimeout: timeout,
			MaxResponseHeaderBytes: 64 << 10, DisableCompression: true,
		},
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > 3 {
				return fmt.Errorf("more than 3 redirects")
			}
			return nil
		},
	}
}

// originBody puts off the timer with every byte that comes, and remembers that it was the origin that failed.
type originBody struct {
	body  io.Reader
	stall time.Duration
	timer *time.Timer
	err   error
}

func (o *originBody) Read(p []byte) (int, error) {
	n, err := o.body.Read(p)
	o.timer.Reset(o.stall)
	if err != nil && !errors.Is(err, io.EOF) {
		o.err = err
	}
	return n, err
}
