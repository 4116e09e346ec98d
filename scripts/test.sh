#!/usr/bin/env bash
# Everything that must hold before a change goes in: formatting, a build without warnings, clang-tidy, all tests.
#   scripts/test.sh            the whole (under 30 minutes on two cores)
#   scripts/test.sh --quick    without clang-tidy
#   scripts/test.sh --asan     tests with the address and undefined-behaviour sanitizers (no clang-tidy)
#   scripts/test.sh --tsan     tests with the thread sanitizer (no clang-tidy)
# The last line is CTest's summary; the exit code is 0 only if everything passed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=dev
tidy=yes
for argument; do
  case $argument in
    --quick) tidy=no ;;
    --asan | --tsan) preset=${argument#--} tidy=no ;;
    *)
      echo "usage: scripts/test.sh [--quick | --asan | --tsan]" >&2
      exit 2
      ;;
  esac
done

log=$(mktemp)
trap 'rm -f "$log"' EXIT
step() { printf '== %s (%d:%02d)\n' "$1" $((SECONDS / 60)) $((SECONDS % 60)); }
quietly() {  # shows what a command printed only if it failed
  "$@" >"$log" 2>&1 || {
    local code=$?
    cat "$log" >&2
    exit "$code"
  }
}

./scripts/setup.sh

versions=""
for library in rdkafka xapian-core rocksdb icu-uc liblz4 libzstd libmicrohttpd fmt simdjson re2; do
  versions+=" $library $(pkg-config --modversion "$library" 2>/dev/null || echo '?')"
done
echo "kseek tests, preset $preset; g++ $(g++ -dumpfullversion), cmake $(cmake --version | sed -n '1s/.* //p');$versions"

step "format"
mapfile -d '' -t sources < <(git ls-files -z -- '*.h' '*.cc')
quietly clang-format-14 --dry-run -Werror "${sources[@]}"

step "build"
configure=(cmake --preset "$preset")
if command -v ccache >/dev/null; then
  # So that builds of clones in other directories share what they compile.
  export CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=$PWD
  configure+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi
quietly "${configure[@]}"
quietly cmake --build --preset "$preset" -j 2

if [[ $tidy == yes ]]; then
  step "clang-tidy"
  # Not of the tests: they would make it 8 minutes instead of 5. scripts/tidy.sh build/dev tests/ looks at them.
  ./scripts/tidy.sh "build/$preset" base/ tokenizer/ store/ indexer/ query/ server/ embed/ cli/ bench/
fi

step "tests"
code=0
ctest --preset "$preset" 2>&1 | tee "$log" || code=$?
# CTest goes on after its summary (times, skipped tests): the summary is said once more, as the last line.
step "done"
grep -E '^[0-9]+% tests passed' "$log" | tail -n 1 || code=1
exit "$code"
