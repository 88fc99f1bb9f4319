#!/bin/sh
# Chromium, its driver and a font with Chinese characters, for the tests of the pages. Does nothing if they are there.
set -eu

installed() {
    command -v chromium >/dev/null && command -v chromedriver >/dev/null
}

fail() {
    echo "The tests of the pages need chromium and chromedriver on the PATH: $1" >&2
    exit 1
}

installed && exit 0
command -v apt-get >/dev/null || fail "there is no apt-get to install them with; install them by hand"
as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "run 'apt-get install chromium chromium-driver fonts-noto-cjk' as root"
    as_root=sudo
fi
$as_root apt-get -qq update || fail "apt-get update failed"
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
    chromium chromium-driver fonts-noto-cjk >/dev/null || fail "apt-get could not install them"
installed || fail "the packages chromium and chromium-driver of this system hold none"
