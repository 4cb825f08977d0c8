"""The Celery application, where BROKER_URL is set. The broker holds doorbells, the database the work."""

import os
from typing import Any

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal", include=["portal.tasks"])
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    broker_connection_timeout=3.0,
    task_publish_retry=False,
    beat_scheduler="portal.beat:UnwrittenScheduler",
    # Results are kept nowhere, so nothing is to be cleaned up by the clock.
    result_expires=None,
    # Whoever rings has a change to commit and a person waiting: a broker that is gone is tried once more.
    broker_transport_options={
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
        "interval_max": 0.2,
    },
)


@app.on_after_configure.connect
def _schedule(sender: Celery, **_details: object) -> None:
    """Beat rings for the same jobs that `manage.py work` runs by itself."""
    from portal.schedule import jobs

    sender.conf.beat_schedule = {
        "deliver": {"task": "portal.deliver", "schedule": 5.0, "options": {"expires": 5}},
        **{
            job.name: {
                "task": "portal.run_job",
                "schedule": job.seconds,
                "args": [job.name],
                "options": {"expires": max(job.seconds, 5.0)},
            }
            for job in jobs()
        },
    }


@signals.worker_init.connect
@signals.beat_init.connect
def _check_keys(**_details: object) -> None:
    """With other keys than the database's nothing is begun, as with every command."""
    from portal.known_keys import end_with_other_keys

    end_with_other_keys()


@signals.task_received.connect
def _heard(**_details: object) -> None:
    from portal.consuming import received

    received.note()


@signals.worker_ready.connect
def _watch(sender: Any, **_details: object) -> None:
    """A worker that starts looks once by itself: whoever should have rung may have rung before."""
    from exchange.outbox.doorbell import ring
    from portal.consuming import watch_consumer
    from portal.frozen_children import watch_children
    from portal.signs_of_life import give_signs_of_life

    give_signs_of_life()
    watch_children()
    watch_consumer(str(sender.hostname))
    ring()
