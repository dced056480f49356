package web

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metrics"
)

func TestHistogramsArePrometheus(t *testing.T) {
	set := metrics.NewSet()
	set.NewCounter("a_total").Add(7)
	plain := set.NewHistogram("b_seconds")
	labelled := set.NewHistogram(`c_seconds{type="REQ"}`)
	set.NewCounter("d_total")
	values := []float64{0, 1e-9, 0.9e-6, 0.001, 0.002, 0.5, 0.9, 1, 1.05, 99, 1e5, 5e6, 1e12}
	for _, v := range values {
		plain.Update(v)
	}
	labelled.Update(0.3)

	var text strings.Builder
	writeMetrics(&text, set)
	lines := strings.Split(text.String(), "\n")
	if strings.Contains(text.String(), "vmrange") || !strings.Contains(text.String(), "a_total 7\n") {
		t.Fatalf("served:\n%s", &text)
	}
	last, bounds, sums := uint64(0), 0, map[string]string{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, " ")
		sums[name] = value
		bound, ok := strings.CutPrefix(name, `b_seconds_bucket{le="`)
		if !ok {
			continue
		}
		bound = strings.TrimSuffix(bound, `"}`)
		le, err := strconv.ParseFloat(bound, 64)
		if err != nil {
			t.Fatal(err)
		}
		got, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		// The library's ranges end where ours do, to three digits.
		low, high := uint64(0), uint64(0)
		for _, v := range values {
			if v <= le*0.99 {
				low++
			}
			if v <= le*1.01 {
				high++
			}
		}
		if math.IsInf(le, 1) {
			low = uint64(len(values))
		}
		if got < low || got > high || got < last {
			t.Errorf("%s: %d, want %d to %d and no less than %d", name, got, low, high, last)
		}
		last = got
		bounds++
	}
	if bounds != 38 || sums["b_seconds_count"] != "13" || sums[`b_seconds_bucket{le="+Inf"}`] != "13" {
		t.Errorf("%d bounds:\n%s", bounds, &text)
	}
	if sums[`c_seconds_bucket{type="REQ",le="0.215"}`] != "0" || sums[`c_seconds_bucket{type="REQ",le="0.464"}`] != "1" ||
		sums[`c_seconds_count{type="REQ"}`] != "1" {
		t.Errorf("with a label:\n%s", &text)
	}
}
