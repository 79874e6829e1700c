"""A PostgreSQL of our own in a temporary folder, for tests and the benchmark: no cluster of the system is touched.

PostgreSQL refuses to run as root: for root the server runs as the package's user ``postgres``, who owns the folder.
It listens on a socket in that folder and on no port, and is stopped by the process id that it was started with.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final, Self

import psycopg

_PACKAGES: Final = Path("/usr/lib/postgresql")
_ACCOUNT: Final = "postgres"
_ROLE: Final = "mumei"
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folder inside is private
_ENOUGH: Final = 1 << 30
_DEADLINE: Final = 30.0

# Nothing here has to survive a power cut.
_SETTINGS: Final = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "lc_messages": "C",
}


class RunnerError(Exception):
    """The server did not come up."""


def programs() -> Path | None:
    """The newest PostgreSQL's folder of programs, of Debian's packages."""
    found = [folder for folder in _PACKAGES.glob("*/bin") if (folder / "initdb").exists()]
    return max(found, key=lambda folder: float(folder.parent.name), default=None)


def missing() -> str:
    """Return why no server can be started here, or an empty string."""
    if programs() is None:
        return "PostgreSQL is not installed (apt install postgresql)"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(_ACCOUNT)
        except KeyError:
            return f"PostgreSQL refuses to run as root, and there is no user {_ACCOUNT}"
    return ""


def _place() -> str:
    """Memory, where there is enough of it: there a database is copied ten times as fast as on a disk."""
    roomy = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ENOUGH
    return str(_MEMORY) if roomy else "/tmp"  # noqa: S108 - the folder inside is private


class Postgres:
    """A running server; use as a context manager."""

    def __init__(self) -> None:
        """Raises RunnerError where it does not come up."""
        found = programs()
        if found is None:
            raise RunnerError(missing())
        self._programs = found
        self._account: str | None = None
        # Short, since a socket's path has 107 octets at most.
        self.folder = Path(tempfile.mkdtemp(prefix="mumei-pg-", dir=_place()))
        if os.geteuid() == 0:
            account = pwd.getpwnam(_ACCOUNT)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self._account = _ACCOUNT
        try:
            self._start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def url(self, database: str) -> str:
        """The URL of a database, there or not."""
        return f"postgresql://{_ROLE}@/{database}?host={self.folder}"

    def create(self, database: str, *, template: str | None = None) -> str:
        """A new database, empty or a copy of one that nobody is connected to; its URL."""
        copied = f' TEMPLATE "{template}"' if template else ""
        # Since 15 a copy goes through the log unless told otherwise, which is slower in memory.
        strategy = " STRATEGY FILE_COPY" if float(self._programs.parent.name) >= 15 else ""
        self._run(f'CREATE DATABASE "{database}"{copied}{strategy}')
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database, whoever is connected."""
        self._run(f'DROP DATABASE "{database}" WITH (FORCE)')

    def stop(self) -> None:
        """End the server whose process id stands in the folder, and remove the folder."""
        self._call("pg_ctl", "-D", self.folder / "data", "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _start(self) -> None:
        data, log = self.folder / "data", self.folder / "log"
        options = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", f"--username={_ROLE}")
        made = self._call("initdb", "-D", data, *options)
        if made.returncode:
            raise RunnerError(f"initdb failed: {made.stdout}")
        settings = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
        started = self._call(
            *("pg_ctl", "-D", data, "-l", log, "-w", "-t", int(_DEADLINE)),
            *("-o", f"-k {self.folder} {settings}", "start"),
        )
        if started.returncode:
            said = log.read_text(errors="replace") if log.exists() else started.stdout
            raise RunnerError(f"PostgreSQL does not start: {said}")

    def _call(self, program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        # Into a file and not a pipe: the server keeps what its starter was given, and a pipe would never end.
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(  # noqa: S603 - programs of the system
                [self._programs / program, *map(str, arguments)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=2 * _DEADLINE,
                user=self._account,
                group=self._account,
            )
            said.seek(0)
            done.stdout = said.read()
        return done
