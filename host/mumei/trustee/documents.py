"""What office, trustees and authority hand each other: envelopes, confirmations, cases (mumei protocol 2.5).

Deterministic CBOR (RFC 8949, 4.2.1). None of it holds a name, a resident's or a card's number: a case has a random
number of its own, by which people speak of it on the telephone before anything is approved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import cbor2

from mumei.files import decode_document, read_file, replace_file
from mumei.trustee.handles import DIGEST_LENGTH, SealedHandle
from mumei_core.dates import DAY_LIMIT
from mumei_core.eac.signature import SIGNATURE_LENGTH, SigningKey, check_point, verify
from mumei_core.errors import DataError, DecodingError, InvalidProof, TrustError

CASE_NUMBER_LENGTH: Final = 16
SIZE_LIMIT: Final = 1 << 28
_ENVELOPES: Final = "mumei envelopes 1"
_CONFIRMATIONS: Final = "mumei confirmations 1"
_CASE: Final = "mumei case 1"
_TRUSTEE: Final = "mumei trustee 1"
_CONFIRMED: Final = b"MUMEI-CONFIRMED-V1"
_LONGEST_NAME: Final = 64
_ANEW: Final = "Check the path; get the file anew if it was damaged."


@dataclass(frozen=True, slots=True, kw_only=True)
class TrusteeInfo:
    """What a trustee tells of itself. ``sealing``, ``signing``: public keys on P-256, 65 octets each."""

    name: str
    sealing: bytes
    signing: bytes

    def save(self, path: Path) -> None:
        """Write its file."""
        _save(path, {"form": _TRUSTEE, "name": self.name, "sealing": self.sealing, "signing": self.signing})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises TrustError."""
        found = _load(
            path, _TRUSTEE, {"name": str, "sealing": bytes, "signing": bytes}, what="trustee's file"
        )
        if not 0 < len(found["name"]) <= _LONGEST_NAME:
            raise TrustError(f"{path.name}: a trustee's name has 1 to {_LONGEST_NAME} characters", hint=_ANEW)
        try:
            return cls(
                name=found["name"],
                sealing=check_point(found["sealing"]),
                signing=check_point(found["signing"]),
            )
        except DecodingError as error:
            raise TrustError(f"{path.name} holds no trustee's keys: {error}", hint=_ANEW) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelopes:
    """Handles of cards enrolled up to ``day``, on their way to the trustees."""

    day: int
    handles: tuple[SealedHandle, ...]

    def save(self, path: Path) -> None:
        """Write or replace the file."""
        _save(
            path, {"form": _ENVELOPES, "day": self.day, "handles": [each.to_map() for each in self.handles]}
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises DataError."""
        found = _load(path, _ENVELOPES, {"day": int, "handles": list}, what="envelopes")
        with _said(path.name, "envelopes"):
            return cls(day=_day(found["day"]), handles=tuple(map(_handle, found["handles"])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmations:
    """A trustee's word that it holds its share of these handles. ``index``: i, from 1, in list ``trustees``."""

    trustees: bytes
    index: int
    handles: tuple[bytes, ...]
    signature: bytes = b""

    def signed(self, key: SigningKey) -> Confirmations:
        """The same with the trustee's signature."""
        return Confirmations(
            trustees=self.trustees,
            index=self.index,
            handles=self.handles,
            signature=key.sign(self._message()),
        )

    def check(self, signing_key: bytes) -> None:
        """Raises TrustError unless this key, 65 octets, has signed."""
        try:
            verify(signing_key, self._message(), self.signature)
        except InvalidProof as error:
            raise TrustError(
                f"the confirmations are not signed by trustee {self.index}",
                hint="Get the file anew from the trustee; if it fails again, telephone.",
            ) from error

    def save(self, path: Path) -> None:
        """Write or replace the file."""
        _save(path, {**self._map(), "signature": self.signature})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises DataError; the signature is not checked."""
        fields = {"trustees": bytes, "index": int, "handles": list, "signature": bytes}
        found = _load(path, _CONFIRMATIONS, fields, what="confirmations")
        digests = found["handles"]
        if not all(type(each) is bytes and len(each) == DIGEST_LENGTH for each in digests):
            raise DataError(f"{path.name} holds something else than confirmations", hint=_ANEW)
        if len(found["trustees"]) != DIGEST_LENGTH or len(found["signature"]) != SIGNATURE_LENGTH:
            raise DataError(f"{path.name} holds something else than confirmations", hint=_ANEW)
        return cls(
            trustees=found["trustees"],
            index=found["index"],
            handles=tuple(digests),
            signature=found["signature"],
        )

    def _map(self) -> dict[str, object]:
        return {
            "form": _CONFIRMATIONS,
            "trustees": self.trustees,
            "index": self.index,
            "handles": list(self.handles),
        }

    def _message(self) -> bytes:
        return _CONFIRMED + cbor2.dumps(self._map(), canonical=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHandle:
    """One handle of a reported record. ``valid_until``: its credential's last day; afterwards it drops out."""

    handle: SealedHandle
    valid_until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """A reported record, as it leaves the office: all its unexpired handles, and nothing that names anybody.

    ``number``: 16 random octets; ``opened``: day; ``consent``: the holder was told that this week's earlier visits
    become linkable to each other, and wants the card listed within the week all the same; ``withdrawn``: it was
    found, and is to be listed no more.
    """

    number: bytes
    opened: int
    consent: bool
    withdrawn: bool
    handles: tuple[CaseHandle, ...]

    @property
    def words(self) -> str:
        """The number as people say it."""
        return case_words(self.number)

    def to_octets(self) -> bytes:
        """Deterministic CBOR."""
        return cbor2.dumps(
            {
                "form": _CASE,
                "number": self.number,
                "opened": self.opened,
                "consent": self.consent,
                "withdrawn": self.withdrawn,
                "handles": [
                    {**each.handle.to_map(), "valid_until": each.valid_until} for each in self.handles
                ],
            },
            canonical=True,
        )

    def save(self, path: Path) -> None:
        """Write or replace the file."""
        replace_file(path, self.to_octets(), mode=0o600)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises DataError."""
        return cls.from_octets(read_file(path, what="case file", limit=SIZE_LIMIT), path.name)

    @classmethod
    def from_octets(cls, octets: bytes, name: str = "the case") -> Self:
        """Raises DataError."""
        fields = {"number": bytes, "opened": int, "consent": bool, "withdrawn": bool, "handles": list}
        found = _parse(octets, name, _CASE, fields, what="case file")
        if len(found["number"]) != CASE_NUMBER_LENGTH or not found["handles"]:
            raise DataError(
                f"{name} is no case: it has a number of 16 octets, and at least one handle", hint=_ANEW
            )
        with _said(name, "case file"):
            return cls(
                number=found["number"],
                opened=_day(found["opened"]),
                consent=found["consent"],
                withdrawn=found["withdrawn"],
                handles=tuple(map(_case_handle, found["handles"])),
            )


def case_words(number: bytes) -> str:
    """A case's number in four groups of letters and digits, its first eight octets."""
    digits = number[:8].hex()
    return "-".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _case_handle(found: object) -> CaseHandle:
    if not isinstance(found, Mapping) or type(found.get("valid_until")) is not int:
        raise DecodingError("a case's handle has a last day")
    fields = {key: value for key, value in found.items() if key != "valid_until"}
    return CaseHandle(handle=SealedHandle.from_map(fields), valid_until=_day(found["valid_until"]))


def _handle(found: object) -> SealedHandle:
    return SealedHandle.from_map(found)


def _day(value: int) -> int:
    if not 0 <= value < DAY_LIMIT:
        raise DecodingError("a day is out of range")
    return value


def _save(path: Path, document: Mapping[str, object]) -> None:
    replace_file(path, cbor2.dumps(dict(document), canonical=True), mode=0o644)


def _load(path: Path, form: str, fields: Mapping[str, type], *, what: str) -> dict[str, Any]:
    return _parse(read_file(path, what=what, limit=SIZE_LIMIT), path.name, form, fields, what=what)


def _parse(octets: bytes, name: str, form: str, fields: Mapping[str, type], *, what: str) -> dict[str, Any]:
    try:
        found = decode_document(octets)
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("form") != form or found.keys() != {"form", *fields}:
        raise DataError(f"{name} is no {what}", hint=_ANEW)
    if not all(type(found[key]) is kind for key, kind in fields.items()):
        raise DataError(f"{name} is no {what}: a field is of another type", hint=_ANEW)
    return found


@contextmanager
def _said(name: str, what: str) -> Iterator[None]:
    """What is wrong inside a document is said of its file."""
    try:
        yield
    except DecodingError as error:
        raise DataError(f"{name} is no {what}: {error}", hint=_ANEW) from error
