package bench

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
)

// unit says how a figure is written; figures are in its base: seconds, bytes, or as they are.
type unit int

const (
	seconds unit = iota
	bytesOf
	times
	perSecond
)

func (u unit) format(v float64) string {
	switch u {
	case seconds:
		return scaled(v, 1000, []string{"ns", "us", "ms", "s"}, 1e-9)
	case bytesOf:
		return scaled(v, 1024, []string{"B", "KB", "MB", "GB"}, 1)
	case perSecond:
		return threeDigits(v) + " /s"
	}
	return threeDigits(v) + " x"
}

// scaled writes v in the unit that leaves one to three digits before the point; smallest is the first unit's size.
func scaled(v float64, step float64, units []string, smallest float64) string {
	v /= smallest
	i := 0
	for math.Abs(v) >= step*0.9995 && i < len(units)-1 {
		v /= step
		i++
	}
	return threeDigits(v) + " " + units[i]
}

// threeDigits writes what a measurement is good for.
func threeDigits(v float64) string {
	switch a := math.Abs(v); {
	case a == 0:
		return "0"
	case a < 0.0995:
		return fmt.Sprintf("%.3f", v)
	case a < 9.995:
		return fmt.Sprintf("%.2f", v)
	case a < 99.95:
		return fmt.Sprintf("%.1f", v)
	}
	return thousands(fmt.Sprintf("%.0f", v))
}

// thousands puts commas into a whole number.
func thousands(digits string) string {
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// row is one line of the table.
type row struct {
	group  string
	what   string
	unit   unit
	figure float64

	target  float64 // 0: none
	atLeast bool    // the target is a lower bound

	limit     float64 // what this machine needs for the part of it that nobody can leave out; 0: nothing to compare with
	limitName string

	note    string
	missing string // why there is no figure, though nothing went wrong
	failed  error  // what went wrong instead of a figure
}

func (r row) missed() bool {
	switch {
	case r.failed != nil || r.missing != "":
		return true
	case r.target == 0:
		return false
	case r.atLeast:
		return r.figure < r.target
	}
	return r.figure > r.target
}

// cells are the row's columns: what, figure, target, verdict, limit, ratio, note.
func (r row) cells() []string {
	if r.failed != nil {
		reason, _, _ := strings.Cut(r.failed.Error(), "\n")
		return []string{r.what, "-", "", "FAILED", "", "", reason}
	}
	if r.missing != "" {
		return []string{r.what, "-", "", "MISSED", "", "", r.missing}
	}
	cells := []string{r.what, r.unit.format(r.figure), "", "", "", "", r.note}
	if r.target != 0 {
		sign := "at most "
		if r.atLeast {
			sign = "at least "
		}
		cells[2], cells[3] = sign+r.unit.format(r.target), "met"
		if r.missed() {
			cells[3] = "MISSED"
		}
	}
	if r.limit != 0 {
		cells[4] = r.unit.format(r.limit) + ": " + r.limitName
		cells[5] = threeDigits(r.figure / r.limit)
	}
	return cells
}

var headings = []string{"", "figure", "target", "", "this machine's limit", "ratio", ""}

// table is what a run has found, in order.
type table struct {
	title []string // lines about the run
	rows  []row
}

func (t *table) add(r row) { t.rows = append(t.rows, r) }

// write prints the table for a terminal.
func (t *table) write(w io.Writer) error {
	for _, line := range t.title {
		fmt.Fprintln(w, line)
	}
	fmt.Fprintln(w)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, strings.Join(headings, "\t"))
	group := ""
	for _, r := range t.rows {
		if r.group != group {
			fmt.Fprintf(tw, "%s%s\n", r.group, strings.Repeat("\t", len(headings)-1))
			group = r.group
		}
		fmt.Fprintln(tw, "  "+strings.Join(r.cells(), "\t"))
	}
	return tw.Flush()
}

// markdown writes the table as a page.
func (t *table) markdown(w io.Writer) error {
	fmt.Fprint(w, "# Measures\n\nMade by `make bench BENCH_FLAGS='-md FILE'`; `internal/bench` tells how each line is "+
		"measured.\n\n")
	for _, line := range t.title {
		fmt.Fprintf(w, "- %s\n", line)
	}
	fmt.Fprintf(w, "\n| %s |\n|%s\n", strings.Join(headings, " | "), strings.Repeat(" --- |", len(headings)))
	group := ""
	var err error
	for _, r := range t.rows {
		if r.group != group {
			fmt.Fprintf(w, "| **%s** |%s\n", r.group, strings.Repeat(" |", len(headings)-1))
			group = r.group
		}
		cells := r.cells()
		for i := range cells {
			cells[i] = strings.ReplaceAll(cells[i], "|", `\|`)
		}
		if r.missed() {
			cells[3] = "**" + cells[3] + "**"
		}
		_, err = fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
	}
	return err
}
