#!/bin/sh
# What must hold before anything else is tried: format, vet, staticcheck, tidy modules, types, lint.
set -eu
cd "$(dirname "$0")/.."

unformatted=$(gofmt -l $(git ls-files '*.go'))
if [ -n "$unformatted" ]; then
	echo "not formatted (make fmt):" $unformatted
	exit 1
fi
go vet ./...
go tool staticcheck ./...
go mod tidy -diff
(cd web && npm run check)
