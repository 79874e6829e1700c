"""A trustee's folder: its keys under a passphrase, the lists of trustees it is in, the cases it approved (2.5).

``trustee.key``: two private keys on P-256, one that shares are sealed to and one that signs confirmations;
``trustee.pub``: their public parts; ``state.db``: SQLite, each step one transaction.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from mumei.files import make_folder
from mumei.key_file import DEFAULT_LOG2_N, KeyFile, KeyFileError
from mumei.trustee.documents import CaseFile, TrusteeInfo
from mumei_core.development import DevelopmentRole, development_key
from mumei_core.eac.signature import SigningKey
from mumei_core.errors import DecodingError, HostEnvironmentError, TrustError, UsageError
from mumei_core.issuing_statements import TrusteeListRecord

KEY_FILE: Final = "trustee.key"
PUBLIC_FILE: Final = "trustee.pub"
STATE_FILE: Final = "state.db"
KIND: Final = "trustee-key"
_SCALAR: Final = 32
_PATIENCE: Final = 10.0
_PAGE: Final = 500
_BACKUP: Final = "Restore the trustee's folder from its backup."
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS trustee_list (digest BLOB PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS confirmed (handle BLOB PRIMARY KEY, day INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reported (
    number BLOB PRIMARY KEY, document BLOB NOT NULL, approved INTEGER NOT NULL, withdrawn INTEGER
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrusteeKeys:
    """``sealing``: private key of 32 octets, for HPKE; ``signing``: for confirmations. ``repr`` shows neither."""

    sealing: bytes = field(repr=False)
    signing: SigningKey = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """Fresh ones from the operating system."""
        return cls(sealing=SigningKey.generate().secret_octets, signing=SigningKey.generate())

    @classmethod
    def of_development(cls, number: int) -> Self:
        """Those of trustee ``number`` of the development profile, from 1: anybody has them."""
        key = development_key(DevelopmentRole.TRUSTEE, number)
        return cls(sealing=key.secret_octets, signing=key)

    @property
    def sealing_point(self) -> bytes:
        """65 octets: what stands in the list of trustees."""
        return SigningKey(int.from_bytes(self.sealing)).point


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """A case that this trustee approved. ``withdrawn``: the day on which the card was found, or None."""

    case: CaseFile
    approved: int
    withdrawn: int | None


class TrusteeFolder:
    """The folder, without its keys: those are opened when they are needed. Made by :meth:`create`, :meth:`open`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._indices: dict[bytes, int] = {}

    @classmethod
    def create(
        cls,
        folder: Path,
        name: str,
        passphrase: bytes,
        *,
        keys: TrusteeKeys | None = None,
        log2_n: int = DEFAULT_LOG2_N,
    ) -> tuple[Self, TrusteeInfo]:
        """A new folder, with fresh keys unless some are given. Raises UsageError where there is one."""
        if (folder / KEY_FILE).exists():
            raise UsageError(f"{folder} holds a trustee already", hint="Choose another folder.")
        make_folder(folder)
        keys = keys or TrusteeKeys.generate()
        info = TrusteeInfo(name=name, sealing=keys.sealing_point, signing=keys.signing.point)
        KeyFile.seal(
            folder / KEY_FILE,
            KIND,
            bytearray(keys.sealing + keys.signing.secret_octets),
            passphrase,
            info.sealing + info.signing,
            log2_n=log2_n,
        )
        info.save(folder / PUBLIC_FILE)
        made = cls(folder)
        with made._state():
            pass
        return made, info

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Raises TrustError where there is none."""
        if not (folder / KEY_FILE).exists():
            raise TrustError(f"there is no trustee in {folder}", hint="Make one first: mumei trustee init.")
        return cls(folder)

    def info(self) -> TrusteeInfo:
        """Its public part. Raises TrustError."""
        return TrusteeInfo.load(self.folder / PUBLIC_FILE)

    def keys(self, passphrase: bytes) -> TrusteeKeys:
        """Raises as KeyFile.open, and KeyFileError where secret and public part disagree."""
        octets = KeyFile.open(self.folder / KEY_FILE, KIND, passphrase)
        try:
            if len(octets) != 2 * _SCALAR:
                raise KeyFileError(f"{KEY_FILE} holds no two keys", hint=_BACKUP)
            keys = TrusteeKeys(
                sealing=bytes(octets[:_SCALAR]), signing=SigningKey(int.from_bytes(octets[_SCALAR:]))
            )
        finally:
            octets[:] = bytes(len(octets))
        info = self.info()
        if (keys.sealing_point, keys.signing.point) != (info.sealing, info.signing):
            raise KeyFileError(f"{KEY_FILE} and {PUBLIC_FILE} disagree", hint=_BACKUP)
        return keys

    def join(self, record: TrusteeListRecord) -> int:
        """Keep a list of trustees; this one's number in it, from 1. Raises TrustError where it is not in it."""
        index = self._index_in(record)
        with self._state() as state:
            state.execute(
                "INSERT OR IGNORE INTO trustee_list VALUES (?, ?)", (record.digest, record.to_octets())
            )
        return index

    def index(self, trustees: bytes) -> int:
        """This trustee's number in the list with this hash. Raises TrustError for a list it does not know."""
        if trustees in self._indices:
            return self._indices[trustees]
        with self._state() as state:
            row = state.execute("SELECT record FROM trustee_list WHERE digest = ?", (trustees,)).fetchone()
        if row is None:
            raise TrustError(
                "a handle is sealed to a list of trustees that is not known here",
                hint="Give the list that root and auditor signed: --trustees FILE.",
            )
        index = self._indices[trustees] = self._index_in(TrusteeListRecord.from_octets(row[0]))
        return index

    def confirmed(self, handle: bytes) -> bool:
        """Whether the share of this handle was checked before."""
        with self._state() as state:
            found = state.execute("SELECT 1 FROM confirmed WHERE handle = ?", (handle,)).fetchone()
        return found is not None

    def confirm(self, handles: list[bytes], day: int) -> None:
        """Remember that these shares were checked."""
        with self._state() as state:
            state.executemany(
                "INSERT OR IGNORE INTO confirmed VALUES (?, ?)", [(each, day) for each in handles]
            )

    def approve(self, case: CaseFile, day: int) -> bool:
        """Remember an approval, or a withdrawal; whether it is new. Raises UsageError where the two contradict."""
        octets = case.to_octets()
        with self._state() as state:
            found = state.execute(
                "SELECT document, withdrawn FROM reported WHERE number = ?", (case.number,)
            ).fetchone()
            if case.withdrawn:
                if found is None:
                    raise UsageError(
                        f"case {case.words} was never approved here", hint="So there is nothing to withdraw."
                    )
                state.execute(
                    "UPDATE reported SET withdrawn = ? WHERE number = ? AND withdrawn IS NULL",
                    (day, case.number),
                )
                return found[1] is None
            if found is None:
                state.execute("INSERT INTO reported VALUES (?, ?, ?, NULL)", (case.number, octets, day))
                return True
        if found[0] != octets:
            raise UsageError(
                f"another case was approved under the number {case.words}",
                hint="Do not approve it; telephone the office.",
            )
        if found[1] is not None:
            raise UsageError(
                f"case {case.words} was withdrawn", hint="A card that is lost again needs a new case."
            )
        return False

    def cases(self) -> Iterator[Approved]:
        """All approved cases, withdrawn ones included, by number; a page at a time, so nobody has to wait."""
        last = b""
        while page := self._page(last):
            for document, approved, withdrawn in page:
                case = CaseFile.from_octets(document)
                last = case.number
                yield Approved(case=case, approved=approved, withdrawn=withdrawn)

    def _page(self, last: bytes) -> list[tuple[bytes, int, int | None]]:
        with self._state() as state:
            return state.execute(
                "SELECT document, approved, withdrawn FROM reported WHERE number > ? ORDER BY number LIMIT ?",
                (last, _PAGE),
            ).fetchall()

    def counts(self) -> tuple[int, int]:
        """Numbers of lists it is in, and of shares confirmed."""
        with self._state() as state:
            lists = state.execute("SELECT count(*) FROM trustee_list").fetchone()[0]
            return int(lists), int(state.execute("SELECT count(*) FROM confirmed").fetchone()[0])

    def _index_in(self, record: TrusteeListRecord) -> int:
        own = self.info().sealing
        if own not in record.keys:
            raise TrustError(
                "this trustee is not in the list",
                hint="Give it to whom it belongs, or have a new list signed.",
            )
        return record.keys.index(own) + 1

    @contextmanager
    def _state(self) -> Iterator[sqlite3.Connection]:
        path = self.folder / STATE_FILE
        try:
            if not path.exists():
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
            try:
                connection.execute("PRAGMA synchronous = FULL")
                connection.executescript(_SCHEMA)
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            finally:
                connection.close()
        except (sqlite3.Error, OSError) as error:
            raise HostEnvironmentError(
                f"the trustee's {STATE_FILE} cannot be used: {error}",
                hint="Check the folder, its permissions and the space on the disk; nothing was changed.",
            ) from error
        except DecodingError as error:
            raise TrustError(
                f"the trustee's {STATE_FILE} is damaged: {error}", hint="Restore it from its backup."
            ) from error
