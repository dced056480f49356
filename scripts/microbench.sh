#!/bin/sh
# Go benchmarks of every package, as one table: name, time, bytes and allocations an operation.
set -eu
cd "$(dirname "$0")/.."

go test -run '^$' -bench . -benchmem "$@" ./internal/... |
	awk '/^Benchmark/ { name = $1; sub(/-[0-9]+$/, "", name); sub(/^Benchmark/, "", name)
		printf "%-44s", name; for (i = 3; i < NF; i += 2) printf " %12s %-9s", $i, $(i + 1); print "" }
		/^FAIL|panic/ { print; failed = 1 } END { exit failed }'
