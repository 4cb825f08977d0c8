#!/bin/sh
# Wapiti against the running product, signed in as an officer who may do nearly everything: scripts/wapiti.sh WAPITI
# An install of its own in a temporary folder; the demo switch spares the second factor. Exit 1: something was found.
set -eu
cd "$(dirname "$0")/.."
wapiti=${1:-wapiti}
folder=$(mktemp -d)
export PORT="${PORT:-8790}" SANDBOX_PORT="${SANDBOX_PORT:-8791}" DEMO_WITHOUT_MFA=1
export DATABASE_URL="sqlite:///$folder/portal.sqlite3" MEDIA_ROOT="$folder/media" SANDBOX_STORE="$folder/sandbox"
export AUDIT_HEADS="$folder/heads" ERASURE_LEDGER="$folder/erased.jsonl"

.venv/bin/python manage.py up >"$folder/log" 2>&1 &
portal=$!
trap 'kill $portal 2>/dev/null; wait $portal 2>/dev/null; rm -rf "$folder"' EXIT
for _ in $(seq 90); do
    grep -q "the portal answers" "$folder/log" && break
    kill -0 $portal 2>/dev/null || { cat "$folder/log" >&2; exit 2; }
    sleep 1
done
.venv/bin/python manage.py import_pack samples/pack --submit >/dev/null || true

# Not among the modules: ssrf and xxe, which ask a server on the internet what reached it and find nothing without
# one. That no address that a person enters is ever fetched, and no entity read, the tests hold (docs/security.md).
# The session's cookies, as a browser would hold them.
password=$(sed -n 's/.*its password: *\([a-z0-9-]*\).*/\1/p' "$folder/log")
PASSWORD="$password" .venv/bin/python scripts/sign_in.py "http://127.0.0.1:$PORT" >"$folder/cookies.json"

"$wapiti" --url "http://127.0.0.1:$PORT/" --scope folder --cookie "$folder/cookies.json" \
    --exclude "http://127.0.0.1:$PORT/accounts/logout/" --exclude "http://127.0.0.1:$PORT/accounts/sessions/*" \
    --module sql,timesql,xss,permanentxss,exec,file,crlf,redirect,csrf,csp,http_headers,cookieflags,methods \
    --depth 3 --max-links-per-page 30 --max-scan-time 900 --max-attack-time 300 --tasks 4 \
    --flush-session --store-session "$folder/wapiti" --format json --output "$folder/report.json" >"$folder/wapiti.log" 2>&1 ||
    { tail -20 "$folder/wapiti.log" >&2; exit 2; }
.venv/bin/python scripts/wapiti_report.py "$folder/report.json"
