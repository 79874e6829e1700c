"""What every part of the registry stands on: one transaction a method, a clerk's name on every change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mumei.office.audit.signer import SESSION_KEY, current_signer
from mumei.office.database.code_vault import CodeVault
from mumei.office.database.engine import ForeignSchemaError, KeyRing, for_writing, translated_errors
from mumei.office.database.models_residents import RegistryKeyRow
from mumei.office.residents.text import check_text
from mumei_core.errors import UsageError

_PAGE_LIMIT: Final = 1000


def utc_now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)


class RegistryBase:
    """An open database and a clock."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._writing_engine = for_writing(engine)
        self._clock = clock
        # Kept here for threads, which do not know whose desk it is.
        self._info = {SESSION_KEY: current_signer()}

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with translated_errors(), Session(self._engine) as session, session.begin():
            yield session

    @contextmanager
    def _writing(self, clerk: str | None) -> Iterator[Session]:
        """A transaction that changes something. ``clerk`` is None where nobody has logged in yet."""
        if clerk is not None:
            check_text("clerk's name", clerk, limit=50)
        with translated_errors(), Session(self._writing_engine, info=self._info) as session, session.begin():
            yield session


class KeyedRegistry(RegistryBase):
    """The same with the keys that resident codes are sealed under."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime], ring: KeyRing) -> None:
        super().__init__(engine, clock)
        self._ring = ring

    def keyed_hash(self, label: str, octets: bytes) -> bytes:
        """HMAC-SHA-256 under a key of the key file: :meth:`.code_vault.RegistryKeys.keyed_hash`."""
        return self._ring.keys.keyed_hash(label, octets)

    def _vault(self, session: Session, *, writing: bool = False) -> CodeVault:
        """What seals and finds codes now. Writers keep others from changing the key until they are done."""
        query = select(RegistryKeyRow.number)
        number = session.scalar(query.with_for_update(read=True) if writing else query)
        if number is None:
            raise ForeignSchemaError("the registry has no key", hint="Restore it from its backup.")
        return self._ring.vault(number)


def check_page(after: int, limit: int) -> None:
    """Raise UsageError for an impossible page."""
    if not (1 <= limit <= _PAGE_LIMIT and 0 <= after < 1 << 31):
        raise UsageError(f"a page has 1 to {_PAGE_LIMIT} entries after a record number", hint="Ask for less.")
