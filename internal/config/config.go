// Package config reads the limits that an operator may set in the data directory's config.toml (TOML 1.0). A node runs
// well without one: each key has a default. docs/operating.md tells each key in a sentence.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/BurntSushi/toml"

	"madang/internal/web/relay"
)

// FileName is the file's in the data directory.
const FileName = "config.toml"

const maxFile = 1 << 20 // bytes

// Config is all that can be set.
type Config struct {
	Relay     relay.Limits
	CacheSize int64 // of the index, bytes
	MinWork   int   // bits that strangers' events must have (NIP-13)
}

// Default is what holds without a file.
func Default() Config {
	return Config{Relay: relay.DefaultLimits(), CacheSize: 64 << 20}
}

// Error is a mistake in a file; its text names file, line and key.
type Error struct {
	File string
	Line int // from 1; 0 where the file as a whole is at fault
	Text string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Text
	}
	return fmt.Sprintf("%s, line %d: %s", e.File, e.Line, e.Text)
}

// Read reads a file over the defaults; one that is not there changes nothing. What it holds wrongly is an *Error.
func Read(name string) (Config, error) {
	c := Default()
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return c, err
	}
	if len(text) > maxFile {
		return c, &Error{File: name, Text: "larger than 1 MiB"}
	}
	err = c.parse(text)
	var mistake *Error
	if errors.As(err, &mistake) {
		mistake.File = name
	}
	return c, err
}

// parse sets what the text says.
func (c *Config) parse(text []byte) error {
	given := map[string]any{}
	if _, err := toml.NewDecoder(bytes.NewReader(text)).Decode(&given); err != nil {
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			return &Error{Line: syntax.Position.Line, Text: syntax.Message}
		}
		return &Error{Text: err.Error()}
	}
	known := map[string]setting{}
	for _, s := range c.settings() {
		known[s.key] = s
	}
	return eachValue("", given, func(key string, v any) error {
		s, ok := known[key]
		if !ok {
			return &Error{Line: lineOf(text, key), Text: fmt.Sprintf("there is no setting %q; madang config lists all", key)}
		}
		if err := s.value.set(v); err != nil {
			return &Error{Line: lineOf(text, key), Text: fmt.Sprintf("%s: %v", key, err)}
		}
		return nil
	})
}

// eachValue calls fn with each value below a table, by its dotted key.
func eachValue(prefix string, table map[string]any, fn func(key string, v any) error) error {
	for _, name := range sortedKeys(table) {
		var err error
		if below, ok := table[name].(map[string]any); ok {
			err = eachValue(prefix+name+".", below, fn)
		} else {
			err = fn(prefix+name, table[name])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lineOf finds where a dotted key stands in a text that is good TOML, or returns 0: the parser does not tell. It knows
// tables in brackets and plain keys, which is how people write.
func lineOf(text []byte, key string) int {
	table, n := "", 0
	for line := range strings.Lines(string(text)) {
		n++
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		if inner, ok := strings.CutPrefix(line, "["); ok {
			table = strings.TrimSpace(strings.TrimRight(strings.TrimSpace(inner), "]")) + "."
			continue
		}
		name, _, ok := strings.Cut(line, "=")
		if full := table + strings.TrimSpace(name); ok && (full == key || strings.HasPrefix(key, full+".")) {
			return n
		}
	}
	return 0
}

const head = `# Limits of this node. Every line may be left out, and the file with them.
# Sizes are in bytes, or as "512 KiB", "1 MiB" and so on. A rate is how often something may happen, as in "50 a second,
# 500 at once": the second number is how much may be saved up. "any" is no bound. Changes count from the next start.
`

// Write writes the configuration as a file that can be read again, each key with what it means.
func (c Config) Write(w io.Writer) error {
	var b strings.Builder
	b.WriteString(head)
	table := ""
	for _, s := range c.settings() {
		at := strings.LastIndex(s.key, ".")
		if s.key[:at] != table {
			table = s.key[:at]
			fmt.Fprintf(&b, "\n[%s]\n", table)
		}
		fmt.Fprintf(&b, "# %s.\n%s = %s\n", s.means, s.key[at+1:], s.value)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
