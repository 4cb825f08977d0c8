"""Is the database as this version expects it? The embedded one is brought there by whoever comes first."""

import contextlib
import fcntl
import zlib
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

# Named, so that whoever looks at PostgreSQL's locks can find it in the source.
LOCK_NAME = "portal.migrate"


class NotReady(Exception):
    """The database can't be used as it is. The message says why and what to do."""


def ensure_ready() -> None:
    """Bring the database to this version's state, or raise NotReady.

    SQLite is migrated whenever it is behind; another database only while it is empty, since there
    the operator decides when the programs stop for an upgrade. Two that come at once take turns.
    """
    with _told_apart():
        if not _missing():
            return
        if connection.vendor != "sqlite" and not _is_empty():
            raise NotReady(
                f"The database is behind this version of the portal ({_missing()} migrations are missing). "
                "Stop the portal's processes, run `manage.py migrate`, and start them again."
            )
        migrate()


def migrate() -> None:
    """Apply all migrations and make the cache's table, one process at a time."""
    with _told_apart(), _alone():
        if _missing():
            call_command("migrate", interactive=False, verbosity=0)
        # Makes nothing where it is there already, or where CACHE_URL names another cache.
        call_command("createcachetable", verbosity=0)


def _missing() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _is_empty() -> bool:
    with connection.cursor() as cursor:
        return not connection.introspection.table_names(cursor)


@contextlib.contextmanager
def _told_apart() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        # Never the URL: it may hold a password. The driver's own words name host and file.
        reason = str(error).strip().splitlines()[0]
        raise NotReady(f"The database does not answer ({reason}). DATABASE_URL says where it is.") from error


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock under which one process migrates; others wait for it."""
    if connection.vendor == "sqlite":
        name = str(settings.DATABASES["default"]["NAME"])
        if ":memory:" in name or name.startswith("file:"):
            yield
            return
        with Path(f"{name}.migrating").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        return
    key = zlib.crc32(LOCK_NAME.encode())
    with connection.cursor() as cursor:
        # Waiting for the other is no failure, however long its migrations take.
        cursor.execute("SET lock_timeout = 0")
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(%s)", [key])
    try:
        yield
    finally:
        connection.close()  # gives the lock back, and the timeouts
