package account

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	maxNameRunes = 40  // after normalising
	maxNameBytes = 640 // before it
)

// Name is a person's name in the forms that the node needs.
type Name struct {
	Shown  string // NFKC, as the person wrote it
	Folded string // by which names are compared: no two members' may be equal
	Local  string // the local part of the NIP-05 address: a-z, 0-9, "-", "_" and "."
}

// ParseName checks and folds a name, or fails with ErrNameInvalid. A name is 1 to 40 letters, marks, digits, spaces and
// . - _ ' of any script, with at least one letter or digit. Nothing that cannot be seen is let in: no controls, no
// bidirectional overrides, no fillers, no space but U+0020.
func ParseName(s string) (Name, error) {
	if len(s) > maxNameBytes || !utf8.ValidString(s) {
		return Name{}, fmt.Errorf("%w: too long, or not UTF-8", ErrNameInvalid)
	}
	shown := strings.Trim(norm.NFKC.String(s), " ")
	if n := utf8.RuneCountInString(shown); n == 0 || n > maxNameRunes {
		return Name{}, fmt.Errorf("%w: %d characters, want 1 to %d", ErrNameInvalid, n, maxNameRunes)
	}
	if err := checkRunes(shown); err != nil {
		return Name{}, err
	}
	name := Name{Shown: shown, Folded: foldName(shown)}
	var err error
	name.Local, err = localPart(name.Folded)
	return name, err
}

func checkRunes(name string) error {
	solid := false
	var last rune
	for i, r := range name {
		switch {
		case unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			return fmt.Errorf("%w: U+%04X cannot be seen", ErrNameInvalid, r)
		case unicode.IsLetter(r), unicode.IsDigit(r):
			solid = true
		case unicode.IsMark(r):
			if i == 0 || last == ' ' {
				return fmt.Errorf("%w: U+%04X has no letter to stand on", ErrNameInvalid, r)
			}
		case r == ' ' && last == ' ':
			return fmt.Errorf("%w: two spaces in a row", ErrNameInvalid)
		case !strings.ContainsRune(" .-_'", r):
			return fmt.Errorf("%w: U+%04X is neither letter nor digit", ErrNameInvalid, r)
		}
		last = r
	}
	if !solid {
		return fmt.Errorf("%w: no letter or digit", ErrNameInvalid)
	}
	return nil
}

// foldName folds case after NFKC. Folding can undo the normal form and the form can bring back a capital, so both are
// done twice, after which neither changes anything more.
func foldName(s string) string {
	fold := cases.Fold()
	for range 2 {
		s = norm.NFKC.String(fold.String(s))
	}
	return s
}

// localPart is the folded name with spaces as hyphens and without apostrophes, in Punycode where it is not ASCII.
func localPart(folded string) (string, error) {
	local := strings.NewReplacer(" ", "-", "'", "").Replace(folded)
	if strings.HasPrefix(local, "xn--") {
		return "", fmt.Errorf("%w: begins like Punycode", ErrNameInvalid)
	}
	local, err := idna.Punycode.ToASCII(local)
	if err != nil {
		return "", fmt.Errorf("%w: %v", ErrNameInvalid, err)
	}
	for i := range len(local) {
		if c := local[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("-_.", rune(c)) {
			return "", fmt.Errorf("%w: has no NIP-05 form", ErrNameInvalid)
		}
	}
	return local, nil
}
