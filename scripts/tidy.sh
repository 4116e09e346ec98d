#!/usr/bin/env bash
# clang-tidy (configured in .clang-tidy) over the sources that a build directory compiles, two at a time.
#   scripts/tidy.sh BUILD_DIR [PATH_PREFIX…]     only sources whose path from the root begins so
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=${1:?"usage: scripts/tidy.sh BUILD_DIR [PATH_PREFIX…]"}
shift
mapfile -t files < <(sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' "$build/compile_commands.json" | sort -u)
chosen=()
for file in "${files[@]}"; do
  path=${file#"$PWD"/}
  [[ -f $path ]] || continue
  (($#)) || chosen+=("$path")
  for prefix; do
    if [[ $path == "$prefix"* ]]; then
      chosen+=("$path")
      break
    fi
  done
done

# What clang-tidy says of system headers ("12345 warnings generated") goes to stderr and is of no use.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! printf '%s\0' "${chosen[@]}" | xargs -0 -P 2 -n 1 clang-tidy-14 -p "$build" --quiet >"$log" 2>"$log.err"; then
  cat "$log"
  grep -v 'warnings\? \(and [0-9]* errors\? \)\?generated' "$log.err" >&2 || true
  rm -f "$log.err"
  exit 1
fi
rm -f "$log.err"
