package api

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"madang/internal/policy"
)

func TestAnOperatorSetsTheClock(t *testing.T) {
	n := newNode(t)
	operator, _ := n.member("Op", policy.Operator)
	editor, _ := n.member("Ed", policy.Editor)
	if got := n.get("/api/node").body["clock"]; got != "known" {
		t.Errorf("at first: %v", got)
	}

	// The node falls back to 1970, and so does whoever dates a request by it.
	n.ahead.Store(int64(-time.Since(time.Unix(0, 0))))
	n.doubted.Store(true)
	if got := n.get("/api/node").body; got["clock"] != "unknown" || got["time"].(float64) > 60 {
		t.Errorf("without a clock: %v", got)
	}
	told := n.get("/api/clock")
	word, _ := told.body["challenge"].(string)
	if told.status != http.StatusOK || told.body["known"] != false || told.body["time"].(float64) > 60_000 || word == "" {
		t.Fatalf("GET /api/clock: %v", told)
	}
	right := time.Now().UnixMilli()
	setting := object{"time": right, "challenge": word}
	for _, c := range []struct {
		what   string
		answer answer
		status int
		code   string
	}{
		{"unsigned", n.post("/api/clock", setting), http.StatusUnauthorized, "unauthorized"},
		{"by an editor", n.send("POST", "/api/clock", setting, &editor), http.StatusForbidden, "not-allowed"},
		{"without the word", n.send("POST", "/api/clock", object{"time": right}, &operator), http.StatusConflict, "stale"},
		{"to 1971", n.send("POST", "/api/clock", object{"time": 40_000_000_000, "challenge": word}, &operator),
			http.StatusBadRequest, "time-implausible"},
		{"no time", n.send("POST", "/api/clock", object{"time": "now", "challenge": word}, &operator),
			http.StatusBadRequest, "bad-request"},
		{"by DELETE", n.send("DELETE", "/api/clock", nil, &operator), http.StatusMethodNotAllowed, "method-not-allowed"},
	} {
		n.want(c.what, c.answer, c.status, c.code)
	}
	if n.Known() {
		t.Error("a refused request has set the clock")
	}

	// Signed in 1970, it is taken once, whoever sends it again.
	body, err := json.Marshal(setting)
	check(t, err)
	req, err := http.NewRequest(http.MethodPost, n.url+"/api/clock", nil)
	check(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", n.authorization(http.MethodPost, "/api/clock", body, operator))
	for i, status := range []int{http.StatusOK, http.StatusConflict} {
		again := req.Clone(t.Context())
		again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		a := n.do(again)
		if a.status != status {
			t.Errorf("sent %d times: %d %v", i+1, a.status, a.body)
		}
		if i == 0 && (a.body["known"] != true || a.body["time"].(float64) < float64(right)) {
			t.Errorf("the answer: %v", a.body)
		}
	}
	if off := time.Since(n.now()).Abs(); off > time.Minute {
		t.Errorf("the clock is %v off", off)
	}
}
