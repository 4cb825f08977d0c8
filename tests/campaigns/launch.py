"""`manage.py` as a campaign starts it: `python -m tests.campaigns.launch <command …>`.

Two switches, read here and nowhere in the product: CAMPAIGN_GUARD_OFF names one guard that this process does
without (tests/campaigns/guard_off.py); CAMPAIGN_HASTE divides the ten seconds after which a silent worker is
taken for dead, so that a short form need not wait for them.
"""

from __future__ import annotations

import os
import sys


def prepare() -> None:
    """Django set up, with this process's switches applied."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    haste = float(os.environ.get("CAMPAIGN_HASTE") or 1)
    if haste != 1:
        from exchange.outbox import workers

        workers.BEAT_SECONDS /= haste
        workers.FRESH_SECONDS /= haste
        workers.STALE_MS = int(workers.STALE_MS / haste)
    if guard := os.environ.get("CAMPAIGN_GUARD_OFF"):
        from tests.campaigns.guard_off import GUARDS

        GUARDS[guard]()


if __name__ == "__main__":
    prepare()
    from portal.command_line import execute

    execute(["manage.py", *sys.argv[1:]])
