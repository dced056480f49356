package archtest

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const specsFile = "docs/specs.tsv"

// spec is a line of docs/specs.tsv: how far one specification is implemented, where, and which tests hold it.
type spec struct {
	name, status    string
	packages, tests []string // empty for what is left out
}

func TestSpecs(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range specs(t) {
		if seen[s.name] {
			t.Errorf("%s is there twice", s.name)
		}
		seen[s.name] = true
		switch s.status {
		case "no":
			if len(s.packages) > 0 || len(s.tests) > 0 {
				t.Errorf("%s is left out, and yet has packages or tests", s.name)
			}
		case "full", "part", "reads", "stored":
			if len(s.packages) == 0 || len(s.tests) == 0 {
				t.Errorf("%s needs a package and a test", s.name)
			}
		default:
			t.Errorf("%s: status %q is not full, part, reads, stored or no", s.name, s.status)
		}
		for _, dir := range s.packages {
			if info, err := os.Stat(filepath.Join(root, dir)); err != nil || !info.IsDir() {
				t.Errorf("%s: there is no package %s", s.name, dir)
			}
		}
		for _, test := range s.tests {
			checkTest(t, s.name, test)
		}
	}
}

// checkTest finds a test by its name: "internal/nostr:TestX", or a file of the client's tests.
func checkTest(t *testing.T, spec, test string) {
	t.Helper()
	dir, name, isGo := strings.Cut(test, ":")
	if !isGo {
		if info, err := os.Stat(filepath.Join(root, test)); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s: there is no test %s", spec, test)
		}
		return
	}
	files, err := filepath.Glob(filepath.Join(root, dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(source, []byte("\nfunc "+name+"(")) {
			return
		}
	}
	t.Errorf("%s: there is no test %s in %s", spec, name, dir)
}

// relayRooms are the packages where a NIP must be implemented to be one that the relay supports (NIP-11).
var relayRooms = []string{"internal/web/relay", "internal/ingest", "internal/index", "internal/web"}

var supportedNIPs = regexp.MustCompile(`SupportedNIPs:\s*\[\]int\{([0-9, ]+)\}`)

// TestSupportedNIPs compares what the relay says of itself with the table.
func TestSupportedNIPs(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(root, "internal/app/serve.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := supportedNIPs.FindSubmatch(source)
	if found == nil {
		t.Fatal("internal/app/serve.go has no list SupportedNIPs")
	}
	var told, table []int
	for word := range strings.SplitSeq(string(found[1]), ",") {
		nip, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, nip)
	}
	for _, s := range specs(t) {
		number, isNIP := strings.CutPrefix(s.name, "NIP-")
		inRelay := slices.ContainsFunc(s.packages, func(p string) bool { return slices.Contains(relayRooms, p) })
		if !isNIP || !inRelay || s.status == "reads" || s.status == "stored" {
			continue
		}
		nip, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		table = append(table, nip)
	}
	slices.Sort(told)
	slices.Sort(table)
	if !slices.Equal(told, table) {
		t.Errorf("the relay tells of NIPs %v, %s of %v", told, specsFile, table)
	}
}

// specs reads the table.
func specs(t *testing.T) (all []spec) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, specsFile))
	if err != nil {
		t.Fatal(err)
	}
	header, lines, _ := strings.Cut(strings.TrimSuffix(string(data), "\n"), "\n")
	if want := "spec\ttitle\tstatus\thow far\tpackage\ttest"; header != want {
		t.Fatalf("header %q, want %q", header, want)
	}
	for line := range strings.SplitSeq(lines, "\n") {
		fields := strings.Split(line, "\t")
		if len(fields) != 6 || slices.ContainsFunc(fields, isBlank) {
			t.Fatalf("want six fields, none empty or with spaces around it, in %q", line)
		}
		all = append(all, spec{name: fields[0], status: fields[2], packages: list(fields[4]), tests: list(fields[5])})
	}
	return all
}

func isBlank(field string) bool { return field == "" || strings.TrimSpace(field) != field }

// list reads names with commas between them; "-" is none.
func list(field string) []string {
	if field == "-" {
		return nil
	}
	return strings.Split(field, ", ")
}
