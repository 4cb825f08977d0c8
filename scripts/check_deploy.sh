#!/bin/sh
# Django's and our own deploy checks on settings such as a production would have. Any warning fails.
set -eu
cd "$(dirname "$0")/.."

python=.venv/bin/python
some_key=$($python -c 'import base64, secrets; print("1:" + base64.b64encode(secrets.token_bytes(32)).decode())')
# No exchange, database or bucket is called: the checks look at settings only.
exec env DEBUG=0 ALLOWED_HOSTS=portal.example.com CSRF_TRUSTED_ORIGINS=https://portal.example.com \
    SECRET_KEY="$($python -c 'import secrets; print(secrets.token_urlsafe(50))')" PORTAL_KEYS="$some_key" \
    DATABASE_URL=postgres://portal@database.example.com/portal BROKER_URL=redis://broker.example.com/0 \
    CACHE_URL=rediscache://broker.example.com/1 MEDIA_ROOT=/srv/portal/media AUDIT_HEADS=s3://heads/portal \
    SECURE_PROXY=1 TRUSTED_PROXIES=1 EMAIL_URL=smtp://mail.example.com:25 \
    EXCHANGE_BASE_URL=https://exchange.example.com EXCHANGE_API_KEY=key EXCHANGE_API_SECRET=secret \
    $python manage.py check --deploy --fail-level WARNING
