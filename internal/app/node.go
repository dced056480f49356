package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"madang/internal/durable"
	"madang/internal/nostr"
)

const defaultName = "Madang"

// nodeFile is node.json: what commands want to know of a node that is not running. It holds no secret.
type nodeFile struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"` // where people reached it when it last served

	Description string `json:"description,omitempty"` // what operators say of it, and where its picture is
	Icon        string `json:"icon,omitempty"`
}

func readNodeFile(dir string) (nodeFile, error) {
	var f nodeFile
	err := durable.ReadJSON(filepath.Join(dir, "node.json"), &f, 64<<10)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	return f, err
}

// LastURL returns where people reached the node of this data directory when it last served, or "".
func LastURL(dataDir string) (string, error) {
	f, err := readNodeFile(dataDir)
	return f.URL, err
}

// nodeKey reads the node's secret key, or makes one. A file that is there and cannot be read is an error: a new key
// would be a new node.
func nodeKey(name string) (nostr.SecretKey, error) {
	text, err := os.ReadFile(name)
	if err == nil {
		key, err := nostr.ParseSecretKey(strings.TrimSpace(string(text)))
		if err != nil {
			return key, fmt.Errorf("the node's key is damaged: %s: %w\nPut back a copy of that file", name, err)
		}
		return key, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nostr.SecretKey{}, fmt.Errorf("reading the node's key: %w", err)
	}
	key, err := nostr.GenerateKey()
	if err != nil {
		return key, err
	}
	if err := durable.AtomicWriteFile(name, []byte(key.Hex()+"\n"), 0o600); err != nil {
		return key, fmt.Errorf("keeping the node's key: %w", err)
	}
	return key, nil
}
