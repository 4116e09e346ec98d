#!/usr/bin/env bash
# Runs the tests of the web page in headless Chromium against a real `kseek demo`.
#   tests/page/run.sh path/to/kseek
# Where node, Chromium or their libraries can't be had it ends with 77 (CTest: skipped); with CI=true that is a failure.
# KSEEK_SCREENSHOTS=DIR also writes pictures of the page there.
set -euo pipefail
kseek=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")"

lacking() {
  echo "page tests SKIPPED, not run: $1. scripts/setup.sh installs what they need."
  [[ ${CI:-} == true ]] && exit 1
  exit 77
}

command -v node >/dev/null || lacking "there is no node"
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || lacking "there is no Chromium"
modules=$(./modules.sh --where)
[[ -d $modules/playwright-core && -d $modules/axe-core ]] || lacking "playwright-core and axe-core are not in $modules"

KSEEK_PROGRAM=$kseek KSEEK_CHROMIUM=$chromium KSEEK_NODE_MODULES=$modules exec node --test-reporter=spec page_test.mjs
