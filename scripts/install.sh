#!/bin/sh
# Installs the named programs with apt-get where this is possible: as root, on Debian and its kin. Elsewhere it says in
# one line how to get what is missing. With --required a missing program is an error; without, it is only said.
set -eu

required=false
if [ "${1:-}" = --required ]; then
	required=true
	shift
fi

packages_of() {
	case $1 in
	ffmpeg) echo ffmpeg ;;
	chromium) echo chromium fonts-noto-core fonts-noto-cjk ;;
	gcc) echo gcc libc6-dev ;;
	*) echo "$1" ;;
	esac
}

without() {
	case $1 in
	ffmpeg) echo "videos cannot be prepared for phones; messages, news and finished videos work" ;;
	*) echo "the tests cannot run" ;;
	esac
}

missing=
for program; do
	command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	packages=
	for program in $missing; do
		packages="$packages $(packages_of "$program")"
	done
	echo "Installing$packages ..."
	# shellcheck disable=SC2086 # a list of words is meant
	(apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages) \
		>/dev/null || echo "apt-get could not install$packages"
fi

status=0
for program in $missing; do
	command -v "$program" >/dev/null 2>&1 && continue
	echo "$program is missing: 'sudo apt-get install $(packages_of "$program")'. Without it $(without "$program")."
	$required && status=1
done
exit $status
