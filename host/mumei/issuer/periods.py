"""Issuer keys by period (mumei protocol 2.2): which one signs today, and what was signed about each.

A folder holds the first key; each further one is in ``periods/NAME``, with parameters of its own and, once signed,
``issuer-key.statement`` (2.5, type 4). Periods overlap: cards are given the new record before it is needed, and the
old key signs until its last day. A key whose file has been destroyed is still known by its parameters, so that what
it has signed can be renewed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

from mumei.files import all_or_none, make_folder, read_file
from mumei.issuer.embedded import EmbeddedIssuer
from mumei.issuer.folder import KEY_FILE, KEY_STATEMENT_FILE, PARAMETERS_FILE, PERIODS_FOLDER
from mumei.issuer.issuance import Issuance, IssuanceRequest, Ledger
from mumei.issuer.keys import IssuerKey
from mumei.issuer.parameters import PublicParameters
from mumei.key_file import KeyFile
from mumei_core import dates
from mumei_core.attestation import MakerCertificate
from mumei_core.dates import date_of, day_number
from mumei_core.errors import DecodingError, InvalidProof, TrustError, UsageError
from mumei_core.issuing_statements import IssuerKeyRecord, TrusteeListRecord
from mumei_core.statements import SignedStatement

#: As many records of issuer keys as a card holds.
MAX_PERIODS: Final = 3
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_LIMIT: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A key and its days. ``record``: None for a first key that is not limited to days; ``key``: None once its file
    is destroyed.
    """

    name: str
    public_key: bytes
    key: IssuerKey | None = field(repr=False)
    record: IssuerKeyRecord | None

    def covers(self, day: int) -> bool:
        """Whether the key signs on this day."""
        return self.record is None or self.record.covers(day)

    @property
    def ends(self) -> int:
        """Its last day; a key without record ends last."""
        return dates.DAY_LIMIT if self.record is None else self.record.last_day


def load_periods(
    folder: Path, passphrase: bytes, *, root_keys: Sequence[bytes], auditor_keys: Sequence[bytes]
) -> tuple[Period, ...]:
    """The folder's keys, first one first, without those of :func:`waiting`.

    ``root_keys``, ``auditor_keys``: who must have signed the records. Raises TrustError where the first key has no
    record and a further one has, and for a record that is not signed or about another key; as
    :meth:`IssuerKey.load`.
    """
    further = [place for place in _further(folder) if place.name not in waiting(folder)]
    places = [folder, *further]
    periods = []
    for place in places:
        name = place.name
        public = PublicParameters.load(place / PARAMETERS_FILE).public_key
        key = IssuerKey.load(place / KEY_FILE, passphrase) if (place / KEY_FILE).exists() else None
        if key is not None and key.public_key != public:
            raise TrustError(f"key and parameters of {name} do not belong together", hint="Restore both.")
        record = _record(place, name, public, root_keys, auditor_keys)
        if record is None and len(places) > 1 and key is not None:
            raise TrustError(
                f"nobody has signed until when the first key of {name} signs, and there is a further one",
                hint=f"Run: mumei auditor sign issuer-key {place / KEY_STATEMENT_FILE}",
            )
        periods.append(Period(name=name, public_key=public, key=key, record=record))
    return tuple(periods)


def waiting(folder: Path) -> tuple[str, ...]:
    """Names of the periods that nobody has signed yet: they sign nothing, and keep no other key from signing."""
    return tuple(
        place.name
        for place in _further(folder)
        if (place / KEY_FILE).exists() and not (place / KEY_STATEMENT_FILE).exists()
    )


def signs_on(periods: Sequence[Period], day: int) -> Period:
    """The period whose key signs on a day: of several, the one that ends first. Raises TrustError."""
    able = [period for period in periods if period.key is not None and period.covers(day)]
    if not able:
        raise TrustError(
            f"no key of this issuer signs on {date_of(day).isoformat()}",
            hint="Begin a new period in time: mumei issuer rotate.",
        )
    return min(able, key=lambda period: period.ends)


def check_no_gap(periods: Sequence[Period], today: int) -> None:
    """From today on, each key's days meet the next one's. Raises TrustError."""
    records = sorted(
        (period.record for period in periods if period.record is not None and period.ends >= today),
        key=lambda record: record.first_day,
    )
    for before, after in pairwise(records):
        if after.first_day > before.last_day + 1:
            raise TrustError(
                f"nobody signs after {date_of(before.last_day).isoformat()} and before "
                f"{date_of(after.first_day).isoformat()}",
                hint="Have the record signed again with an earlier first day.",
            )


def begin_period(folder: Path, name: str, passphrase: bytes) -> PublicParameters:
    """Make a new key, and parameters that differ in it alone, in ``periods/name``. It signs nothing until root and
    auditor have signed its days.

    ``passphrase``: the first key's. Raises UsageError where there is such a period or a card could hold no further.
    """
    if not _NAME.fullmatch(name):
        raise UsageError("a period's name is letters, digits and hyphens", hint="For example: 2027.")
    place = folder / PERIODS_FOLDER / name
    if place.exists():
        raise UsageError(f"there is a period {name} already", hint="Choose another name.")
    first = PublicParameters.load(folder / PARAMETERS_FILE)
    cost = check_folder_passphrase(folder, passphrase)
    alive = len(_key_files(folder))
    if alive >= MAX_PERIODS:
        raise UsageError(
            f"there are {alive} keys, as many as a card can know",
            hint="Destroy the key file of a period that is over; keep its parameters.",
        )
    key = IssuerKey.generate()
    parameters = replace(first, public_key=key.public_key, W1=key.W1)
    make_folder(place)
    try:
        with all_or_none() as written:
            parameters.save(place / PARAMETERS_FILE)
            written.append(place / PARAMETERS_FILE)
            key.save(place / KEY_FILE, passphrase, log2_n=cost)
    except BaseException:
        with suppress(OSError):
            place.rmdir()
        raise
    return parameters


def check_folder_passphrase(folder: Path, passphrase: bytes) -> int:
    """Open a key of the folder, to know that the passphrase is its own before anything is made under it.

    Returns the cost of its key file (2^n). Raises TrustError where there is no key; as :meth:`IssuerKey.load`.
    """
    for path in _key_files(folder):
        IssuerKey.load(path, passphrase)
        return KeyFile.load(path).log2_n
    raise TrustError(
        f"there is no issuer's key in {folder}", hint="Check the path, or restore the key from its back-up."
    )


class PeriodIssuer:
    """An :class:`~mumei.issuer.issuance.Issuing` that changes keys by itself when a key's last day is over."""

    def __init__(
        self,
        periods: Sequence[Period],
        ledger: Ledger,
        *,
        trustee_lists: Sequence[TrusteeListRecord] = (),
        maker_root: MakerCertificate | None = None,
        today: Callable[[], int] = lambda: day_number(dates.today()),
    ) -> None:
        """As :class:`EmbeddedIssuer`. Raises TrustError where no key signs today, or on some day between."""
        self._today = today
        signs_on(periods, today())
        check_no_gap(periods, today())
        keys = [period.key for period in periods if period.key is not None]
        self._periods = tuple(periods)
        self._issuers = {
            key.key_id: EmbeddedIssuer(
                [key, *(other for other in keys if other is not key)],
                ledger,
                trustee_lists=trustee_lists,
                maker_root=maker_root,
                former_keys=[period.public_key for period in periods if period.key is None],
                today=today,
            )
            for key in keys
        }

    @property
    def key_id(self) -> bytes:
        """SHA-256(PK) of the key that signs today, 32 octets. Raises TrustError where none does."""
        key = signs_on(self._periods, self._today()).key
        if key is None:
            raise TrustError("the key that signs today is not here")
        return key.key_id

    def issue(self, request: IssuanceRequest) -> Issuance:
        """With today's key; what another key began, that key finishes."""
        return self._issuers[self.key_id].issue(request)

    def report(self, record: bytes, *, reported: bool) -> None:
        """As :meth:`EmbeddedIssuer.report`."""
        self._issuers[self.key_id].report(record, reported=reported)


def _further(folder: Path) -> list[Path]:
    return sorted((folder / PERIODS_FOLDER).glob("*/"))


def _key_files(folder: Path) -> list[Path]:
    places = (folder, *_further(folder))
    return [place / KEY_FILE for place in places if (place / KEY_FILE).exists()]


def _record(
    place: Path, name: str, public: bytes, root_keys: Sequence[bytes], auditor_keys: Sequence[bytes]
) -> IssuerKeyRecord | None:
    path = place / KEY_STATEMENT_FILE
    if not path.exists():
        return None
    try:
        statement = SignedStatement.from_octets(read_file(path, what="statement", limit=_LIMIT))
        statement.check(root_keys, auditor_keys)
        record = IssuerKeyRecord.from_octets(statement.record)
    except (DecodingError, InvalidProof) as error:
        why = error.reason if isinstance(error, InvalidProof) else str(error)
        raise TrustError(
            f"the statement about the key of {name} does not hold: {why}",
            hint="Get it anew from the auditor; check --issuer-root and --auditor.",
        ) from None
    if public != record.PK:
        raise TrustError(f"the statement in {name} is about another key", hint="Put each where it belongs.")
    return record
