package api

import (
	"errors"
	"net/http"
	"slices"

	"madang/internal/blob"
	"madang/internal/media"
	"madang/internal/policy"
)

var errNoVideo = &problem{http.StatusNotFound, "not-found", "No such video has been given to the node."}

// addMedia is POST /api/media: an editor asks for the renditions of a video that the same key has uploaded.
func (s *server) addMedia(w http.ResponseWriter, r *http.Request) error {
	var request struct {
		SHA256 *blob.Hash `json:"sha256"`
	}
	body, err := decode(w, r, &request)
	if err != nil {
		return err
	}
	pk, role, err := s.signer(r, body)
	if err != nil {
		return err
	}
	if request.SHA256 == nil {
		return badRequest("The request names no sha256.")
	}
	if role < policy.Editor && !s.cfg.Open {
		return errNotAllowed
	}
	info, err := s.cfg.Blobs.Stat(r.Context(), *request.SHA256)
	if errors.Is(err, blob.ErrNotFound) || err == nil && !slices.Contains(info.Owners, pk) {
		return errNoVideo // whether another has uploaded it is not the asker's to know
	}
	if err != nil {
		return err
	}
	job, err := s.cfg.Media.Add(r.Context(), info.Hash, pk)
	switch {
	case errors.Is(err, media.ErrNoFFmpeg):
		return &problem{http.StatusServiceUnavailable, "no-ffmpeg", "This node has no ffmpeg: it cannot make videos smaller."}
	case errors.Is(err, media.ErrQueueFull):
		return &problem{http.StatusServiceUnavailable, "queue-full", "Too many videos are waiting. Try again later."}
	case err != nil:
		return err
	}
	return reply(w, http.StatusAccepted, job)
}

// getMedia is GET /api/media/<sha256>: how far a video's renditions are.
func (s *server) getMedia(w http.ResponseWriter, r *http.Request) error {
	hash, err := blob.ParseHash(r.PathValue("sha256"))
	if err != nil {
		return badRequest("The address names no sha256.")
	}
	job, ok := s.cfg.Media.Get(hash)
	if !ok {
		return errNoVideo
	}
	return reply(w, http.StatusOK, job)
}
