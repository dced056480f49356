package account

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestParseName(t *testing.T) {
	for _, c := range []struct{ in, shown, folded, local string }{
		{"Mina", "Mina", "mina", "mina"},
		{"  Grace O'Neil ", "Grace O'Neil", "grace o'neil", "grace-oneil"},
		{"김철수", "김철수", "김철수", "xn--4k0b998acvh"},
		{norm.NFD.String("김철수"), "김철수", "김철수", "xn--4k0b998acvh"},
		{"سارة", "سارة", "سارة", "xn--mgbexg"},
		{"Ｍｉｎａ", "Mina", "mina", "mina"},
		{"Straße", "Straße", "strasse", "strasse"},
		{"ÉLODIE", "ÉLODIE", "élodie", "xn--lodie-9ra"},
		{"s.p-k_7", "s.p-k_7", "s.p-k_7", "s.p-k_7"},
		{"मीना", "मीना", "मीना", "xn--l2bl3cg"},
	} {
		got, err := ParseName(c.in)
		if err != nil || got.Shown != c.shown || got.Folded != c.folded || got.Local != c.local {
			t.Errorf("%q: got %+q, %v; want %+q %+q %+q", c.in, got, err, c.shown, c.folded, c.local)
		}
	}
}

func TestParseNameRefuses(t *testing.T) {
	for _, in := range []string{
		"", "   ", "...", "_", "a\nb", "a\tb", "a  b",
		"a\u200bb", "a\u200db", "a\u202eb", "a\u2066b", "\ufeffa", "a\u00adb", // zero width, bidi, soft hyphen
		"\u3164", "a\u115fb", "\uffa0", "\u2800", "a\u034fb", "a\ufe0f", // fillers, joiners, selectors
		"a\u2028b", "a\u1680b", // spaces that NFKC leaves
		"\u0301a", "a \u0301", // marks on nothing
		"a@b", "a/b", "<b>", `a"b`, "🐐", "xn--goat", "XN--goat",
		strings.Repeat("a", 41), strings.Repeat("a", 700), "\xff",
	} {
		if got, err := ParseName(in); !errors.Is(err, ErrNameInvalid) {
			t.Errorf("%+q: got %+q, %v; want ErrNameInvalid", in, got, err)
		}
	}
}

func TestParseNameIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name, err := ParseName(rapid.String().Draw(t, "name"))
		if err != nil {
			return
		}
		for _, again := range []string{name.Shown, norm.NFD.String(name.Shown), " " + name.Shown + " "} {
			if got, err := ParseName(again); err != nil || got != name {
				t.Fatalf("%+q parsed again as %+q: %+q, %v", name, again, got, err)
			}
		}
		if foldName(name.Folded) != name.Folded {
			t.Fatalf("%+q folds on to %+q", name.Folded, foldName(name.Folded))
		}
	})
}
