package relay

import (
	"testing"

	"github.com/gobwas/ws"
)

func TestIsLocal(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost:8080": true, "box": true, "madang.local": true, "Madang.LAN:8080": true, "box.home.arpa.": true,
		"192.168.1.4:8080": true, "10.0.0.1": true, "172.31.0.1": true, "169.254.3.3": true, "100.100.1.1": true,
		"127.0.0.1:80": true, "[::1]:8080": true, "[fe80::1]": true, "[fd00::1]:8080": true, "[::ffff:10.0.0.1]": true,
		"relay.example": false, "relay.example:8080": false, "local.example": false, "lan.": true, "notlocal.net": false,
		"8.8.8.8": false, "172.32.0.1:80": false, "100.128.0.1": false, "[2001:db8::1]:80": false,
		"10.0.0.1.example": false, "[::ffff:8.8.8.8]": false,
	} {
		if got := isLocal(host); got != want {
			t.Errorf("%s: %v, want %v", host, got, want)
		}
	}
}

// TestPublicHost: another relay's visitors cannot be brought here by it, once it is known what this one is called.
func TestPublicHost(t *testing.T) {
	for public, hosts := range map[string]map[string]bool{
		"": {"relay.example": true, "hostile.example": true, "192.168.1.4:8080": true},
		"relay.example": {"relay.example": true, "relay.example:443": true, "hostile.example": false, "8.8.8.8": false,
			"relay.example.hostile.net": false, "192.168.1.4:8080": true, "madang.local": true},
	} {
		n := startNode(t, t.TempDir(), true, func(cfg *Config) { cfg.PublicHost = public })
		for host, want := range hosts {
			c := n.dial(ws.Dialer{Host: host})
			c.challenge = c.next().text(1)
			c.host = host
			e := c.authEvent(alice, n.now, nil)
			c.send("AUTH", e)
			c.wantOK(e, want, "")
		}
	}
}
