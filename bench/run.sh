#!/usr/bin/env bash
# Builds the benchmarks (release) and runs them all; writes bench/results/<date>.md and .json (one object a program).
#   bench/run.sh            as the README's figures were made: some minutes, on an otherwise idle machine
#   bench/run.sh --short    a tenth of the messages: does it run at all
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

messages=2000000
min_time=0.2
if [[ ${1:-} == --short ]]; then
  messages=200000
  min_time=0.02
elif (($#)); then
  echo "usage: bench/run.sh [--short]" >&2
  exit 2
fi

cmake --preset release >/dev/null
cmake --build --preset release -j 2 >/dev/null

mkdir -p bench/results
name=bench/results/$(date -u +%Y-%m-%d)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
programs=build/release/bench

{
  echo "# Measured $(date -u +%Y-%m-%d), commit $(git describe --always --dirty)"
  echo
  "$programs/index_bench" --messages "$messages" --dir "$work" --json "$work/index_bench.json"
  echo
  if [[ -x $programs/search_bench ]]; then
    "$programs/search_bench" --messages "$messages" --dir "$work" --json "$work/search_bench.json"
    echo
  fi
  for program in "$programs"/*_bench; do
    bench=${program##*/}
    [[ $bench == index_bench || $bench == search_bench ]] && continue
    echo "## $bench"
    echo
    echo '```'
    "$program" --benchmark_min_time="$min_time" --benchmark_out="$work/$bench.json" --benchmark_out_format=json 2>/dev/null
    echo '```'
    echo
  done
} | tee "$name.md"

{
  echo "{"
  separator=""
  for file in "$work"/*.json; do
    printf '%s"%s": ' "$separator" "$(basename "$file" .json)"
    cat "$file"
    separator=","
  done
  echo "}"
} >"$name.json"
echo "written: $name.md, $name.json"
