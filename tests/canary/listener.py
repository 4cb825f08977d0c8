"""What a broker holds and passes on: run within an installation, as a process of its own.

python -m tests.canary.listener peek FILE            the messages that wait, and left waiting
python -m tests.canary.listener events FILE SECONDS  what workers tell of their tasks
"""

import json
import sys
import time
from pathlib import Path

from portal.celery import app


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
    until = time.monotonic() + seconds
    app.control.enable_events()
    app.send_task("portal.run_job", args=["no_such_job"], retry=False)
    with app.connection_for_read() as connection, path.open("w") as file:
        receiver = app.events.Receiver(
            connection, handlers={"*": lambda event: file.write(json.dumps(event, default=str) + "\n")}
        )
        while (left := until - time.monotonic()) > 0:
            try:
                receiver.capture(limit=None, timeout=left, wakeup=False)
            except OSError:  # nobody said anything for so long
                break
    said = path.read_text()
    assert "task-failed" in said, "no task failed, or nobody told"


if __name__ == "__main__":
    if sys.argv[1] == "peek":
        peek(Path(sys.argv[2]))
    else:
        events(Path(sys.argv[2]), float(sys.argv[3]))
