#!/bin/sh
# Makes .venv from a Python that is new enough and installs exactly what the lock names.
# PYTHON=/path/to/python chooses another one.
set -eu
cd "$(dirname "$0")/.."

fail() {
    printf 'make install: %s\n' "$1" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

if [ -n "${PYTHON:-}" ]; then
    is_new_enough "$PYTHON" || fail "PYTHON=$PYTHON is not a Python 3.11 or newer."
else
    for candidate in python3.11 python3 python3.12 python3.13 python3.14 python; do
        if is_new_enough "$candidate"; then
            PYTHON=$candidate
            break
        fi
    done
    [ -n "${PYTHON:-}" ] || fail "no Python 3.11 or newer found (looked for python3.11, python3 and newer).
Install one, or name it: make install PYTHON=/path/to/python3.11"
fi

# A .venv that no longer runs (its Python was removed, the folder was moved) is made anew.
if [ -e .venv ] && ! { is_new_enough .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; }; then
    echo "The environment in .venv does not run; making it anew."
    rm -rf .venv
fi
if [ ! -e .venv ]; then
    echo "Making .venv with $("$PYTHON" --version) ..."
    "$PYTHON" -m venv .venv || {
        rm -rf .venv
        fail "$PYTHON can't make an environment. On Debian and Ubuntu: apt-get install python3-venv"
    }
fi

echo "Installing the locked dependencies ..."
.venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check \
    --require-hashes -r requirements/dev.txt ||
    fail "pip could not install the locked dependencies; what it said stands above.
It needs an index that it can reach (pip config list shows which), and nothing else."
touch .venv/.installed
