#!/usr/bin/env bash
# Builds kseek and runs its demo: an in-process Kafka broker, sample topics with live traffic, search at
# http://127.0.0.1:7420. Arguments go to `kseek demo`; --once loads, searches, checks the answers and exits.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

./scripts/setup.sh --build
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "Building kseek (the first time takes some minutes) …"
if ! { cmake --preset release && cmake --build --preset release --target kseek -j 2; } >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
rm -f "$log"
exec "$(find build/release/cli -maxdepth 1 -name kseek -type f)" demo "$@"
