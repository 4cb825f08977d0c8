"""A database with all tables in it: making them takes longer than most tests do."""

import base64
import contextlib
import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def put_tables(folder: Path) -> None:
    """`portal.sqlite3` in `folder`, as the first command there would make it."""
    shutil.copyfile(with_tables(), folder / "portal.sqlite3")


def with_tables() -> Path:
    """An empty database with this checkout's migrations, made once and kept until one of them changes."""
    digest = hashlib.sha256()
    for path in sorted(ROOT.glob("*/migrations/*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    made = ROOT / "var" / f"test-tables-{digest.hexdigest()[:16]}.sqlite3"
    made.parent.mkdir(exist_ok=True)
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            half = made.with_suffix(".half")
            half.unlink(missing_ok=True)
            subprocess.run(
                [
                    sys.executable,
                    "-c",
                    "import django; django.setup(); from portal.database import migrate; migrate()",
                ],
                cwd=ROOT,
                env={
                    **os.environ,
                    "DJANGO_SETTINGS_MODULE": "portal.settings",
                    "SECRET_KEY": "for tests alone",
                    "PORTAL_KEYS": "1:" + base64.b64encode(b"c" * 32).decode(),
                    "DATABASE_URL": f"sqlite:///{half}",
                },
                check=True,
            )
            with contextlib.closing(sqlite3.connect(half)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            half.rename(made)
    return made
