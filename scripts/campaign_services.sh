#!/bin/sh
# The campaigns' short forms on PostgreSQL, with RabbitMQ, with Redis and with neither: as in `make test-services`, and
# with those that a busy machine may let hold without their guard.
set -eu
cd "$(dirname "$0")/.."

export TEST_DATABASE_URL="${TEST_DATABASE_URL:-postgres://root@127.0.0.1:5432/portal}"
export TEST_REDIS_URL="${TEST_REDIS_URL:-redis://127.0.0.1:6379/9}"
export TEST_RABBITMQ_URL="${TEST_RABBITMQ_URL:-amqp://guest:guest@127.0.0.1:5672//}"
exec .venv/bin/python -m pytest -n "${TEST_WORKERS:-auto}" -m services tests/campaigns "$@"
