"""The auditor's files: an audited context on its way to a sector authority, and a statement about digits.

``*.context``: DER SEQUENCE { record, OCTET STRING the auditor's signature }. ``*.statement``: SignedStatement of
apdu_specs/mumei.asn1.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from mumei.files import read_file, write_new_file
from mumei_core.commands import codes
from mumei_core.commands.template import expect_length
from mumei_core.eac import der
from mumei_core.eac.signature import SIGNATURE_LENGTH
from mumei_core.errors import DecodingError, TrustError
from mumei_core.statements import ContextRecord, SignedStatement

_LIMIT: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedContext:
    """A relying party's context with the auditor's signature."""

    record: ContextRecord
    signature: bytes

    def save(self, path: Path) -> None:
        """Write a new file. Raises UsageError if there is one."""
        octets = der.sequence(self.record.to_octets(), der.octet_string(self.signature))
        write_new_file(path, octets, mode=0o644)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file; the signature is not checked. Raises TrustError."""
        octets = read_file(path, what="audited context", limit=_LIMIT)
        try:
            items = der.read_sequence(octets)
            if len(items) != 2:
                raise DecodingError("a record and a signature")
            der.expect(items[0], codes.TAG_DER_SEQUENCE)
            return cls(
                record=ContextRecord.from_octets(items[0].to_bytes()),
                signature=expect_length("the signature", der.read_octets(items[1]), SIGNATURE_LENGTH),
            )
        except DecodingError as error:
            raise _no_such(path, "audited context", error) from error


def save_statement(path: Path, statement: SignedStatement) -> None:
    """Write a new file. Raises UsageError if there is one."""
    write_new_file(path, statement.to_octets(), mode=0o644)


def load_statement(path: Path) -> SignedStatement:
    """Read a file; the signatures are not checked. Raises TrustError."""
    try:
        return SignedStatement.from_octets(read_file(path, what="statement", limit=_LIMIT))
    except DecodingError as error:
        raise _no_such(path, "statement", error) from error


def _no_such(path: Path, what: str, error: DecodingError) -> TrustError:
    return TrustError(f"{path} holds no {what}: {error}", hint="Get the file anew from the auditor.")
