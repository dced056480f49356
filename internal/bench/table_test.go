package bench

import (
	"errors"
	"strings"
	"testing"
)

func TestUnits(t *testing.T) {
	for _, c := range []struct {
		unit unit
		v    float64
		want string
	}{
		{seconds, 55e-6, "55.0 us"}, {seconds, 0.0031, "3.10 ms"}, {seconds, 12, "12.0 s"}, {seconds, 7e-10, "0.70 ns"},
		{seconds, 999.9e-6, "1.00 ms"}, {seconds, -2e-6, "-2.00 us"},
		{bytesOf, 0, "0 B"}, {bytesOf, 3 << 10, "3.00 KB"}, {bytesOf, 500 << 20, "500 MB"}, {bytesOf, 5 << 40, "5,120 GB"},
		{times, 1.25, "1.25 x"}, {times, 0.001, "0.001 x"}, {perSecond, 60000, "60,000 /s"},
		{perSecond, 1234567, "1,234,567 /s"},
	} {
		if got := c.unit.format(c.v); got != c.want {
			t.Errorf("%v: got %q, want %q", c.v, got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	var text, page strings.Builder
	table := Table{table{title: []string{"a node"}}}
	table.add(row{group: "One", what: "quick", unit: seconds, figure: 1e-6, target: 2e-6, limit: 5e-7, limitName: "a|b"})
	table.add(row{group: "One", what: "slow", unit: seconds, figure: 3e-6, target: 2e-6})
	table.add(row{group: "Two", what: "few", unit: perSecond, figure: 9, target: 10, atLeast: true, note: "so it is"})
	table.add(row{group: "Two", what: "untold", figure: 1})
	table.add(row{group: "Two", what: "absent", missing: "not negotiated"})
	table.add(row{group: "Two", what: "broken", failed: errors.New("gone\nand more")})
	if err := table.Write(&text); err != nil {
		t.Fatal(err)
	}
	if err := table.Markdown(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"a node\n", "\nOne", "\nTwo", "  quick   1.00 us  at most 2.00 us   met     500 ns: a|b           2.00",
		"  slow    3.00 us  at most 2.00 us   MISSED", "  few     9.00 /s  at least 10.0 /s  MISSED", "so it is",
		"  absent  -                          MISSED", "not negotiated", "  broken  -                          FAILED",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("there is no %q in\n%s", want, &text)
		}
	}
	for _, want := range []string{
		"- a node\n", "\n| **One** |", "\n| quick | 1.00 us | at most 2.00 us | met | 500 ns: a\\|b | 2.00 |  |\n",
		"\n| slow | 3.00 us | at most 2.00 us | **MISSED** |", "| untold | 1.00 s |  |  |  |  |  |", "| **FAILED** |",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("there is no %q in\n%s", want, &page)
		}
	}
	if n := table.Failed(); n != 1 {
		t.Errorf("%d failed, want 1", n)
	}
}

func TestQuantile(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	if got := median(values); got != 3 {
		t.Errorf("median %v", got)
	}
	if got := quantile(values, 0.99); got != 5 {
		t.Errorf("p99 %v", got)
	}
	if got := median(nil); got != 0 {
		t.Errorf("median of nothing %v", got)
	}
}
