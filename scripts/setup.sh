#!/usr/bin/env bash
# Installs what building and testing kseek needs, from Debian 12's own packages. Says nothing when all is there.
#   scripts/setup.sh --build    only what building needs
set -euo pipefail

packages=(
  build-essential cmake ninja-build pkg-config git file  # file: CPack asks it what a program is
  librdkafka-dev libxapian-dev librocksdb-dev libicu-dev liblz4-dev libzstd-dev libxxhash-dev libfmt-dev libspdlog-dev
  libsimdjson-dev libre2-dev nlohmann-json3-dev libmicrohttpd-dev libgnutls28-dev libcurl4-openssl-dev libcli11-dev libtomlplusplus-dev
  prometheus-cpp-dev zlib1g-dev
)
if [[ ${1:-} != --build ]]; then
  packages+=(
    ccache libgtest-dev libgmock-dev libbenchmark-dev                          # tests and benchmarks
    clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev                  # checks and fuzzers
    man-db                                                                     # lexgrog and groff, for the manual page
    kcat curl                                                                  # other people's clients, for tests
    openjdk-17-jre-headless maven openssl                                      # a real Apache Kafka, for tests/kafka
    nodejs chromium                                                            # the web page's tests
    python3-venv                                                               # the HTTP interface's tests
  )
  command -v npm >/dev/null || packages+=(npm)                                 # other packages of nodejs bring it along
fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "setup.sh knows Debian 12 only. Elsewhere, install what these Debian packages hold: ${packages[*]}" >&2
  exit 1
fi

missing=()
installed=" $(dpkg-query -W -f '${binary:Package}=${db:Status-Status} ' "${packages[@]}" 2>/dev/null || true) "
for package in "${packages[@]}"; do
  # The name may carry an architecture: libicu-dev:amd64.
  [[ $installed =~ \ $package(:[a-z0-9]+)?=installed\  ]] || missing+=("$package")
done

# No packages, but put into cache folders: what drives the browser, from npm, and what tests the HTTP interface by its
# description, from PyPI. Without them only these tests are left out.
install_modules() {
  [[ ${1:-} != --build ]] || return 0
  "$(dirname "${BASH_SOURCE[0]}")/../tests/page/modules.sh" ||
    echo "setup.sh: npm could not install what the tests of the web page need" >&2
  "$(dirname "${BASH_SOURCE[0]}")/../tests/openapi/environment.sh" ||
    echo "setup.sh: pip could not install what the tests of the HTTP interface need" >&2
}
if ((${#missing[@]} == 0)); then
  install_modules "$@"
  exit 0
fi

as_root=()
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "setup.sh: these packages are missing, and installing them needs root: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "setup.sh: installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get -qq update &&
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${missing[@]}"; } \
  >"$log" 2>&1; then
  cat "$log" >&2
  echo "setup.sh: apt-get failed (above). kseek is built on Debian 12; on other releases, names may differ." >&2
  exit 1
fi
install_modules "$@"
