package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func printed(t *testing.T, c Config) string {
	t.Helper()
	var b strings.Builder
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDefaultsGoRound(t *testing.T) {
	c, err := Read(filepath.Join(t.TempDir(), FileName))
	if err != nil || c != Default() {
		t.Errorf("without a file: %+v, %v", c, err)
	}
	c, err = Read(write(t, ""))
	if err != nil || c != Default() {
		t.Errorf("an empty file: %+v, %v", c, err)
	}
	c, err = Read(write(t, printed(t, Default())))
	if err != nil || c != Default() {
		t.Errorf("the defaults as they are written: %+v, %v", c, err)
	}
}

// change gives every number below v another value, and returns how many there are.
func change(v reflect.Value, n int) int {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			n = change(v.Field(i), n)
		}
		return n
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(n+1) << 20) // a size and a number
	case reflect.Float64:
		v.SetFloat(float64(n) + 0.5)
	default:
		panic(fmt.Sprintf("a field of type %v has no form in the file", v.Type()))
	}
	return n + 1
}

func TestEveryFieldCanBeSet(t *testing.T) {
	want := Default()
	if n := change(reflect.ValueOf(&want).Elem(), 0); n < 20 {
		t.Fatalf("only %d fields", n)
	}
	got, err := Read(write(t, printed(t, want)))
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("written and read again:\n%+v\nwant\n%+v", got, want)
	}
}

func TestForms(t *testing.T) {
	c, err := Read(write(t, `
index.cache = "3 GiB"      # dotted
[relay]
results = 7
connection.letters = "0.5 a second, 3 at once"
message = "64 KiB"
queue = 131072
subscriptions = 1_000
[relay.address]
events = "any"
bytes = "1 MiB a second, 2097152 at once"
`))
	if err != nil {
		t.Fatal(err)
	}
	r := c.Relay
	if b := r.Addr.Bytes; b.PerSecond != 1<<20 || b.Burst != 2<<20 {
		t.Errorf("bytes: %+v", b)
	}
	if c.CacheSize != 3<<30 || r.Results != 7 ||
		r.Conn.Wraps.PerSecond != 0.5 || r.Conn.Wraps.Burst != 3 || r.Frame != 64<<10 || r.Queue != 128<<10 ||
		r.Subs != 1000 || r.Addr.Events.Burst != 0 || r.Addr.Queries != Default().Relay.Addr.Queries {
		t.Errorf("%+v", r)
	}
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"[relay]\n\nconections = 5\n":                           `line 3: there is no setting "relay.conections"`,
		"[relays]\nconnections = 5\n":                           `line 2: there is no setting "relays.connections"`,
		"# hello\nrelay = 5\n":                                  `line 2: there is no setting "relay"`,
		"[relay]\nconnections = \"many\"\n":                     "line 2: relay.connections: must be a whole number",
		"[relay]\nconnections = 0\n":                            "line 2: relay.connections: must be a number from 1",
		"[relay]\nconnections = 99999999999\n":                  "line 2: relay.connections: must be a number from 1",
		"[relay]\nmessage = \"5 apples\"\n":                     "line 2: relay.message: must be a size",
		"[relay]\nmessage = \"99999999999999 GiB\"\n":           "line 2: relay.message: must be a size",
		"[relay]\nmessage = \"4 GiB\"\n":                        "line 2: relay.message: must be less than 2 GiB",
		"[relay]\nmessage = 5\n":                                "line 2: relay.message: must be at least 1 KiB",
		"[relay]\nmessage = -5\n":                               "line 2: relay.message: must be at least 1 KiB",
		"[relay.key]\nevents = 5\n":                             "line 2: relay.key.events: must be a rate",
		"[relay.key]\nevents = \"5 a second\"\n":                "line 2: relay.key.events: must be a rate",
		"[relay.key]\nevents = \"0 a second, 5 at once\"\n":     "line 2: relay.key.events: must be a rate",
		"[relay.key]\nevents = \"NaN a second, 5 at once\"\n":   "line 2: relay.key.events: must be a rate",
		"[relay.key]\nevents = \"5 a second, 0 at once\"\n":     "line 2: relay.key.events: must be a rate",
		"[relay.key]\nevents = \"1 MiB a second, 5 at once\"\n": "line 2: relay.key.events: must be a rate",
		"[relay.address]\nbytes = \"1 MB a second, 1 at once\"": `line 2: relay.address.bytes: must be a rate, as in "1 MiB`,
		"relay = { connections = -1 }\n":                        "line 1: relay.connections: must be",
		"[[relay]]\nconnections = 1\n":                          `there is no setting "relay"`,
		"[relay]\nconnections = \n":                             "line 2: ",
		"[relay]\nkeys = 1\nkeys = 2\n":                         "line 3: ",
		"a = '\xff'\n":                                          "line 1: ",
		strings.Repeat("#", maxFile+1):                          "larger than 1 MiB",
	} {
		name := write(t, text)
		_, err := Read(name)
		var mistake *Error
		if !errors.As(err, &mistake) || !strings.HasPrefix(err.Error(), name) || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("%.40q: %v, want one line with %q", text, err, want)
		}
	}
}
