package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"madang/internal/web/relay"
)

// value is something that TOML can set: set takes what the parser made of it, String is how it is written.
type value interface {
	set(any) error
	fmt.Stringer
}

// count is a whole number of at least min.
type count struct {
	to  *int
	min int
}

func (c count) set(v any) error {
	n, ok := v.(int64)
	if !ok {
		return errors.New("must be a whole number, as in 100")
	}
	if n < int64(c.min) || n > math.MaxInt32 {
		return fmt.Errorf("must be a number from %d to %d", c.min, math.MaxInt32)
	}
	*c.to = int(n)
	return nil
}

func (c count) String() string { return strconv.Itoa(*c.to) }

// size is a number of bytes of at least min.
type size struct {
	to  *int
	min int
}

func (s size) set(v any) error {
	var n int64
	err := size64{&n, int64(s.min)}.set(v)
	if err == nil && n > math.MaxInt32 {
		err = errors.New("must be less than 2 GiB")
	}
	if err == nil {
		*s.to = int(n)
	}
	return err
}

func (s size) String() string { return strconv.Quote(formatSize(int64(*s.to))) }

// size64 is size without an end.
type size64 struct {
	to  *int64
	min int64
}

func (s size64) set(v any) error {
	n, err := parseSize(v)
	if err != nil {
		return err
	}
	if n < s.min {
		return fmt.Errorf("must be at least %s", formatSize(s.min))
	}
	*s.to = n
	return nil
}

func (s size64) String() string { return strconv.Quote(formatSize(*s.to)) }

var units = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

var errSize = errors.New(`must be a size, as in "512 KiB" or "1 MiB"`)

// parseSize reads a number of bytes, or a whole number and a unit.
func parseSize(v any) (int64, error) {
	if n, ok := v.(int64); ok {
		return n, nil
	}
	text, _ := v.(string)
	for _, u := range units {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/u.bytes {
			return 0, errSize
		}
		return n * u.bytes, nil
	}
	return 0, errSize
}

func formatSize(n int64) string {
	for _, u := range units {
		if n%u.bytes == 0 && n >= u.bytes {
			return fmt.Sprintf("%d %s", n/u.bytes, u.name)
		}
	}
	return "0 B"
}

// rate is a token bucket, of things or of bytes; the zero one has no bound.
type rate struct {
	to    *relay.Rate
	bytes bool
}

const unbounded = "any"

var (
	errRate     = errors.New(`must be a rate, as in "50 a second, 500 at once", or "any"`)
	errByteRate = errors.New(`must be a rate, as in "1 MiB a second, 16 MiB at once", or "any"`)
)

func (r rate) set(v any) error {
	if v == unbounded {
		*r.to = relay.Rate{}
		return nil
	}
	text, _ := v.(string)
	often, burst, _ := strings.Cut(text, ",")
	perSecond, ok := r.number(often, "a second")
	atOnce, ok2 := r.number(burst, "at once")
	if !ok || !ok2 || atOnce < 1 || atOnce != math.Trunc(atOnce) {
		if r.bytes {
			return errByteRate
		}
		return errRate
	}
	*r.to = relay.Rate{PerSecond: perSecond, Burst: int(atOnce)}
	return nil
}

// number reads what stands before the words.
func (r rate) number(text, words string) (float64, bool) {
	digits, ok := strings.CutSuffix(strings.TrimSpace(text), words)
	if !ok {
		return 0, false
	}
	digits = strings.TrimSpace(digits)
	if n, err := parseSize(digits); r.bytes && err == nil {
		return float64(n), n > 0 && n <= math.MaxInt32
	}
	n, err := strconv.ParseFloat(digits, 64)
	return n, err == nil && n > 0 && n <= math.MaxInt32
}

func (r rate) String() string {
	if *r.to == (relay.Rate{}) {
		return strconv.Quote(unbounded)
	}
	often := strconv.FormatFloat(r.to.PerSecond, 'f', -1, 64)
	burst := strconv.Itoa(r.to.Burst)
	if r.bytes && r.to.PerSecond == math.Trunc(r.to.PerSecond) {
		often, burst = formatSize(int64(r.to.PerSecond)), formatSize(int64(r.to.Burst))
	}
	return strconv.Quote(fmt.Sprintf("%s a second, %s at once", often, burst))
}
