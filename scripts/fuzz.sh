#!/bin/sh
# Runs every fuzz target of the module for FUZZTIME, one after another (go test takes one target at a time). What it finds
# on its way it makes small for 200 tries, not for the default of a minute, in which nothing new is tried.
set -eu
cd "$(dirname "$0")/.."

grep -rl --include='*_test.go' '^func Fuzz' internal | xargs -n1 dirname | sort -u | while read -r dir; do
	sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$dir"/*_test.go | while read -r target; do
		echo "fuzz ./$dir $target"
		go test "./$dir" -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-5s}" -fuzzminimizetime 200x \
			-parallel 2
	done
done
