#!/bin/sh
# Looks at the code, the dependencies and the running product with tools made for it. Exit 1: something was found;
# 2: something could not be looked at, which is not the same as nothing found.
set -eu
cd "$(dirname "$0")/.."

env=.venv-security
if [ ! -e "$env/.installed" ] || [ requirements/security.txt -nt "$env/.installed" ]; then
    "${PYTHON:-python3.11}" -m venv "$env"
    "$env/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/security.txt
    touch "$env/.installed"
fi
found=0

echo "== bandit: the code"
"$env/bin/bandit" --quiet --configfile pyproject.toml --recursive vault exchange accounts customers kyc payments portal || found=1

echo "== pip-audit: known vulnerabilities of what the lock names"
# Strict: a package that can't be audited is a failure. Plain pip-audit may say "none" while it skips every one.
audited=0
"$env/bin/pip-audit" --strict --disable-pip --require-hashes --progress-spinner off -r requirements/app.txt || audited=$?

echo "== wapiti: the running product, signed in"
scripts/wapiti.sh "$env/bin/wapiti" || found=1

[ "$found" = 0 ] || exit 1
if [ "$audited" != 0 ]; then
    echo "pip-audit failed: what it says stands above. Without the advisories nothing is known of the dependencies." >&2
    exit 2
fi
