// Package client holds the built web client, so that one binary carries all of Madang. `make client` builds it; without
// that, the directory is empty and the node serves only its plain pages.
package client

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the client's files, with index.html at the root when it was built.
func Files() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path
	}
	return sub
}
