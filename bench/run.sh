#!/usr/bin/env bash
# Builds the benchmarks (release) and runs them all; writes bench/results/<date>-<messages>.md and .json. On an otherwise
# idle machine: with all peers, a million messages take about half an hour, most of it Xapian's and SQLite's.
#   bench/run.sh [--messages 1M|10M|30M] [--peers all|none|offline|NAME,NAME…] [--real] [--short]
#     --peers    lucene lucene-merged tantivy sqlite sqlite-trigram xapian scan; offline: those that need no network
#     --real     then the logs and poems in ../shared/data too, where present
#     --parts no     without the parts (Google Benchmark): the comparison only; --parts only: the other way round
#     --short    20,000 messages, offline peers, every question once, no parts: does it run at all
#     --runs N --repeat-minutes M --seconds S --minutes M --kafka real|test|none --build DIR --work DIR     see bench/compare/compare.py
# Installs what only the comparison needs, from Debian, when it runs as root; peers that can't be had are left out, and
# the table says why.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=build/release
work=build/bench
messages=1M
peers=all
parts=yes
real=no
short=no
comparison=()
while (($#)); do
  case $1 in
    --real) real=yes ;;
    --short) short=yes ;;
    --messages | --peers | --parts | --build | --work | --runs | --rounds | --seconds | --minutes | --repeat-minutes | --kafka)
      (($# > 1)) || { echo "$1 needs a value" >&2; exit 2; }
      case $1 in
        --messages) messages=$2 ;;
        --peers) peers=$2 ;;
        --parts) parts=$2 ;;
        --build) build=$2 ;;
        --work) work=$2 ;;
        *) comparison+=("$1" "$2") ;;
      esac
      shift
      ;;
    *)
      sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2
      exit 2
      ;;
  esac
  shift
done
if [[ $short == yes ]]; then
  messages=20k peers=offline parts=no
  comparison=(--kafka test --seconds 0.2 --rounds 1 "${comparison[@]}")
fi

# What only the comparison needs: SQLite's headers, a Java compiler. Without them those peers are left out.
if [[ $peers != none && $short == no ]] && command -v apt-get >/dev/null && ((EUID == 0)); then
  missing=()
  for package in libsqlite3-dev openjdk-17-jdk-headless maven kcat python3; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  if ((${#missing[@]})); then
    echo "bench/run.sh: installing ${missing[*]}" >&2
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${missing[@]}"; } \
      >/dev/null 2>&1 || echo "bench/run.sh: that failed; the peers that need it are left out" >&2
  fi
fi
# rustup's toolchain, where there is one.
PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin

if [[ $build == build/release ]]; then
  cmake --preset release -DKSEEK_BENCH=ON >/dev/null
  cmake --build --preset release -j 2 --target kseek bench/all >/dev/null
fi
mkdir -p bench/results "$work"
name=bench/results/$(date -u +%Y-%m-%d)-$messages
[[ $short == yes ]] && name=$work/short

measure_parts() {
  local program bench
  for program in "$build"/bench/*_bench; do
    bench=${program##*/}
    echo "## $bench"
    echo
    case $bench in
      index_bench) "$program" --only freshness --dir "$work" --json "$work/$bench.json" ;;
      search_bench) "$program" --messages 1000000 --dir "$work" --json "$work/$bench.json" ;;
      *)
        echo '```'
        "$program" --benchmark_min_time=0.2 --benchmark_out="$work/$bench.json" --benchmark_out_format=json 2>/dev/null
        echo '```'
        ;;
    esac
    echo
  done
}

if [[ $parts != only ]]; then
  compare() { python3 bench/compare/compare.py --peers "$peers" --build "$build" --work "$work" "${comparison[@]}" "$@"; }
  compare --messages "$messages" --out "$name"
  if [[ $real == yes ]]; then
    if [[ -d ../shared/data ]]; then
      compare --real ../shared/data --out "$name-real"
    else
      echo "--real: there is no ../shared/data" >&2
    fi
  fi
fi
if [[ $parts != no ]]; then
  measure_parts | tee "$name-parts.md"
  { # one object, a program each
    echo "{"
    separator=""
    for file in "$work"/*_bench.json; do
      printf '%s"%s": ' "$separator" "$(basename "$file" .json)"
      cat "$file"
      separator=","
    done
    echo "}"
  } >"$name-parts.json"
fi
echo "written: $name*"
