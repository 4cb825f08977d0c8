"""What a doorbell sets off. No ETA, countdown, retry or late acknowledgement: times live in the database."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from portal.celery import app

log = logging.getLogger(__name__)

# A worker process turns to other tasks after so long, and rings for the rest.
SLICE_SECONDS = 30.0


class TaskFailed(Exception):
    """A task failed for what it names, an exception's kind. Celery passes on what an exception says: to its
    log, to the events that a monitor listens to. Where it came from stands in our own log."""


def task(name: str) -> Callable[[Callable[..., None]], Any]:
    """A task of this name, at whose edge refusals are written down, and whose failure says nothing."""

    def decorate(do: Callable[..., None]) -> Any:
        @wraps(do)
        def run(*args: Any) -> None:
            from accounts.audit_refusals import at_edge
            from accounts.circumstances import Channel, set_process_channel

            # The threads that it starts act in its name.
            set_process_channel(Channel.TASK)
            try:
                with at_edge(Channel.TASK):
                    do(*args)
            except Exception as error:
                log.exception("task_failed task=%s error=%s", name, type(error).__name__)
                raise TaskFailed(type(error).__name__) from None

        return app.task(name=name)(run)

    return decorate


@task("portal.deliver")
def deliver() -> None:
    """Deliver what is due now."""
    from accounts import policy
    from accounts.models import User
    from portal.delivery_slice import deliver_slice

    policy.require(User.objects.machine(), "outbox.deliver")
    if deliver_slice(SLICE_SECONDS):
        deliver.apply_async(retry=False, expires=60)


@task("portal.run_job")
def run_job(name: str) -> None:
    """Run one job of the schedule, unless another process has done so just now."""
    from accounts import policy
    from accounts.models import User
    from portal import schedule

    policy.require(User.objects.machine(), "schedule.run")
    schedule.run_job(name)
