"""The key ceremony: an issuer's key made before witnesses, and a record by which anybody can check it later.

The digit table's key exists in this process's memory for a moment and is written nowhere; the audit then proves the
table by pairings, which needs no such key. What root and auditor sign comes afterwards, so the record names their
public keys, and :func:`check_record` checks what they signed against it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final, Self

from mumei.files import all_or_none, read_file, write_new_file
from mumei.issuer.keys import IssuerKey
from mumei.issuer.parameters import PublicParameters, make_parameters
from mumei_core.commands import codes
from mumei_core.crypto.hashing import sha256
from mumei_core.errors import DecodingError, InvalidProof, TrustError, UsageError
from mumei_core.issuing_statements import IssuerKeyRecord
from mumei_core.statements import DigitRecord, SignedStatement, record_type

RECORD_FILE: Final = "ceremony.json"
PRINT_FILE: Final = "ceremony.txt"
MIN_WITNESSES: Final = 2
_TYPE: Final = "mumei-ceremony-1"
_LIMIT: Final = 64 * 1024
_RULE: Final = "_" * 40


@dataclass(frozen=True, slots=True, kw_only=True)
class CeremonyRecord:
    """``at``: ISO 8601 with its zone. Hashes are SHA-256, in hex; ``issuer_root`` and ``auditor``: of the public
    keys that will sign, or empty.
    """

    issuer: str
    at: str
    program: str
    profile: int
    key_id: str
    W1: str
    digit_key: str
    digit_table: str
    ages: tuple[int, ...]
    issuer_root: str
    auditor: str
    witnesses: tuple[str, ...]

    @classmethod
    def of(
        cls,
        parameters: PublicParameters,
        *,
        at: datetime,
        witnesses: Sequence[str],
        issuer_root: bytes = b"",
        auditor: bytes = b"",
    ) -> Self:
        """What is to be witnessed. Raises UsageError for fewer than two witnesses, or one who is named twice."""
        names = tuple(name.strip() for name in witnesses)
        if len(set(names)) < max(MIN_WITNESSES, len(names)) or not all(
            name.isprintable() and 1 <= len(name) <= 80 for name in names
        ):
            raise UsageError(
                "a ceremony has two witnesses or more, each named once", hint="Give --witness for each."
            )
        return cls(
            issuer=parameters.issuer,
            at=at.isoformat(timespec="seconds"),
            program=f"mumei {metadata.version('mumei')}",
            profile=parameters.profile,
            key_id=parameters.key_id.hex(),
            W1=parameters.W1.hex(),
            digit_key=sha256(parameters.digit_key).hex(),
            digit_table=parameters.table_hash.hex(),
            ages=parameters.ages,
            issuer_root=sha256(issuer_root).hex() if issuer_root else "",
            auditor=sha256(auditor).hex() if auditor else "",
            witnesses=names,
        )

    def to_octets(self) -> bytes:
        """JSON, one way."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return (json.dumps({"type": _TYPE, **fields}, ensure_ascii=False, indent=2) + "\n").encode()

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises TrustError."""
        octets = read_file(path, what="record of a ceremony", limit=_LIMIT)
        try:
            found: dict[str, Any] = json.loads(octets)
            if found.pop("type") != _TYPE:
                raise ValueError
            record = cls(**{**found, "ages": tuple(found["ages"]), "witnesses": tuple(found["witnesses"])})
            if record.to_octets() != octets:
                raise ValueError
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise TrustError(
                f"{path.name} is no record of a ceremony, or was changed", hint="Compare it with the print."
            ) from None
        return record

    @property
    def code(self) -> str:
        """What each witness types: 8 hex digits of the record's hash."""
        digits = sha256(self.to_octets()).hex()
        return f"{digits[:4]}-{digits[4:8]}"

    def text(self) -> str:
        """The record as it is printed and signed by hand."""
        lines = [
            f"KEY CEREMONY of {self.issuer}" + (" (DEVELOPMENT)" if self._is_development else ""),
            "",
            f"Begun: {self.at}, with {self.program}",
            f"Issuer's key: SHA-256(PK) {_groups(self.key_id)}",
            f"W1: {_groups(self.W1)}",
            f"Digit key: SHA-256(X) {_groups(self.digit_key)}",
            f"Digit table: SHA-256 {_groups(self.digit_table)}",
            "The key that signed the digits was held in memory only and is destroyed; all 256 signatures were",
            "checked by pairings without it.",
            f"Ages answered without PIN: {', '.join(map(str, self.ages))}",
        ]
        for who, digest in (("issuer's root", self.issuer_root), ("auditor", self.auditor)):
            if digest:
                lines.append(f"To be signed by the {who}, whose public key has SHA-256 {_groups(digest)}")
        lines += ["", f"Code of this record: {self.code}   (SHA-256 of {RECORD_FILE} begins with it)", ""]
        for name in self.witnesses:
            lines += [f"I saw this, and typed the code: {name}", "", f"  {_RULE}", ""]
        return "\n".join(lines).rstrip()

    def save(self, folder: Path) -> None:
        """Write the record and its print. Raises UsageError where they are there already."""
        with all_or_none() as written:
            write_new_file(folder / RECORD_FILE, self.to_octets(), mode=0o644)
            written.append(folder / RECORD_FILE)
            write_new_file(folder / PRINT_FILE, (self.text() + "\n").encode(), mode=0o644)

    @property
    def _is_development(self) -> bool:
        return self.profile == codes.PROFILE_DEVELOPMENT


def make_keys(issuer: str, *, profile: int) -> tuple[IssuerKey, PublicParameters]:
    """A fresh key and audited parameters; nothing is written yet."""
    key = IssuerKey.generate()
    parameters = make_parameters(key, issuer, profile=profile)
    parameters.audit()
    return key, parameters


def check_record(
    record: CeremonyRecord,
    parameters: PublicParameters,
    statements: Sequence[SignedStatement],
    *,
    root_keys: Sequence[bytes] = (),
    auditor_keys: Sequence[bytes] = (),
) -> None:
    """That record, parameters and statements are about one key, and that all of it holds: anyone can.

    Raises TrustError, and UsageError for statements without the keys that must have signed them.
    """
    parameters.audit()
    found = (parameters.key_id.hex(), parameters.W1.hex(), parameters.table_hash.hex(), parameters.ages)
    if found != (record.key_id, record.W1, record.digit_table, record.ages):
        raise TrustError("the parameters are not those of this ceremony", hint="Get the matching files.")
    if statements and not (root_keys and auditor_keys):
        raise UsageError("statements are checked with the keys that signed", hint="Name root and auditor.")
    for who, keys, noted in (
        ("issuer's root", root_keys, record.issuer_root),
        ("auditor", auditor_keys, record.auditor),
    ):
        if keys and noted and noted not in {sha256(key).hex() for key in keys}:
            raise TrustError(f"the ceremony named another {who}", hint="Compare with the printed record.")
    for statement in statements:
        _check_statement(statement, parameters, root_keys, auditor_keys)


def _check_statement(
    statement: SignedStatement,
    parameters: PublicParameters,
    root_keys: Sequence[bytes],
    auditor_keys: Sequence[bytes],
) -> None:
    try:
        statement.check(root_keys, auditor_keys)
        if record_type(statement.record) == codes.STATEMENT_DIGITS:
            digits = DigitRecord.from_octets(statement.record)
            same = (digits.X, digits.table_hash) == (parameters.digit_key, parameters.table_hash)
        else:
            key = IssuerKeyRecord.from_octets(statement.record)
            same = (parameters.public_key, parameters.W1) == (key.PK, key.W1)
    except InvalidProof as error:
        raise TrustError(
            f"a statement is not signed as it must be: {error.reason}", hint="Get it anew."
        ) from None
    except DecodingError as error:
        raise TrustError(f"a statement is about something else: {error}", hint="Check the files.") from None
    if not same:
        raise TrustError("a statement is about another key or table", hint="Get the matching files.")


def _groups(digits: str) -> str:
    return " ".join(digits[i : i + 8] for i in range(0, len(digits), 8))
