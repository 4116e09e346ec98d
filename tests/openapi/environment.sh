#!/usr/bin/env bash
# Puts what requirements.txt pins into a Python environment in a cache folder, once for each content of that file. Says
# nothing when it is there.
#   tests/openapi/environment.sh           installs
#   tests/openapi/environment.sh --where   says where (there or not)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
pinned=$(sha256sum <requirements.txt | cut -c 1-12)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/kseek/openapi-tests-$pinned
if [[ ${1:-} == --where ]]; then
  echo "$folder"
  exit
fi
[[ -x $folder/bin/st ]] && exit
echo "openapi tests: installing schemathesis"
rm -rf "$folder"
python3 -m venv "$folder"
"$folder/bin/pip" install -q --disable-pip-version-check --no-deps -r requirements.txt || {
  rm -rf "$folder"
  exit 1
}
