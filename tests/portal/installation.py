"""An installation of its own for one test: database, documents, ports and environment of nobody else."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Of the machine the programs need this much; everything else is the installation's own.
INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
START_SECONDS = 60.0  # a busy machine; an idle one needs two


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """What `manage.py` runs with: an empty home, and nothing of the shell that runs the tests."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    return {
        **{name: os.environ[name] for name in INHERITED if name in os.environ},
        "HOME": str(home),
        "DATABASE_URL": f"sqlite:///{folder / 'portal.sqlite3'}",
        "MEDIA_ROOT": str(folder / "media"),
        **more,
    }


def manage(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


def answer(url: str) -> tuple[int, str]:
    """Status and text of `url`, asked directly: no proxy of the environment, no redirect to elsewhere."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


class Up:
    """`manage.py up` as a process; its output grows in a file."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.port, self.sandbox_port = free_port(), free_port()
        ports = {"PORT": str(self.port), "SANDBOX_PORT": str(self.sandbox_port)}
        self.env = environment(folder, **{**ports, **more})
        self._log = folder / "up.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_until(self, is_so, what: str) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if is_so():
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"{what}: not so. up said:\n{self.output}")

    def wait_until_it_answers(self, port: int | None = None, path: str = "/healthz") -> None:
        def answers() -> bool:
            try:
                return answer(f"http://127.0.0.1:{port or self.port}{path}")[0] == 200
            except OSError:
                return False

        self.wait_until(answers, f"port {port or self.port} answers")

    def password(self) -> str | None:
        found = re.search(r"its password: +(\S+)", self.output)
        return found and found[1]

    def children(self) -> list[int]:
        """The process ids of what it started, and of what that started."""
        found, queue = [], [self.process.pid]
        while queue:
            parent = queue.pop()
            with contextlib.suppress(OSError):
                for task in Path(f"/proc/{parent}/task").iterdir():
                    mine = [int(pid) for pid in (task / "children").read_text().split()]
                    found += mine
                    queue += mine
        return found

    def stop(self, number: int = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            for pid in [*self.children(), self.process.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()
            raise


def are_gone(pids: list[int]) -> bool:
    """Whether none of these processes runs any more (one that only waits to be reaped has ended)."""
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
                return False
    return True
