package dataset

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"

	"madang/internal/nostr"
)

// Line is one event of a file.
type Line struct {
	JSON   []byte
	Kind   uint16
	ID     nostr.ID
	PubKey nostr.PubKey
	To     string // the recipient's key as hex, of a gift wrap
}

// Scan hands the file's first n events to each, in order. A line's JSON is valid until each returns.
func Scan(name string, n int, each func(Line) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	for i := range n {
		text, err := r.ReadSlice('\n')
		if err == io.EOF {
			return fmt.Errorf("%s has %d events, not %d", name, i, n)
		}
		if err != nil {
			return err
		}
		line, err := parse(text[:len(text)-1])
		if err == nil {
			err = each(line)
		}
		if err != nil {
			return fmt.Errorf("%s, line %d: %w", name, i+1, err)
		}
	}
	return nil
}

// Where a maker's lines have what Scan wants; the numbers after it vary in length.
const (
	idAt     = len(`{"id":"`)
	pubKeyAt = idAt + 64 + len(`","pubkey":"`)
	afterKey = pubKeyAt + 64
)

// parse reads what it knows the place of, since decoding a million events would take longer than some measurements.
func parse(json []byte) (line Line, err error) {
	line.JSON = json
	kind := bytes.Index(json, []byte(`,"kind":`))
	if kind < afterKey {
		return line, fmt.Errorf("no event of ours: %.80q", json)
	}
	if line.ID, err = nostr.ParseID(string(json[idAt : idAt+64])); err != nil {
		return line, err
	}
	if line.PubKey, err = nostr.ParsePubKey(string(json[pubKeyAt:afterKey])); err != nil {
		return line, err
	}
	for _, c := range json[kind+len(`,"kind":`):] {
		if c < '0' || c > '9' {
			break
		}
		line.Kind = 10*line.Kind + uint16(c-'0')
	}
	if line.Kind == nostr.KindGiftWrap {
		const before = `"tags":[["p","`
		if p := bytes.Index(json, []byte(before)); p >= 0 && p+len(before)+64 <= len(json) {
			line.To = string(json[p+len(before) : p+len(before)+64])
		}
	}
	return line, nil
}
