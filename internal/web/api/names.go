package api

import (
	"net/http"
	"strings"

	"madang/internal/nostr"
)

// names resolves one name of NIP-05; "_" is the node itself. Without a name nobody is listed: who lives here is for
// those to know who may ask the relay.
func (s *server) names(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	name := r.URL.Query().Get("name")
	names, relays := map[string]string{}, map[string][]string{}
	if pk, ok := s.lookup(name); ok {
		names[name] = pk.String()
		relays[pk.String()] = []string{"ws" + strings.TrimPrefix(s.publicURL(r), "http")}
	}
	return reply(w, http.StatusOK, map[string]any{"names": names, "relays": relays})
}

func (s *server) lookup(name string) (nostr.PubKey, bool) {
	if name == "_" {
		return s.cfg.NodeKey, true
	}
	return s.cfg.Accounts.Lookup(name)
}
