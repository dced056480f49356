package policy

import (
	"net"
	"net/url"
	"strings"
)

// SameHost compares the URL in a relay tag with a Host header: the name and the port count; scheme, path and case do
// not, and neither does a port that is the scheme's own.
func SameHost(relay, host string) bool {
	u, err := url.Parse(strings.TrimSpace(relay))
	if err != nil || u.Host == "" {
		return false
	}
	name, port := SplitHost(u.Host)
	wantName, wantPort := SplitHost(host)
	if name == "" || name != wantName {
		return false
	}
	return port == wantPort
}

// SplitHost returns a Host header's name and port in lower case; the ports of http and https are as none.
func SplitHost(host string) (name, port string) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), ""
	}
	if port == "80" || port == "443" {
		port = ""
	}
	return strings.TrimSuffix(strings.ToLower(name), "."), port
}
