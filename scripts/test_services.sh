#!/bin/sh
# What asks the database, on PostgreSQL; the broker tests on Redis and RabbitMQ; the campaigns' short forms on all of
# them. What is not there is a failure.
# TEST_DATABASE_URL names a database; the tests make and drop `test_<its name>` beside it.
set -eu
cd "$(dirname "$0")/.."

export TEST_DATABASE_URL="${TEST_DATABASE_URL:-postgres://root@127.0.0.1:5432/portal}"
export TEST_REDIS_URL="${TEST_REDIS_URL:-redis://127.0.0.1:6379/9}"
export TEST_RABBITMQ_URL="${TEST_RABBITMQ_URL:-amqp://guest:guest@127.0.0.1:5672//}"

# tests/services says first, in a second, whether the services answer.
DATABASE_URL="$TEST_DATABASE_URL" .venv/bin/python -m pytest -m services -x tests/services "$@"
DATABASE_URL="$TEST_DATABASE_URL" DATABASE_TESTS_ONLY=1 .venv/bin/python -m pytest \
    -n "${TEST_WORKERS:-auto}" --dist worksteal -m "not browser and not services and not processes" "$@"
# Their installs have databases of their own on the same server.
.venv/bin/python -m pytest -n "${TEST_WORKERS:-auto}" --dist worksteal \
    -m "services and not by_the_clock" tests/campaigns "$@"
