#!/usr/bin/env bash
# Puts what package-lock.json pins into a cache folder, once for each content of that file. Says nothing when it is there.
#   tests/page/modules.sh           installs
#   tests/page/modules.sh --where   says where (there or not)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
pinned=$(cat package.json package-lock.json | sha256sum | cut -c 1-12)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/kseek/page-tests-$pinned
if [[ ${1:-} == --where ]]; then
  echo "$folder/node_modules"
  exit
fi
[[ -d $folder/node_modules/playwright-core && -d $folder/node_modules/axe-core ]] && exit
mkdir -p "$folder"
cp package.json package-lock.json "$folder"
cd "$folder"
echo "page tests: installing playwright-core and axe-core"
PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
