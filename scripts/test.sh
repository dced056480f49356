#!/bin/sh
# Every test, the quick ones first, so that a mistake is seen early. make test has installed what they need.
set -eu
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$1"; }

step 'build'
make --no-print-directory build
step 'check'
make --no-print-directory check
step 'web unit tests'
make --no-print-directory web-test
step 'Go tests with the race detector'
go test -race -timeout 30m ./... # the default of 10 minutes is short where the machine is busy
step 'fuzz, 2000 inputs each'
FUZZTIME=${FUZZTIME:-2000x} scripts/fuzz.sh
step 'a person'"'"'s paths in Chromium'
make --no-print-directory e2e
step 'other machines'
make --no-print-directory cross
