#!/bin/sh
# The browser tests, in the system's Chromium. Without one: a failure where CI is set, else a word about it.
set -eu
cd "$(dirname "$0")/.."

if chromium=$(scripts/install_chromium.sh); then
    CHROMIUM=$chromium exec .venv/bin/python -m pytest -m browser "$@"
fi
if [ -n "${CI:-}" ]; then
    echo "make test-browser: no Chromium, and CI must have one." >&2
    exit 1
fi
echo "make test-browser: nothing was tested, because there is no Chromium. Install it, or set CHROMIUM=/path/to/it."
