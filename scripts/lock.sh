#!/bin/sh
# Writes requirements/{app,dev,bench,security}.txt from the .in files: exact versions, hashes, no index address.
set -eu
cd "$(dirname "$0")/.."

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"${PYTHON:-python3.11}" -m venv "$tools"
"$tools/bin/python" -m pip install --quiet --disable-pip-version-check pip-tools

for name in app dev bench security; do
    # Each wider lock keeps the versions of the narrower one, because its .in file reads that one's .in
    # and pip-compile keeps what its own .txt already pins; the constraint makes it certain.
    case $name in
        app | security) narrower= ;;
        dev) narrower="--constraint requirements/app.txt" ;;
        bench) narrower="--constraint requirements/dev.txt" ;;
    esac
    echo "requirements/$name.txt"
    # shellcheck disable=SC2086 - the constraint is two words or none
    CUSTOM_COMPILE_COMMAND="make lock" "$tools/bin/pip-compile" --quiet "$@" --generate-hashes --allow-unsafe \
        --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
        $narrower --output-file "requirements/$name.txt" "requirements/$name.in"
done
