package web

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Info is the relay information document (NIP-11).
type Info struct {
	Name          string     `json:"name"`
	Description   string     `json:"description,omitempty"`
	Icon          string     `json:"icon,omitempty"`   // an address
	PubKey        string     `json:"pubkey,omitempty"` // 64 hex digits
	Self          string     `json:"self,omitempty"`   // 64 hex digits
	SupportedNIPs []int      `json:"supported_nips"`
	Software      string     `json:"software,omitempty"`
	Version       string     `json:"version,omitempty"`
	Limitation    InfoLimits `json:"limitation"`
}

// InfoLimits is NIP-11's limitation.
type InfoLimits struct {
	MaxMessageLength    int   `json:"max_message_length"` // bytes
	MaxSubscriptions    int   `json:"max_subscriptions"`
	MaxLimit            int   `json:"max_limit"`
	DefaultLimit        int   `json:"default_limit"`
	MaxSubIDLength      int   `json:"max_subid_length"` // characters
	MaxEventTags        int   `json:"max_event_tags"`
	MaxContentLength    int   `json:"max_content_length"`     // characters: an event has at most so many bytes
	MinPowDifficulty    int   `json:"min_pow_difficulty"`     // of events by who is no member, in bits
	CreatedAtUpperLimit int64 `json:"created_at_upper_limit"` // seconds into the future
	AuthRequired        bool  `json:"auth_required"`
	PaymentRequired     bool  `json:"payment_required"`
	RestrictedWrites    bool  `json:"restricted_writes"`
}

func wantsInfo(r *http.Request) bool {
	for _, accept := range r.Header.Values("Accept") {
		for part := range strings.SplitSeq(accept, ",") {
			kind, _, _ := strings.Cut(part, ";")
			if strings.EqualFold(strings.TrimSpace(kind), "application/nostr+json") {
				return true
			}
		}
	}
	return false
}

// allowOrigins lets pages of any origin read an answer: what is said here is public, and whoever manages the relay
// (NIP-86) signs each request. Authorization must be named, as * does not cover it.
func allowOrigins(header http.Header) {
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Access-Control-Allow-Headers", "*, Authorization")
	header.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS")
}

// info answers NIP-11, for pages of any origin.
func (h *Handler) info(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	allowOrigins(header)
	switch r.Method {
	case http.MethodOptions:
		w.WriteHeader(http.StatusNoContent)
		return
	case http.MethodGet, http.MethodHead:
	default:
		header.Set("Allow", "GET, HEAD, OPTIONS")
		http.Error(w, "use GET", http.StatusMethodNotAllowed)
		return
	}
	var info Info
	if h.cfg.Info != nil {
		info = h.cfg.Info()
	}
	body, err := json.Marshal(info)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	header.Set("Content-Type", "application/nostr+json")
	w.Write(append(body, '\n'))
}
