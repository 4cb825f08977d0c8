"""Databases made for one campaign: a SQLite file, a database on a server, or a cluster that may be killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sqlite3
import subprocess
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tests.tables import with_tables

SERVER = os.environ.get("TEST_DATABASE_URL") or "postgres://root@127.0.0.1:5432/portal"


class SqliteDatabase:
    """A file in `folder`, with all tables in it: making them takes longer than most short forms do."""

    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.path = folder / "portal.sqlite3"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def __enter__(self) -> SqliteDatabase:
        shutil.copyfile(with_tables(), self.path)
        return self

    def __exit__(self, *_details: object) -> None:
        pass

    def rows(self, sql: str) -> list[tuple]:
        with contextlib.closing(sqlite3.connect(self.path, timeout=30)) as connection:
            return connection.execute(sql).fetchall()

    def snapshot(self, to: Path) -> None:
        """An online backup, as an operator makes one."""
        with (
            contextlib.closing(sqlite3.connect(self.path, timeout=30)) as source,
            contextlib.closing(sqlite3.connect(to)) as target,
        ):
            source.backup(target)

    def restore(self, source: Path) -> None:
        for suffix in ("-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(source, self.path)


class PostgresDatabase:
    """A database of its own on `server`, dropped afterwards."""

    kind = "postgresql"

    def __init__(self, server: str = SERVER) -> None:
        self._server = urlsplit(server)
        self.name = f"campaign_{uuid.uuid4().hex[:12]}"

    @property
    def url(self) -> str:
        return urlunsplit(self._server._replace(path=f"/{self.name}"))

    @property
    def address(self) -> str:
        """As the driver takes it."""
        return self._address_of(self.name)

    def _address_of(self, name: str) -> str:
        return urlunsplit(self._server._replace(scheme="postgresql", path=f"/{name}"))

    def __enter__(self) -> PostgresDatabase:
        self.order(f'CREATE DATABASE "{self.name}"')
        return self

    def __exit__(self, *_details: object) -> None:
        self.order(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    def order(self, sql: str) -> None:
        import psycopg

        with psycopg.connect(self._address_of("postgres"), autocommit=True) as connection:
            connection.execute(sql)

    def rows(self, sql: str) -> list[tuple]:
        import psycopg

        with psycopg.connect(self._address_of(self.name), autocommit=True) as connection:
            return connection.execute(sql).fetchall()

    def snapshot(self, to: Path) -> None:
        with to.open("wb") as file:
            subprocess.run(["pg_dump", "-Fc", self._address_of(self.name)], check=True, stdout=file)

    def restore(self, source: Path) -> None:
        self.order(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        self.order(f'CREATE DATABASE "{self.name}"')
        subprocess.run(["pg_restore", "-d", self._address_of(self.name), str(source)], check=True)


class PostgresCluster:
    """A server of its own, so that it may be killed; in `folder`, run by the account `postgres`."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "cluster"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def __enter__(self) -> PostgresCluster:
        self.data.mkdir(parents=True)
        for folder in (self.data, *self.data.parents):
            if folder.stat().st_uid == os.getuid() and folder not in (Path("/"), Path("/tmp")):
                folder.chmod(folder.stat().st_mode | 0o011)
        if os.getuid() == 0:
            shutil.chown(self.data, "postgres", "postgres")
        self.data.chmod(0o700)
        self._run("initdb", "-D", str(self.data), "-A", "trust", "-U", "postgres", "-N")
        self.start()
        return self

    def __exit__(self, *_details: object) -> None:
        self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "stop", check=False)
        shutil.rmtree(self.data, ignore_errors=True)

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        self._run(
            "pg_ctl",
            *("-D", str(self.data), "-w", "-t", "60", "-o", options, "-l", str(self.data / "log"), "start"),
        )

    def crash(self, seconds: float) -> None:
        """As a power cut of the server, and back after `seconds`."""
        self._run("pg_ctl", "-D", str(self.data), "-m", "immediate", "stop")
        time.sleep(seconds)
        self.start()

    def _run(self, program: str, *words: str, check: bool = True) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
        command = [str(found[-1]) if found else program, *words]
        if os.getuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, check=check, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
