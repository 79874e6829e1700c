"""Revocation lists as they travel: full and delta, per (epoch, bucket, slot) or recognising context (2.5).

A list's *body* is its entries, the first 16 octets of enc(K) each, ascending, none twice. Its *header* names the
list, numbers it, and holds SHA-256 of the whole body; the authority signs the header. A full list carries the body,
a delta what was added since an earlier number: merged, it must give the body that the header speaks of, so one
signature serves both, and what a terminal keeps is a full list whichever came. Within an epoch lists only grow.

File: ``mumei-list 1\\n`` || kind (F or D) || I2OSP(after, 4), 0 in a full list || I2OSP(length of header, 2) ||
header (deterministic CBOR, RFC 8949, 4.2.1) || signature (64, ECDSA P-256, r || s) || body or additions.
"""

from __future__ import annotations

import hashlib
import heapq
import operator
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

import cbor2

from mumei.files import decode_document
from mumei_core.eac.signature import SIGNATURE_LENGTH, SigningKey, verify
from mumei_core.epochs import BUCKETS, RECOGNISE, SLOTS
from mumei_core.errors import DecodingError, InvalidProof, TrustError

ENTRY_LENGTH: Final = 16
"""Octets of an entry: among n entries another card's K is found with probability n / 2^125."""

_LABEL: Final = b"MUMEI-LIST-V1"
_MAGIC: Final = b"mumei-list 1\n"
_PREFIX: Final = struct.Struct(f"!{len(_MAGIC)}scIH")
_FULL, _DELTA = b"F", b"D"
_CONTEXT_LENGTH: Final = 255
_NUMBER_LIMIT: Final = 1 << 32
_HEADER_KEYS: Final = {"epoch", "bucket", "slot", "context", "number", "day", "count", "digest"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListName:
    """What a list is about: a slot of a bucket, or the recognition of one context (slot 255, bucket 0)."""

    epoch: int
    bucket: int
    slot: int
    rp_context: bytes = b""

    def __post_init__(self) -> None:
        recognises = self.slot == RECOGNISE
        fits = 1 <= len(self.rp_context) <= _CONTEXT_LENGTH and self.bucket == 0
        if not (0 <= self.epoch < _NUMBER_LIMIT and 0 <= self.bucket < BUCKETS):
            raise DecodingError("no such epoch or bucket")
        if not (fits if recognises else 0 <= self.slot < SLOTS and not self.rp_context):
            raise DecodingError("a list is of a slot, or of one context's recognition")

    @classmethod
    def of_slot(cls, epoch: int, bucket: int, slot: int) -> Self:
        """The list of slot ``slot`` (0..15). Raises DecodingError."""
        if slot == RECOGNISE:
            raise DecodingError("255 is no slot")
        return cls(epoch=epoch, bucket=bucket, slot=slot)

    @classmethod
    def of_context(cls, epoch: int, rp_context: bytes) -> Self:
        """The list of a context that recognises cards within the epoch. Raises DecodingError."""
        return cls(epoch=epoch, bucket=0, slot=RECOGNISE, rp_context=rp_context)

    @property
    def file_name(self) -> str:
        """Without folder; a context is named by its hash."""
        if self.slot == RECOGNISE:
            return f"recognise-{hashlib.sha256(self.rp_context).hexdigest()[:32]}.list"
        return f"bucket{self.bucket:03d}-slot{self.slot:02d}.list"

    def words(self) -> str:
        """For people."""
        if self.slot == RECOGNISE:
            return f"epoch {self.epoch}, recognition by {self.rp_context.decode('utf-8', 'replace')}"
        return f"epoch {self.epoch}, bucket {self.bucket}, slot {self.slot}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListHeader:
    """What is signed. ``number``: from 1; ``day``: of issue; ``count``: of entries; ``digest``: body's."""

    name: ListName
    number: int
    day: int
    count: int
    digest: bytes

    def to_octets(self) -> bytes:
        """Deterministic CBOR."""
        name = self.name
        return cbor2.dumps(
            {
                "epoch": name.epoch,
                "bucket": name.bucket,
                "slot": name.slot,
                "context": name.rp_context,
                "number": self.number,
                "day": self.day,
                "count": self.count,
                "digest": self.digest,
            },
            canonical=True,
        )

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Raises :class:`DecodingError`."""
        try:
            found = decode_document(octets)
        except ValueError as error:
            raise DecodingError("the header of a list is not deterministic CBOR") from error
        if not isinstance(found, dict) or found.keys() != _HEADER_KEYS:
            raise DecodingError("the header of a list has other fields")
        numbers = {key: found[key] for key in ("epoch", "bucket", "slot", "number", "day", "count")}
        if not all(type(value) is int and 0 <= value < _NUMBER_LIMIT for value in numbers.values()):
            raise DecodingError("a number in the header of a list is out of range")
        context, digest = found["context"], found["digest"]
        if type(context) is not bytes or type(digest) is not bytes or len(digest) != 32:
            raise DecodingError("the header of a list holds other types")
        if numbers["number"] == 0:
            raise DecodingError("lists are numbered from 1")
        name = ListName(
            epoch=numbers["epoch"], bucket=numbers["bucket"], slot=numbers["slot"], rp_context=context
        )
        return cls(
            name=name, number=numbers["number"], day=numbers["day"], count=numbers["count"], digest=digest
        )

    def sign(self, key: SigningKey) -> bytes:
        """The authority's signature, 64 octets."""
        return key.sign(_LABEL + self.to_octets())

    def check(self, signature: bytes, authority_keys: Sequence[bytes]) -> None:
        """Raises TrustError unless one of the keys (65 octets each; two while a key changes) has signed."""
        message = _LABEL + self.to_octets()
        for key in authority_keys:
            try:
                return verify(key, message, signature)
            except InvalidProof:
                continue
        raise TrustError(
            f"the list of {self.name.words()} is not signed by the revocation authority",
            hint="It was altered, or is another authority's: get the lists anew, from the source you trust.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationList:
    """A full list: signed header and whole body. What it holds together is checked by :meth:`check`."""

    header: ListHeader
    signature: bytes
    body: bytes

    @classmethod
    def make(
        cls, name: ListName, entries: Iterable[bytes], *, number: int, day: int, key: SigningKey
    ) -> Self:
        """Sort, number and sign; an entry given twice is one."""
        body = b"".join(sorted(set(entries)))
        return cls.of_body(name, body, number=number, day=day, key=key)

    @classmethod
    def of_body(cls, name: ListName, body: bytes, *, number: int, day: int, key: SigningKey) -> Self:
        """The same from a body that is in order already. Raises DecodingError."""
        check_body(body)
        header = ListHeader(
            name=name,
            number=number,
            day=day,
            count=len(body) // ENTRY_LENGTH,
            digest=hashlib.sha256(body).digest(),
        )
        return cls(header=header, signature=header.sign(key), body=body)

    def to_octets(self) -> bytes:
        """As it is kept and travels."""
        return _wrap(_FULL, 0, self.header, self.signature, self.body)

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Raises :class:`DecodingError` for another form; signature and body are not checked here."""
        kind, after, header, signature, body = _unwrap(octets)
        if kind != _FULL or after:
            raise DecodingError("not a full list")
        return cls(header=header, signature=signature, body=body)

    def check(self, authority_keys: Sequence[bytes]) -> None:
        """Signature, digest, count and order. Raises TrustError."""
        self.header.check(self.signature, authority_keys)
        if hashlib.sha256(self.body).digest() != self.header.digest:
            raise TrustError(
                f"the list of {self.header.name.words()} is not the one that was signed",
                hint="It was altered or cut short on its way: get it anew.",
            )
        try:
            check_body(self.body)
        except DecodingError as error:
            raise TrustError(
                f"the list of {self.header.name.words()} is badly made: {error}",
                hint="The revocation authority has signed it so: tell it.",
            ) from error
        if self.header.count * ENTRY_LENGTH != len(self.body):
            raise TrustError("a list's count of entries is wrong", hint="Tell the revocation authority.")

    def delta_since(self, older: RevocationList) -> DeltaList:
        """What a holder of ``older`` lacks. Raises DecodingError where this is no growth of it."""
        if older.header.name != self.header.name or older.header.number >= self.header.number:
            raise DecodingError("a delta goes from a list to a later one of the same name")
        had = set(entries_of(older.body))
        additions = b"".join(entry for entry in entries_of(self.body) if entry not in had)
        if len(additions) + len(older.body) != len(self.body):
            raise DecodingError("within an epoch a list only grows")
        return DeltaList(
            header=self.header, signature=self.signature, after=older.header.number, additions=additions
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaList:
    """The same header and signature as the full list of that number, with only what list ``after`` lacks."""

    header: ListHeader
    signature: bytes
    after: int
    additions: bytes

    def to_octets(self) -> bytes:
        """As it travels."""
        return _wrap(_DELTA, self.after, self.header, self.signature, self.additions)

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """Raises :class:`DecodingError`; nothing is checked but the form."""
        kind, after, header, signature, additions = _unwrap(octets)
        if kind != _DELTA or not 0 < after < header.number:
            raise DecodingError("not a delta to an earlier list")
        return cls(header=header, signature=signature, after=after, additions=additions)

    def applied_to(self, older: RevocationList) -> RevocationList:
        """The full list, to be checked as any other. Raises TrustError where ``older`` is not its base."""
        if older.header.name != self.header.name or older.header.number != self.after:
            raise TrustError(
                f"the delta to {self.header.name.words()} extends list {self.after}, which is not here",
                hint="Take in the deltas between, or the full list.",
            )
        body = b"".join(heapq.merge(entries_of(older.body), entries_of(self.additions)))
        return RevocationList(header=self.header, signature=self.signature, body=body)


def read_list(octets: bytes) -> RevocationList | DeltaList:
    """A list file of either kind. Raises :class:`DecodingError`."""
    kind = octets[len(_MAGIC) : len(_MAGIC) + 1]
    return DeltaList.from_octets(octets) if kind == _DELTA else RevocationList.from_octets(octets)


HEAD_LENGTH: Final = 1024
"""No list's header ends later in its file."""


def read_head(octets: bytes) -> tuple[ListHeader, bool]:
    """The header of a list file from its first octets, and whether it is a delta. Raises :class:`DecodingError`."""
    if len(octets) < _PREFIX.size:
        raise DecodingError("too short to be a list")
    magic, kind, _, length = _PREFIX.unpack_from(octets)
    if magic != _MAGIC or kind not in (_FULL, _DELTA) or _PREFIX.size + length > HEAD_LENGTH:
        raise DecodingError("not a revocation list")
    return ListHeader.from_octets(octets[_PREFIX.size : _PREFIX.size + length]), kind == _DELTA


def entries_of(body: bytes) -> Iterator[bytes]:
    """The entries of a body of whole entries, in their order."""
    return (entry for (entry,) in struct.iter_unpack(f"{ENTRY_LENGTH}s", body))


def check_body(body: bytes) -> None:
    """Raises :class:`DecodingError` unless it is whole entries, ascending, none twice."""
    if len(body) % ENTRY_LENGTH:
        raise DecodingError(f"entries of a list have {ENTRY_LENGTH} octets")
    if not all(map(operator.lt, entries_of(body), _behind_the_first(body))):
        raise DecodingError("entries of a list ascend, and none comes twice")


def _behind_the_first(body: bytes) -> Iterator[bytes]:
    entries = entries_of(body)
    next(entries, None)
    return entries


def _wrap(kind: bytes, after: int, header: ListHeader, signature: bytes, body: bytes) -> bytes:
    encoded = header.to_octets()
    return b"".join((_PREFIX.pack(_MAGIC, kind, after, len(encoded)), encoded, signature, body))


def _unwrap(octets: bytes) -> tuple[bytes, int, ListHeader, bytes, bytes]:
    if len(octets) < _PREFIX.size:
        raise DecodingError("too short to be a list")
    magic, kind, after, length = _PREFIX.unpack_from(octets)
    if magic != _MAGIC:
        raise DecodingError("not a revocation list")
    begin = _PREFIX.size + length
    end = begin + SIGNATURE_LENGTH
    if len(octets) < end:
        raise DecodingError("a list is cut short")
    header = ListHeader.from_octets(octets[_PREFIX.size : begin])
    body = octets[end:]
    if len(body) % ENTRY_LENGTH:
        raise DecodingError("a list is cut short, or has octets behind it")
    return kind, after, header, octets[begin:end], body
