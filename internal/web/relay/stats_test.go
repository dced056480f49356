package relay

import (
	"bytes"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metrics"
)

// TestStats does one thing of each kind and looks for it in the numbers, and for people, who must not be there.
func TestStats(t *testing.T) {
	set := metrics.NewSet()
	n := startNode(t, t.TempDir(), true, func(cfg *Config) {
		cfg.Metrics = set
		cfg.Limits.Subs, cfg.Limits.NegSessions = 1, 1
		cfg.Limits.Conn.Events = Rate{never, 4}
	})
	alice := testKey(1)
	c := n.connect()
	c.auth(alice, n.now)
	note := n.note(alice, 0, "nobody's business")
	c.publish(note, true, "")
	c.publish(note, true, "duplicate")
	c.publish(n.note(alice, 1e6, "too early"), false, "invalid")
	c.publish(note, false, "rate-limited")
	if got := c.stored("a", filter{"authors": []string{alice.PubKey().String()}}); len(got) != 1 {
		t.Errorf("found %v", got)
	}
	c.send("REQ", "b", filter{})
	c.want("CLOSED", "b")
	c.count(filter{})
	c.send("NEG-OPEN", "n", filter{}, "61")
	c.want("NEG-MSG", "n")
	c.send("NEG-OPEN", "m", filter{}, "61")
	c.want("NEG-ERR", "m")

	var out bytes.Buffer
	set.WritePrometheus(&out)
	text := out.String()
	for _, line := range []string{
		`madang_relay_auth_total{result="ok"} 1`,
		`madang_relay_events_accepted_total 1`,
		`madang_relay_events_duplicate_total 1`,
		`madang_relay_events_refused_total{reason="invalid"} 1`,
		`madang_relay_events_refused_total{reason="rate-limited"} 1`,
		`madang_relay_limited_total{limit="events"} 1`,
		`madang_relay_limited_total{limit="subscriptions"} 1`,
		`madang_relay_limited_total{limit="reconciliations"} 1`,
		`madang_relay_limited_total{limit="queries"} 0`,
		`madang_relay_query_seconds_count{type="REQ"} 1`,
		`madang_relay_query_seconds_count{type="COUNT"} 1`,
		`madang_relay_query_seconds_count{type="NEG-OPEN"} 1`,
		`madang_relay_query_seconds_count{type="NEG-MSG"} 1`,
		`madang_relay_connections 1`,
		`madang_relay_subscriptions 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	for _, name := range []string{"received", "sent"} {
		if strings.Contains(text, "madang_relay_"+name+"_bytes_total 0\n") {
			t.Errorf("no bytes %s", name)
		}
	}
	for _, secret := range []string{alice.PubKey().String()[:8], note.ID.String()[:8], "business", "127.0.0.1"} {
		if strings.Contains(text, secret) {
			t.Errorf("the numbers tell of %s", secret)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}
