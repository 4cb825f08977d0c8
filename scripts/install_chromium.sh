#!/bin/sh
# Installs Debian's Chromium for the browser tests, where this user may install packages.
# Exit 0: there is a Chromium (its path is printed); 1: there is none.
set -eu

find_chromium() {
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome-stable google-chrome; do
        [ -n "$name" ] && command -v "$name" 2>/dev/null && return 0
    done
    return 1
}

find_chromium && exit 0

if command -v apt-get >/dev/null 2>&1; then
    as_root=
    [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null && as_root="sudo -n"; } || {
        echo "No Chromium here, and no right to install one: apt-get install chromium" >&2
        exit 1
    }
    echo "Installing chromium ..." >&2
    {
        $as_root apt-get update -qq &&
            $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
                chromium fonts-liberation
    } >/dev/null || echo "apt-get could not install chromium; what it said stands above." >&2
fi
find_chromium
