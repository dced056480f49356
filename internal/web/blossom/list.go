package blossom

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"madang/internal/blob"
	"madang/internal/nostr"
)

const (
	defaultList = 100
	maxList     = 1000 // blobs of one page
)

// list is GET /list/<pubkey> (BUD-12). What a person has uploaded is theirs to know, so it takes their key, except on
// an open node.
func (s *Server) list(w http.ResponseWriter, r *http.Request) error {
	owner, err := nostr.ParsePubKey(strings.TrimPrefix(r.URL.Path, "/list/"))
	if err != nil {
		return fail(http.StatusBadRequest, "not a public key: %v", err)
	}
	if !s.cfg.Open {
		token, err := s.cfg.Auth.Blossom(r, "list")
		if err != nil {
			return err
		}
		if token.PubKey != owner {
			return fail(http.StatusForbidden, "only who uploaded blobs can list them")
		}
	}
	limit, cursor := defaultList, (*blob.Hash)(nil)
	if text := r.URL.Query().Get("limit"); text != "" {
		limit, err = strconv.Atoi(text)
		if err != nil || limit < 0 {
			return fail(http.StatusBadRequest, "the limit is no number")
		}
	}
	if text := r.URL.Query().Get("cursor"); text != "" {
		h, err := blob.ParseHash(text)
		if err != nil {
			return fail(http.StatusBadRequest, "bad cursor: %v", err)
		}
		cursor = &h
	}
	infos, err := s.cfg.Blobs.List(r.Context(), owner, cursor, min(limit, maxList))
	if errors.Is(err, blob.ErrNotFound) {
		return fail(http.StatusBadRequest, "bad cursor: not a blob of this list")
	}
	if err != nil {
		return err
	}
	page := make([]descriptor, len(infos))
	for i, info := range infos {
		page[i] = describe(r, info)
	}
	w.Header().Set("Cache-Control", "no-store")
	return writeJSON(w, http.StatusOK, page)
}
