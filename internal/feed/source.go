package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Source is where a feed is read from: a file or an address. Only the operator names one, so that addresses of the
// node's own network are as good as any.
type Source struct {
	Path string `json:"path,omitempty"` // absolute
	URL  string `json:"url,omitempty"`  // http or https
}

// ParseSource reads what an operator wrote on the command line. A relative path is made absolute.
func ParseSource(s string) (Source, error) {
	if low := strings.ToLower(s); strings.HasPrefix(low, "http://") || strings.HasPrefix(low, "https://") {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" {
			return Source{}, fmt.Errorf("%w: %q is no web address", ErrUnreachable, s)
		}
		return Source{URL: s}, nil
	}
	if s == "" {
		return Source{}, fmt.Errorf("%w: no file or address given", ErrUnreachable)
	}
	path, err := filepath.Abs(s)
	if err != nil {
		return Source{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return Source{Path: path}, nil
}

// document is a feed as it was read.
type document struct {
	body    []byte
	charset string   // as HTTP named it, or ""
	url     string   // the address it was asked at, without user and fragment; "" for a file
	base    *url.URL // what its relative references are relative to; nil for a file
	dir     *os.Root // the directory of a file: its pictures are in or below it; nil for an address
}

func (d *document) close() {
	if d.dir != nil {
		_ = d.dir.Close() // opened for reading
	}
}

func (im *Importer) read(ctx context.Context, s Source) (*document, error) {
	if s.URL != "" {
		return im.readURL(ctx, s.URL)
	}
	return readFile(s.Path)
}

func readFile(path string) (*document, error) {
	dir, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	body, err := readIn(dir, filepath.Base(path), maxFeed)
	if err != nil {
		_ = dir.Close()
		if errors.Is(err, ErrTooLarge) {
			return nil, fmt.Errorf("%s: %w: more than %d MiB", path, ErrTooLarge, maxFeed>>20)
		}
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err // who asked knows the path; the name of a system call helps nobody
		}
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return &document{body: body, dir: dir}, nil
}

// readIn reads a regular file that lies in or below dir, whatever its name or a link tries.
func readIn(dir *os.Root, name string, limit int64) ([]byte, error) {
	info, err := dir.Stat(name) // before opening: a pipe would wait for a writer
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", name)
	}
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAtMost(f, limit)
}

func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = ErrTooLarge
	}
	return b, err
}

func (im *Importer) readURL(ctx context.Context, address string) (*document, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	body, header, final, err := im.get(ctx, address, maxFeed,
		"application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5")
	if err != nil {
		if errors.Is(err, ErrTooLarge) {
			return nil, fmt.Errorf("%w: more than %d MiB", ErrTooLarge, maxFeed>>20)
		}
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	d := &document{body: body, base: final}
	if u, err := url.Parse(address); err == nil {
		u.User, u.Fragment = nil, ""
		u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
		d.url = u.String()
	}
	if _, params, err := mime.ParseMediaType(header.Get("Content-Type")); err == nil {
		d.charset = params["charset"]
	}
	return d, nil
}

// get fetches at most limit bytes and says where it found them in the end.
func (im *Importer) get(ctx context.Context, address string, limit int64, accept string) (
	[]byte, http.Header, *url.URL, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	req.Header.Set("User-Agent", "Madang")
	req.Header.Set("Accept", accept)
	resp, err := im.cfg.Client.Do(req)
	if err != nil {
		return nil, nil, nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, nil, nil, fmt.Errorf("%s answers %s", req.URL.Host, resp.Status)
	}
	if resp.ContentLength > limit {
		return nil, nil, nil, ErrTooLarge
	}
	body, err := readAtMost(resp.Body, limit)
	if err != nil {
		return nil, nil, nil, err
	}
	return body, resp.Header, resp.Request.URL, nil
}

// boundedClient is the given client, or a plain one, with bounds on redirects.
func boundedClient(c *http.Client) *http.Client {
	bounded := http.Client{}
	if c != nil {
		bounded = *c
	}
	bounded.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return fmt.Errorf("more than %d redirects", maxRedirects)
		}
		if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
			return fmt.Errorf("redirected to %q", req.URL.Scheme)
		}
		return nil
	}
	return &bounded
}
