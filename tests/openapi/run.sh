#!/usr/bin/env bash
# Holds server/openapi.json against a real `kseek serve`: schemathesis makes requests from the document and looks whether
# the answers are as it says.
#   tests/openapi/run.sh path/to/kseek
# Where Python or schemathesis can't be had it ends with 77 (CTest: skipped); with CI=true that is a failure.
# KSEEK_EXAMPLES=500 makes so many requests an operation (20); KSEEK_SEED repeats a run.
set -euo pipefail
kseek=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")"

lacking() {
  echo "openapi tests SKIPPED, not run: $1. scripts/setup.sh installs what they need."
  [[ ${CI:-} == true ]] && exit 1
  exit 77
}

command -v python3 >/dev/null || lacking "there is no python3"
environment=$(./environment.sh --where)
[[ -x $environment/bin/st ]] || lacking "schemathesis is not in $environment"
exec "$environment/bin/python" run.py "$kseek" "$environment/bin/st"
