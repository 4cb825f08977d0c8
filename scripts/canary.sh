#!/bin/sh
# Marks in every encrypted field and every secret, then no mark where none may be: logs, broker, temporary files, database,
# storage, error pages, letters. First the way of a pack on the services, then the whole suite with all of it logged at DEBUG.
# Takes PostgreSQL, Redis and RabbitMQ as scripts/test_services.sh does, and pg_dump. At Redis it makes itself an account
# while it runs, so that the passwords of broker and cache are marks; RabbitMQ's own password is none.
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin/python
database="${TEST_DATABASE_URL:-postgres://root@127.0.0.1:5432/portal}"

echo "=== from the pack to the exchange ==="
$python -m tests.canary installation --database "$database"
for broker in "${TEST_REDIS_URL:-redis://127.0.0.1:6379/9}" "${TEST_RABBITMQ_URL:-amqp://guest:guest@127.0.0.1:5672//}"; do
    echo "=== with a broker: ${broker%%:*} ==="
    $python -m tests.canary installation --database "$database" --broker "$broker"
done

echo "=== the suite, logged at DEBUG ==="
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/tmp"
CANARY_FOLDER="$folder" TMPDIR="$folder/tmp" PYTHONPATH=. $python -m pytest -p tests.canary.suite_plugin \
    -n "${TEST_WORKERS:-auto}" -m "not browser and not services" --basetemp "$folder/tests" "$@"
$python -m tests.canary suite "$folder"
echo "No mark anywhere."
