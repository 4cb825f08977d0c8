#!/bin/sh
# The campaigns in their long forms, one after the other; the first that does not hold ends it.
# PostgreSQL at TEST_DATABASE_URL, Redis' and PostgreSQL's programs on the machine; a full disk needs root.
# SEED=7 chooses the chance.
set -eu
cd "$(dirname "$0")/.."
seed="${SEED:-7}"

campaign() {
    echo
    echo "=== python -m tests.campaigns $* --seed $seed ==="
    .venv/bin/python -m tests.campaigns "$@" --seed "$seed"
}

campaign c1 --customers 2000 --database sqlite --workers 8 --duration 1800
campaign c1 --customers 2000 --database postgresql --workers 8 --duration 1800
campaign c2 --customers 1 --workers 2 --duration 7200
campaign c2 --customers 1 --workers 2 --duration 7200 --lost-reply
campaign c2 --customers 2 --workers 2 --duration 14400
campaign c4 --customers 50000 --workers 32 --database sqlite
campaign c4 --customers 50000 --workers 32 --database postgresql
campaign c5 --customers 5000 --rate 20 --duration 900
for what in database broker_emptied broker_gone disk exchange; do
    campaign c6 --what "$what" --customers 300 --times 5 --workers 2
done
campaign c6 --what broker_emptied --broker-url "${TEST_RABBITMQ_URL:-amqp://guest:guest@127.0.0.1:5672//}" \
    --customers 300 --times 5 --workers 2
campaign c9 --customers 400 --database sqlite
campaign c9 --customers 400 --database postgresql
campaign c10 --customers 5000 --database sqlite --duration 120
campaign c10 --customers 5000 --database postgresql --duration 120
echo "All campaigns hold."
