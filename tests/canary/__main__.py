"""The long form of the canary: `make canary` runs all of it.

    python -m tests.canary installation --database URL [--broker URL]   from the pack to the exchange
    python -m tests.canary suite FOLDER                                 what the suite left behind

An installation's database is made and dropped beside the one that the URL names.
With CANARY_PLAIN=phone_number or CANARY_LEAKS=log,temporary,broker it leaks on purpose, and must end with 1.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from tests.canary.installation import ROOT, Marked  # noqa: E402
from tests.canary.redis_account import account, is_redis, of_account, write_all  # noqa: E402
from tests.canary.searching import leaks  # noqa: E402

DELIVERED_WITHIN = 180.0
EVENTS_SECONDS = 20.0


def installation(database: str, broker: str) -> bool:
    import psycopg

    name = f"canary_{uuid.uuid4().hex[:12]}"
    parts = urlsplit(database)
    server = urlunsplit(parts._replace(scheme="postgresql", path="/postgres"))
    with psycopg.connect(server, autocommit=True) as connection, tempfile.TemporaryDirectory() as folder:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            url = urlunsplit(parts._replace(path=f"/{name}"))
            more = {name: os.environ[name] for name in ("CANARY_LEAKS", "CANARY_PLAIN") if name in os.environ}
            if not broker:
                return _look(Marked(Path(folder), database=url, **more), url, broker)
            if not is_redis(broker):
                return _look(Marked(Path(folder), database=url, broker=broker, **more), url, broker)
            # The cache beside it, as most installations have it.
            place = of_account(broker)
            marked = Marked(Path(folder), database=url, broker=place, cache=place, **more)
            secrets = marked.marks.secrets
            with account(broker, [secrets["BROKER_URL"], secrets["CACHE_URL"]]):
                return _look(marked, url, broker)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _look(marked: Marked, url: str, broker: str) -> bool:
    folder = marked.folder
    marked.start()
    try:
        _must(marked, "import_pack", str(marked.write_pack()), "--submit", "--accept-warnings", "looked at")
        if broker:
            _must(marked, "peek", str(folder / "queue.txt"), module="tests.canary.listener")
            _deliver_by_celery(marked)
        else:
            _must(marked, "deliver_outbox", "--until-idle")
        files = [str(folder / "marks.json"), str(folder / "visited")]
        _must(marked, *files, module="tests.canary.visitor")
        # What the visitor asked for: a payment reference with its webhook.
        _must(marked, "deliver_outbox", "--until-idle")
        _must(marked, "seal_audit")
    finally:
        marked.stop()
    assert json.loads((folder / "visited" / "unmarked.json").read_text()) == [], "a field holds no mark"
    dump = folder / "dump.sql"
    dump.write_bytes(subprocess.run(["pg_dump", url], capture_output=True, check=True).stdout)
    marks = marked.marks
    visited = folder / "visited"
    looks = (
        ("the dump, the storage, the heads", [dump, folder / "media", folder / "heads"], marks.hidden),
        ("the logs", [marked.logs], marks.everything),
        ("temporary files", [marked.temporary], marks.everything),
        ("error pages, the audit trail", [visited / "errors", visited / "trail.json"], marks.everything),
        ("letters about errors", [folder / "letters"], marks.everything),
        ("pages", [visited / "pages"], marks.hidden),
        ("what commands print", [marked.said], marks.secrets),
    )
    if broker:
        told = [folder / "queue.txt", folder / "events.txt"]
        if is_redis(broker):
            write_all(broker, folder / "redis.txt")
            told.append(folder / "redis.txt")
        looks += (("the broker's messages and events", told, marks.everything),)
    return all([_none(*look) for look in looks])


def _must(marked: Marked, *words: str, module: str = "") -> None:
    if code := marked.run(*words, module=module):
        # The worker's own log is numbered 90, so that it stands behind those of the commands.
        log = [path for path in sorted(marked.logs.iterdir()) if path.name < "90"][-1].read_text()[-3000:]
        raise SystemExit(f"{module or words[0]} ended with {code}:\n{log}")


def _deliver_by_celery(marked: Marked) -> None:
    """A worker with its beat until all is told; meanwhile somebody listens to its events."""
    with (marked.logs / "90-celery.txt").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "manage.py", "work"],
            cwd=ROOT,
            env=marked.environment,
            stdout=log,
            stderr=log,
            # It ends all of its group when it ends.
            start_new_session=True,
        )
        try:
            _must(
                marked, "events", str(marked.folder / "events.txt"), str(EVENTS_SECONDS),
                module="tests.canary.listener",
            )  # fmt: skip
            until = time.monotonic() + DELIVERED_WITHIN
            while marked.run("deliver_outbox") and time.monotonic() < until:
                time.sleep(1)
        finally:
            worker.terminate()
            worker.wait(60)


def suite(folder: Path) -> bool:
    """Whatever any test sealed is a mark: none in the logs, none left among the temporary files."""
    marks = {mark: mark for path in folder.glob("marks-*.json") for mark in json.loads(path.read_text())}
    logs = folder / "logs"
    size = sum(path.stat().st_size for path in logs.iterdir())
    print(f"{len(marks)} values were sealed, {size:,} bytes logged")
    assert marks, "nothing was sealed"
    assert size, "nothing was logged"
    return all(
        [
            _none("the suite's logs", [logs], marks),
            _none("the suite's temporary files", [folder / "tmp"], marks),
        ]
    )


def _none(what: str, paths: Iterable[Path], marks: Mapping[str, str]) -> bool:
    paths = list(paths)
    assert all(path.exists() for path in paths), "there is nothing to look at"
    found = leaks(paths, marks)
    print(f"{'none ' if not found else 'FOUND'} in {what}", flush=True)
    for leak in found[:20]:
        print(f"      {leak.mark} in {leak.where}")
    return not found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    install = commands.add_parser("installation")
    default = os.environ.get("TEST_DATABASE_URL") or "postgres://root@127.0.0.1:5432/portal"
    install.add_argument("--database", default=default)
    install.add_argument("--broker", default="")
    commands.add_parser("suite").add_argument("folder", type=Path)
    options = parser.parse_args()
    if options.command == "suite":
        return 0 if suite(options.folder) else 1
    return 0 if installation(options.database, options.broker) else 1


if __name__ == "__main__":
    sys.exit(main())
