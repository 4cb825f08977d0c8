"""What a doorbell sets off. No ETA, countdown, retry or late acknowledgement: times live in the database."""

from portal.celery import app

# A worker process turns to other tasks after so long, and rings for the rest.
SLICE_SECONDS = 30.0


@app.task(name="portal.deliver")
def deliver() -> None:
    """Deliver what is due now."""
    from portal.delivery_slice import deliver_slice

    if deliver_slice(SLICE_SECONDS):
        deliver.apply_async(retry=False, expires=60)


@app.task(name="portal.run_job")
def run_job(name: str) -> None:
    """Run one job of the schedule, unless another process has done so just now."""
    from portal import schedule

    schedule.run_job(name)
