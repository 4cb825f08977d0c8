"""Celery's beat without a file of its own: what ran when is known to the shared cache, as without Celery.

A file would belong to a folder, and two installations side by side share that. So beat rings for everything
once when it starts, and then by the clock; `portal.schedule.run_job` leaves out what ran within its period.
"""

from datetime import timedelta

from celery.beat import Scheduler

# Before every job's last time.
LONG_AGO = timedelta(days=365)


class UnwrittenScheduler(Scheduler):
    """The schedule in memory, every entry due at the start."""

    def setup_schedule(self) -> None:
        super().setup_schedule()
        for entry in self.schedule.values():
            entry.last_run_at = entry.default_now() - LONG_AGO
