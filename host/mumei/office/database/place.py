"""Where a registry is: a file or a database URL, and the file with its keys (mumei protocol 2.2, attribute 4).

The keys never lie in the database. For an SQLite file they are beside it (``ward.db`` and ``ward.key``)
unless named; for a database server they have to be named. A URL may carry the name itself, as
``?registry_key=/path/ward.key``, so that one string says where a registry is.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from mumei_core.errors import UsageError

Where = str | os.PathLike[str]
"""A path, or a database URL (``sqlite:///...``, ``postgresql://...``)."""

_KEY: Final = "registry_key"
_DRIVERS: Final = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryPlace:
    """``url`` is the database's, without our own parameter; ``key_file`` is None where nothing names one."""

    url: URL
    key_file: Path | None

    @property
    def file(self) -> Path | None:
        """The SQLite file; None for a server. Raises UsageError for a database in memory."""
        if self.url.get_backend_name() != "sqlite":
            return None
        name = self.url.database
        if not name or name == ":memory:" or name.startswith("file:"):
            raise UsageError("a registry in memory would be lost", hint="Name a file: sqlite:///registry.db.")
        return Path(name)

    @property
    def key(self) -> Path:
        """The key file to use. Raises UsageError where a server's is not named."""
        if self.key_file is not None:
            return self.key_file
        file = self.file
        if file is None:
            raise UsageError(
                "a registry on a server needs to be told where its key file is",
                hint="Give --registry-key FILE, or add ?registry_key=FILE to the URL.",
            )
        return file.with_suffix(".key")


def place_of(where: Where) -> RegistryPlace:
    """Read a path or URL. Raises UsageError for a URL that is none."""
    if isinstance(where, os.PathLike) or "://" not in where:
        return RegistryPlace(url=URL.create("sqlite", database=os.fspath(where)), key_file=None)
    try:
        url = make_url(where)
        named = url.query.get(_KEY)
    except ArgumentError:
        raise UsageError(
            "this is no database URL", hint="Write sqlite:///registry.db or postgresql://user@host/name."
        ) from None
    url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername)).difference_update_query([_KEY])
    return RegistryPlace(url=url, key_file=Path(named) if isinstance(named, str) else None)


def with_key(where: Where, key_file: Path) -> str:
    """The same place as a URL that names the key file. Raises UsageError as :func:`place_of`."""
    place = place_of(where)
    return place.url.update_query_dict({_KEY: str(key_file)}).render_as_string(hide_password=False)
