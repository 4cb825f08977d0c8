"""The doorbell: tells the broker that something is due. It carries nothing, and losing it loses nothing."""


def ring() -> None:
    """Ask a Celery worker to look. Raises what the broker's library raises where it can't be reached."""
    # Imported here: without a broker no process ever loads Celery.
    from portal.tasks import deliver

    # Not tried again: whoever committed the change waits for this, and the workers look by themselves.
    deliver.apply_async(retry=False, expires=60)
