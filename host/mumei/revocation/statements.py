"""The authority's half of epoch statements: computed from labels, signed, for the auditor to recompute (2.5).

``*.unaudited``: DER SEQUENCE { record, OCTET STRING the authority's signature }; the auditor makes of it a
``*.statement``. Nothing is signed before the epoch's first day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from mumei.files import make_folder, read_file, replace_file
from mumei_core.commands import codes
from mumei_core.commands.template import expect_length
from mumei_core.crypto.hash_to_curve import recognise_point, slot_points
from mumei_core.crypto.hashing import sha256
from mumei_core.crypto.revocation.tree import SlotTree
from mumei_core.dates import date_of
from mumei_core.eac import der
from mumei_core.eac.signature import SIGNATURE_LENGTH, SigningKey
from mumei_core.epoch_statements import EpochRecord, RecogniseRecord, SlotRecord, epoch_record
from mumei_core.epochs import BUCKETS, epoch_of, first_day
from mumei_core.errors import DecodingError, TrustError, UsageError
from mumei_core.statements import SignedStatement

UNAUDITED: Final = ".unaudited"
SIGNED: Final = ".statement"
_LIMIT: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfSigned:
    """A record with the authority's signature, 64 octets."""

    record: EpochRecord
    signature: bytes

    @property
    def stem(self) -> str:
        """Of its files' names."""
        return stem_of(self.record)

    def to_octets(self) -> bytes:
        """As it goes to the auditor."""
        return der.sequence(self.record.to_octets(), der.octet_string(self.signature))

    @classmethod
    def load(cls, path: Path) -> Self:
        """The signature is not checked. Raises TrustError."""
        try:
            items = der.read_sequence(read_file(path, what="unaudited statement", limit=_LIMIT))
            if len(items) != 2:
                raise DecodingError("a record and a signature")
            der.expect(items[0], codes.TAG_DER_SEQUENCE)
            signature = expect_length("a signature", der.read_octets(items[1]), SIGNATURE_LENGTH)
            octets = items[0].to_bytes()
            both = SignedStatement(record=octets, authority=signature, auditor=bytes(SIGNATURE_LENGTH))
            return cls(record=epoch_record(both), signature=signature)
        except DecodingError as error:
            raise TrustError(
                f"{path.name} holds no unaudited statement: {error}", hint="Get it anew from the authority."
            ) from error


def slot_record(epoch: int, bucket: int) -> SlotRecord:
    """Type 2, its sixteen points computed here."""
    return SlotRecord(epoch=epoch, bucket=bucket, root=SlotTree(slot_points(epoch, bucket)).root)


def recognise_record(epoch: int, rp_context: bytes) -> RecogniseRecord:
    """Type 3, its point computed here."""
    point = recognise_point(epoch, rp_context).to_uncompressed()
    return RecogniseRecord(epoch=epoch, rp_context=rp_context, R=point)


def check_begun(epoch: int, *, day: int) -> None:
    """Raises UsageError before the epoch's first day, and where it is over.

    A statement that is out early moves cards' calendars ahead; one for a past week is of no use to anybody honest.
    """
    if day < first_day(epoch):
        raise UsageError(
            f"no statement of epoch {epoch} is signed before {date_of(first_day(epoch)).isoformat()}",
            hint="Try again on that day. If that day is here, this computer's clock is wrong.",
        )
    if epoch < epoch_of(day):
        raise UsageError(f"epoch {epoch} is over", hint=f"The running epoch is {epoch_of(day)}.")


def records(epoch: int, contexts: Sequence[bytes] = ()) -> Iterator[EpochRecord]:
    """Those of every bucket, then of every recognising context."""
    yield from (slot_record(epoch, bucket) for bucket in range(BUCKETS))
    yield from (recognise_record(epoch, each) for each in contexts)


def write_statements(
    epoch: int, key: SigningKey, out: Path, *, day: int, contexts: Sequence[bytes] = ()
) -> int:
    """Write the authority's half of all statements of an epoch to ``out``; their number. Raises UsageError."""
    check_begun(epoch, day=day)
    make_folder(out)
    count = 0
    for record in records(epoch, contexts):
        half = HalfSigned(record=record, signature=key.sign(record.to_octets()))
        replace_file(out / f"{half.stem}{UNAUDITED}", half.to_octets(), mode=0o644)
        count += 1
    return count


def stem_of(record: EpochRecord) -> str:
    """The name of a statement's file, without its end."""
    if isinstance(record, SlotRecord):
        return f"{record.epoch}-bucket{record.bucket:03d}"
    return f"{record.epoch}-recognise-{sha256(record.rp_context)[:16].hex()}"
