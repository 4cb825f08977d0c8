#!/bin/sh
# The campaigns at full size, each also without its guard, and one table at the end; exit 1 if any fails.
# Hours. Names choose some of them: scripts/campaign.sh c4 c6. SEED=7 chooses the chance.
# PostgreSQL at TEST_DATABASE_URL, RabbitMQ at TEST_RABBITMQ_URL; Redis' and PostgreSQL's programs on the
# machine; a full disk needs root.
set -eu
cd "$(dirname "$0")/.."
exec .venv/bin/python -m tests.campaigns.full "$@"
