package app

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"madang/internal/config"
)

// documented returns the first cells of docs/operating.md's table rows that the pattern matches, in order.
func documented(t *testing.T, pattern string) (names []string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `("+pattern+")` \\| [^|]{10,} \\|$").FindAllSubmatch(text, -1) {
		names = append(names, string(row[1]))
	}
	return names
}

// same compares what is documented with what there is, both ways.
func same(t *testing.T, documented, there []string) {
	t.Helper()
	for _, name := range there {
		if !slices.Contains(documented, name) {
			t.Errorf("docs/operating.md has no sentence on %s", name)
		}
	}
	for _, name := range documented {
		if !slices.Contains(there, name) {
			t.Errorf("docs/operating.md speaks of %s, which there is not", name)
		}
	}
	if sorted := slices.Sorted(slices.Values(documented)); len(slices.Compact(sorted)) != len(documented) {
		t.Error("docs/operating.md tells something twice")
	}
}

func TestEverySettingIsDocumented(t *testing.T) {
	same(t, documented(t, `[a-z]+\.[a-z_.]+`), config.Keys())
}

func TestEveryMetricIsDocumented(t *testing.T) {
	a := open(t, testConfig(t.TempDir()))
	serve(t, a)
	var names []string
	for _, series := range a.Metrics.ListMetricNames() {
		name, _, _ := strings.Cut(series, "{")
		names = append(names, name)
	}
	slices.Sort(names)
	same(t, documented(t, `madang_[a-z_]+`), slices.Compact(names))
}
