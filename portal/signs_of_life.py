"""Signs of life from a program to whoever supervises it, as systemd's watchdog has them.

A process that is frozen can't end itself, and within a transaction it locks an embedded database for
everybody. So a worker says every so often that it runs, and its supervisor, ours or systemd's
(`WatchdogSec=`), kills what falls silent. The database has no part in it: a process that waits for it lives.
"""

import logging
import os
import shutil
import socket
import tempfile
import threading
from pathlib import Path

log = logging.getLogger(__name__)

ADDRESS, PERIOD = "NOTIFY_SOCKET", "WATCHDOG_USEC"
SIGN = b"WATCHDOG=1"
# So many signs within the time after which silence counts as death.
SIGNS_A_PERIOD = 4


def give_signs_of_life() -> bool:
    """Give them from a thread of this process for as long as it runs; whether anybody wants them.

    The supervisor names its socket and its patience (microseconds) in the environment.
    """
    address, patience = os.environ.get(ADDRESS, ""), os.environ.get(PERIOD, "")
    if not address or not patience.isdigit():
        return False
    # Systemd's abstract addresses begin with an @ in place of the zero byte.
    where = "\0" + address[1:] if address.startswith("@") else address
    seconds = int(patience) / 1_000_000 / SIGNS_A_PERIOD
    threading.Thread(target=_give, args=[where, seconds], name="signs-of-life", daemon=True).start()
    return True


def _give(where: str, seconds: float) -> None:
    rest = threading.Event()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.setblocking(False)
        while True:
            try:
                line.sendto(SIGN, where)
            except BlockingIOError:
                pass  # the supervisor has signs enough that it did not read yet
            except OSError as error:
                log.warning("sign_of_life_not_heard error=%s", type(error).__name__)
            rest.wait(seconds)


class Listener:
    """The supervisor's end for one program: what it is to have in its environment, and its silence so far.

    `patience`: seconds of silence after which it counts as dead. They count from its first sign on, and only
    while the supervisor runs itself: when a machine wakes up, everybody was silent.
    """

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self._folder = tempfile.mkdtemp(prefix="portal-")
        path = str(Path(self._folder) / "signs")
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.line.setblocking(False)
        self.line.bind(path)
        self.environment = {ADDRESS: path, PERIOD: str(int(patience * 1_000_000))}
        self.forget()

    def forget(self) -> None:
        """A new process begins: what the last one said does not count."""
        self._hear()
        self._silence: float | None = None

    def listen(self, passed: float) -> bool:
        """Take the signs that have come; whether it has been silent for too long. `passed`: seconds since the
        last time that anybody listened."""
        if self._hear():
            self._silence = 0.0
        elif self._silence is not None:
            self._silence += min(passed, self.patience / SIGNS_A_PERIOD)
        return self._silence is not None and self._silence >= self.patience

    def close(self) -> None:
        self.line.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _hear(self) -> bool:
        heard = False
        while True:
            try:
                heard |= self.line.recv(4096) == SIGN
            except BlockingIOError:
                return heard
