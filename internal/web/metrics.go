package web

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/VictoriaMetrics/metrics"
)

func (h *Handler) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	writeMetrics(w, h.cfg.Metrics)
}

// The library counts in some three hundred narrow ranges, 18 to a power of ten, and writes those that were met, in a form
// of its own. What is served has Prometheus's: always the same bounds, 3 to a power of ten, which are ends of ranges too.
const (
	narrow     = 18
	wide       = 3
	firstPower = -6 // the smallest bound is 10^-6: a microsecond
	lastPower  = 6  // the largest but +Inf: a million
)

// writeMetrics writes a set in Prometheus's text format.
func writeMetrics(w io.Writer, set *metrics.Set) {
	var text bytes.Buffer
	set.WritePrometheus(&text)
	out := bufio.NewWriter(w) // its errors mean that the reader has gone
	defer out.Flush()
	var h histogram
	lines := bufio.NewScanner(&text)
	for lines.Scan() {
		line := lines.Text()
		if series, end, n, ok := parseRange(line); ok {
			h.add(series, end, n)
			continue
		}
		h.write(out)
		h = histogram{}
		out.WriteString(line)
		out.WriteByte('\n')
	}
	h.write(out)
}

// histogram gathers the ranges of one series.
type histogram struct {
	series  string // name_bucket{labels, or name_bucket{
	buckets [(lastPower-firstPower)*wide + 2]uint64
}

// add counts n values of a range that ends at end in the bucket that contains it.
func (h *histogram) add(series string, end float64, n uint64) {
	h.series = series
	step := math.Round(math.Log10(end) * narrow) // ends are powers of the 18th root of ten, written to three digits
	i := math.Ceil((step - firstPower*narrow) * wide / narrow)
	h.buckets[int(min(max(i, 0), float64(len(h.buckets)-1)))] += n
}

func (h *histogram) write(w io.Writer) {
	if h.series == "" {
		return
	}
	var sum uint64
	for i, n := range h.buckets {
		sum += n
		bound := "+Inf"
		if i < len(h.buckets)-1 {
			bound = strconv.FormatFloat(math.Pow(10, firstPower+float64(i)/wide), 'g', 3, 64)
		}
		fmt.Fprintf(w, "%sle=%q} %d\n", h.series, bound, sum)
	}
}

// parseRange reads a line such as `name_bucket{type="REQ",vmrange="1.000e-03...1.136e-03"} 5`.
func parseRange(line string) (series string, end float64, n uint64, ok bool) {
	series, rest, ok := strings.Cut(line, `vmrange="`)
	if !ok {
		return "", 0, 0, false
	}
	bounds, count, _ := strings.Cut(rest, `"} `)
	_, upper, _ := strings.Cut(bounds, "...")
	end, err := strconv.ParseFloat(upper, 64)
	if err != nil {
		return "", 0, 0, false
	}
	n, err = strconv.ParseUint(count, 10, 64)
	return series, end, n, err == nil
}
