"""The issuer's durable memory (mumei protocol 2.2): terms on disk before a signature can be, and the signing log.

The same commitment gets the same terms and the same signature; a nonce, an F_0 and an attestation key serve one
commitment. Entropy and P_r are encrypted under the ledger's key, so that the database alone does not tell them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sqlalchemy import ColumnElement, Engine, select, update
from sqlalchemy.orm import Session

from mumei.issuer.folder import LEDGER_FILE
from mumei.issuer.issuance import (
    Beginning,
    IssuanceRefused,
    LedgerEntry,
    Purpose,
    Reason,
    Terms,
    refuse_reported,
)
from mumei.issuer.ledger_database import BUSY_LIMIT, for_writing, open_engine, translated_errors
from mumei.issuer.ledger_key import LedgerKey
from mumei.issuer.ledger_models import IssuanceRow, LedgerRow, LogRow
from mumei.issuer.limits import TooManyError
from mumei.issuer.memory_ledger import check_new, check_same
from mumei.issuer.signing_log import Head, LogLine, verify_log
from mumei_core.errors import DataError, TrustError

_ENTROPY_LENGTH: Final = 32
_PAGE: Final = 1000
_HOUR: Final = 3600
#: New signatures that the office whose request is being answered may have in an hour.
_AT_MOST: Final[ContextVar[int | None]] = ContextVar("at_most", default=None)


class DurableLedger:
    """The :class:`~mumei.issuer.issuance.Ledger` on disk. Threads and processes may share one database."""

    def __init__(
        self, engine: Engine, key: LedgerKey, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._engine = engine
        self._key = key
        self._clock = clock

    @classmethod
    def open(
        cls,
        where: str | os.PathLike[str],
        key: LedgerKey,
        *,
        busy_limit: float = BUSY_LIMIT,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Self:
        """``where``: a file, made if there is none, or a database URL. Raises as :func:`open_engine`."""
        return cls(open_engine(where, busy_limit=busy_limit), key, clock=clock)

    @classmethod
    def of_folder(cls, folder: Path, passphrase: bytes) -> Self:
        """The ledger beside the issuer's key, and its key, both made where there are none."""
        return cls.open(folder / LEDGER_FILE, LedgerKey.open(folder, passphrase))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin(self, beginning: Beginning, make_terms: Callable[[], Terms]) -> LedgerEntry:
        """See :class:`~mumei.issuer.issuance.Ledger`; a new entry gets its line in the signing log with it."""
        with translated_errors(), self._writing() as session:
            row = _find(session, beginning.commitment)
            if row is not None:
                known = self._entry(row)
                check_same(known.beginning, beginning)
                return known
            self._check_rate(session, beginning.office)
            self._check_renewed(session, beginning)
            for other in session.scalars(select(IssuanceRow).where(_shares_something(beginning))):
                check_new(self._entry(other).beginning, beginning)
            row = self._new_row(beginning, make_terms())
            session.add(row)
            session.flush()
            session.add(self._log_row(session, row))
            return self._entry(row)

    def finish(self, commitment: bytes, signature: bytes, common_key_proof: bytes) -> LedgerEntry:
        """See :class:`~mumei.issuer.issuance.Ledger`. Raises DataError where nothing was begun."""
        with translated_errors(), self._writing() as session:
            row = _find(session, commitment)
            if row is None:
                raise DataError("nothing was begun for this commitment")
            if row.signature is None:
                row.signature, row.common_key_proof = signature, common_key_proof
            return self._entry(row)

    def by_record(self, record: bytes) -> tuple[LedgerEntry, ...]:
        """See :class:`~mumei.issuer.issuance.Ledger`."""
        query = select(IssuanceRow).where(IssuanceRow.record == record).order_by(IssuanceRow.number)
        with translated_errors(), Session(self._engine) as session:
            return tuple(map(self._entry, session.scalars(query)))

    def report(self, record: bytes, *, reported: bool) -> None:
        """See :class:`~mumei.issuer.issuance.Ledger`."""
        with translated_errors(), self._writing() as session:
            session.execute(update(IssuanceRow).where(IssuanceRow.record == record).values(reported=reported))

    @contextmanager
    def at_most(self, per_hour: int) -> Iterator[None]:
        """In here, :meth:`begin` raises TooManyError for an office that has had so many new signatures in an hour.

        Counted in the log, in the transaction that would add to it: exact, also between several services and
        after a restart. What was begun already costs nothing.
        """
        token = _AT_MOST.set(per_hour)
        try:
            yield
        finally:
            _AT_MOST.reset(token)

    def check_ready(self) -> None:
        """Raises LedgerUnavailableError unless something could be written now."""
        with translated_errors(), self._writing():
            pass

    def log(self, *, start: int = 1) -> Iterator[LogLine]:
        """The signing log, oldest line first, a page in memory at a time."""
        while True:
            query = select(LogRow).where(LogRow.number >= start).order_by(LogRow.number).limit(_PAGE)
            with translated_errors(), Session(self._engine) as session:
                lines = [_line(row) for row in session.scalars(query)]
            yield from lines
            if len(lines) < _PAGE:
                return
            start = lines[-1].number + 1

    def head(self) -> Head:
        """The end of the log."""
        with translated_errors(), Session(self._engine) as session:
            return _head(session)

    def verify(self, *, noted: Head | None = None) -> Head:
        """The chain, and that each issuance has its line. Raises TrustError."""
        for _ in verify_log(self.log(), noted=noted):
            pass
        with translated_errors(), Session(self._engine) as session:
            pairs = select(IssuanceRow.number, LogRow.number).outerjoin(
                LogRow, (LogRow.issuance == IssuanceRow.number) & (LogRow.digest == IssuanceRow.digest)
            )
            missing = session.execute(pairs.where(LogRow.number.is_(None)).limit(1)).first()
            if missing is not None:
                raise TrustError(
                    "the ledger holds an issuance that is not in the signing log",
                    hint="Somebody changed the ledger. Keep the file as it is; compare with a back-up.",
                )
            return _head(session)

    def _writing(self) -> _Writing:
        return _Writing(self._engine)

    def _check_rate(self, session: Session, office: str) -> None:
        per_hour = _AT_MOST.get()
        if per_hour is None:
            return
        now = int(self._clock().timestamp())
        recent = select(LogRow.at).where(LogRow.office == office, LogRow.at > now - _HOUR)
        # The oldest of the last ones: when it is an hour old, there is room for one more.
        oldest = session.scalar(recent.order_by(LogRow.number.desc()).offset(per_hour - 1).limit(1))
        if oldest is not None:
            raise TooManyError(
                f"the office has had {per_hour} signatures in the last hour, as many as it may",
                after=max(1.0, oldest + _HOUR - now),
            )

    def _check_renewed(self, session: Session, beginning: Beginning) -> None:
        if beginning.renews is None:
            return
        renewed = _find(session, beginning.renews)
        if renewed is None:
            raise IssuanceRefused(
                Reason.RENEWAL, "the ledger does not know what is to be renewed", hint="Enrol the card anew."
            )
        if renewed.reported:
            raise refuse_reported()

    def _new_row(self, beginning: Beginning, terms: Terms) -> IssuanceRow:
        sealed = self._key.seal(
            terms.signer_nym_entropy + terms.renewal_pseudonym, bound_to=beginning.commitment + terms.key_id
        )
        return IssuanceRow(
            commitment=beginning.commitment,
            digest=beginning.digest,
            office=beginning.office,
            record=beginning.record,
            purpose=int(beginning.purpose),
            nonce=beginning.nonce,
            F_0=beginning.F_0,
            attestation_key_hash=beginning.attestation_key_hash,
            valid_until=beginning.valid_until,
            renews=beginning.renews,
            key_id=terms.key_id,
            terms=sealed,
            reported=False,
        )

    def _log_row(self, session: Session, row: IssuanceRow) -> LogRow:
        line = LogLine.after(
            _head(session),
            at=int(self._clock().timestamp()),
            office=row.office,
            key_id=row.key_id,
            purpose=Purpose(row.purpose),
            digest=row.digest,
        )
        return LogRow(
            number=line.number,
            issuance=row.number,
            at=line.at,
            office=line.office,
            key_id=line.key_id,
            purpose=int(line.purpose),
            digest=line.digest,
            hash=line.hash,
        )

    def _entry(self, row: IssuanceRow) -> LedgerEntry:
        opened = self._key.unseal(row.terms, bound_to=row.commitment + row.key_id)
        return LedgerEntry(
            beginning=Beginning(
                commitment=row.commitment,
                digest=row.digest,
                office=row.office,
                record=row.record,
                purpose=Purpose(row.purpose),
                nonce=row.nonce,
                F_0=row.F_0,
                attestation_key_hash=row.attestation_key_hash,
                valid_until=row.valid_until,
                renews=row.renews,
            ),
            terms=Terms(
                signer_nym_entropy=opened[:_ENTROPY_LENGTH],
                renewal_pseudonym=opened[_ENTROPY_LENGTH:],
                key_id=row.key_id,
            ),
            reported=row.reported,
            signature=row.signature,
            common_key_proof=row.common_key_proof,
        )


class _Writing:
    """A transaction that nobody else's runs beside: checks and what follows from them are one."""

    def __init__(self, engine: Engine) -> None:
        self._session = Session(for_writing(engine), expire_on_commit=False)

    def __enter__(self) -> Session:
        self._session.begin()
        try:
            # On PostgreSQL this row's lock puts writers in a line; SQLite's BEGIN IMMEDIATE has done so already.
            self._session.execute(select(LedgerRow).with_for_update())
        except BaseException:
            self._session.close()
            raise
        return self._session

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._session.commit()
        finally:
            self._session.close()


def _find(session: Session, commitment: bytes) -> IssuanceRow | None:
    return session.scalar(select(IssuanceRow).where(IssuanceRow.commitment == commitment))


def _shares_something(beginning: Beginning) -> ColumnElement[bool]:
    same = (IssuanceRow.nonce == beginning.nonce) | (IssuanceRow.F_0 == beginning.F_0)
    if beginning.attestation_key_hash is not None:
        same |= IssuanceRow.attestation_key_hash == beginning.attestation_key_hash
    return same


def _head(session: Session) -> Head:
    last = session.scalar(select(LogRow).order_by(LogRow.number.desc()).limit(1))
    return Head() if last is None else Head(number=last.number, hash=last.hash)


def _line(row: LogRow) -> LogLine:
    return LogLine(
        number=row.number,
        at=row.at,
        office=row.office,
        key_id=row.key_id,
        purpose=Purpose(row.purpose),
        digest=row.digest,
        hash=row.hash,
    )
