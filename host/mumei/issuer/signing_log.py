"""The signing log: a line for each signature that may exist, chained by hash; no attribute and no name of a person.

A line is written in the transaction that puts the terms on record, before the signature can be: so there is no
signature without a line. Whoever changes, removes, reorders or inserts a line breaks the chain from there on;
whoever cuts off its end or writes it anew is found by the head that somebody noted down elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self

import cbor2

from mumei.issuer.issuance import Purpose
from mumei_core.crypto import hashing
from mumei_core.errors import TrustError, UsageError

LABEL: Final = b"MUMEI-SIGNING-LOG-V1"
#: The hash before the first line.
START: Final = bytes(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """``at``: seconds since 1970. ``digest``: of the request. ``hash``: over all of it and the hash before."""

    number: int
    at: int
    office: str
    key_id: bytes
    purpose: Purpose
    digest: bytes
    hash: bytes

    @classmethod
    def after(
        cls, head: Head, *, at: int, office: str, key_id: bytes, purpose: Purpose, digest: bytes
    ) -> Self:
        """The next line of the chain."""
        number = head.number + 1
        made = _hash(head.hash, number, at, office, key_id, purpose, digest)
        return cls(
            number=number, at=at, office=office, key_id=key_id, purpose=purpose, digest=digest, hash=made
        )

    def text(self) -> str:
        """One line, for people."""
        moment = datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        return (
            f"{self.number:>7} {moment} {self.purpose.name.lower():<5} key {self.key_id[:4].hex()} "
            f"request {self.digest[:8].hex()} {self.office}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of the log: how many lines, and the last one's hash. Short enough to be written down."""

    number: int = 0
    hash: bytes = START

    def text(self) -> str:
        """``number:hash``."""
        return f"{self.number}:{self.hash.hex()}"

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Raises UsageError."""
        number, _, digest = text.strip().partition(":")
        try:
            found = cls(number=int(number), hash=bytes.fromhex(digest))
        except ValueError:
            found = None
        if found is None or found.number < 0 or len(found.hash) != len(START):
            raise UsageError(
                "a head of the log is a number, a colon and 64 hex digits",
                hint="'mumei issuer log --verify' prints it.",
            )
        return found


def verify_log(lines: Iterable[LogLine], *, noted: Head | None = None) -> Iterator[LogLine]:
    """Hand the lines on, each one checked. ``noted``: a head written down earlier, which must lie on the chain.

    Raises TrustError at the first line that is not what it was, and at the end where the noted head was not met.
    """
    head = Head()
    met = noted is None or noted == head
    for line in lines:
        if line.number != head.number + 1:
            raise _broken(head.number + 1, "is missing, or out of order")
        if line.hash != _hash(
            head.hash, line.number, line.at, line.office, line.key_id, line.purpose, line.digest
        ):
            raise _broken(line.number, "is not what was written")
        head = Head(number=line.number, hash=line.hash)
        met = met or noted == head
        yield line
    if not met:
        raise TrustError(
            f"the log has {head.number} lines and does not lead through the head that was noted",
            hint="Its end was cut off, or it was written anew. Keep the file; compare with a back-up.",
        )


def _hash(
    before: bytes, number: int, at: int, office: str, key_id: bytes, purpose: Purpose, digest: bytes
) -> bytes:
    line = cbor2.dumps([number, at, office, key_id, int(purpose), digest], canonical=True)
    return hashing.sha256(LABEL + before + line)


def _broken(number: int, how: str) -> TrustError:
    return TrustError(
        f"line {number} of the signing log {how}",
        hint="Somebody changed the ledger. Keep the file as it is; compare with a back-up.",
    )
