"""What a broker holds and passes on: run within an installation, as a process of its own.

python -m tests.canary.listener peek FILE            the messages that wait, and left waiting
python -m tests.canary.listener events FILE SECONDS  what workers tell of their tasks
"""

import json
import sys
import time
from contextlib import suppress
from pathlib import Path

from portal.celery import app

WORKER_WITHIN = 90.0


def peek(path: Path) -> None:
    """Write every message of the queue, headers and body, and leave them there."""
    with app.connection_for_read() as connection, connection.channel() as channel, path.open("w") as file:
        queue = app.amqp.queues[app.conf.task_default_queue](channel)
        queue.declare()
        held = []
        while (message := queue.get(no_ack=False)) is not None:
            held.append(message)
            said = {"headers": message.headers, "properties": message.properties, "body": str(message.body)}
            file.write(json.dumps(said, default=str) + "\n")
        for message in held:
            message.requeue()
    assert held, "nothing waits: there is nothing to be looked at"


def events(path: Path, seconds: float) -> None:
    """Have the workers tell, set one task off that fails, and write what is told for so long."""
    until = time.monotonic() + WORKER_WITHIN
    while not app.control.ping(timeout=1.0):  # what is asked of a worker that only starts is lost
        assert time.monotonic() < until, "no worker answers"
    app.control.enable_events()
    with app.connection_for_read() as connection, path.open("w") as file:
        receiver = app.events.Receiver(
            connection, handlers={"*": lambda event: file.write(json.dumps(event, default=str) + "\n")}
        )
        until = float("inf")
        # Its time limit begins anew with every word, and workers say something every two seconds.
        with suppress(OSError):  # nobody said anything for so long
            for _said in receiver.itercapture(limit=None, timeout=seconds, wakeup=False):
                if until == float("inf"):
                    # Only now is it certain that somebody hears what becomes of it.
                    app.send_task("portal.run_job", args=["no_such_job"], retry=False)
                    until = time.monotonic() + seconds
                if time.monotonic() > until:
                    break
    said = path.read_text()
    assert "task-failed" in said, f"no task failed, or nobody told: {len(said.splitlines())} words were said"


if __name__ == "__main__":
    if sys.argv[1] == "peek":
        peek(Path(sys.argv[2]))
    else:
        events(Path(sys.argv[2]), float(sys.argv[3]))
