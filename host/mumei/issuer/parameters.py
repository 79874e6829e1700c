"""The issuer's public parameters: one file that offices put on cards and terminals verify with.

A file, version 1, is deterministic CBOR (RFC 8949, 4.2.1) of a map with the names of :class:`PublicParameters`'s
fields. It holds nothing secret; what makes it trustworthy is the audit and who handed it over.
"""

from __future__ import annotations

import functools
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Self

import cbor2

from mumei.files import decode_document, read_file, write_new_file
from mumei.issuer.keys import IssuerKey
from mumei_core.commands import codes
from mumei_core.commands.parameters import CardParameters
from mumei_core.credential import key_id
from mumei_core.crypto.curve import BP1, POINT_LENGTH, Point, R
from mumei_core.crypto.pairing import BP2, G2Point, products_are_equal
from mumei_core.crypto.predicate.audit import audit_digit_parameters
from mumei_core.crypto.predicate.issuer import DigitParameters, make_digit_parameters
from mumei_core.crypto.predicate.messages import BASE, table_hash
from mumei_core.dates import MAX_AGE, day_number
from mumei_core.errors import DecodingError, InvalidProof, TrustError

TYPE: Final = "mumei-parameters-1"
#: Ages that a card answers without PIN (2.4).
AGES_WITHOUT_PIN: Final = (12, 15, 18, 20, 60, 65, 70)
MAX_FILE_LENGTH: Final = 64 * 1024
_TABLE_LENGTH: Final = BASE * POINT_LENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicParameters:
    """``issuer``: a name for people. ``profile``: of the cards they are for; 1 is *development*.

    ``public_key`` and ``digit_key``: 96 octets; ``W1``: 48; ``A`` and ``W``: 256 compressed points each.
    """

    issuer: str
    profile: int
    public_key: bytes
    W1: bytes
    digit_key: bytes
    A: bytes
    W: bytes
    ages: tuple[int, ...]

    @property
    def key_id(self) -> bytes:
        """SHA-256(PK), 32 octets."""
        return key_id(self.public_key)

    @property
    def table_hash(self) -> bytes:
        """What cards pin and requests name, 32 octets."""
        return table_hash(self.digit_key, (self.A,), (self.W,))

    @property
    def is_development(self) -> bool:
        """Whether they are for cards that anyone may read and write: never for real residents."""
        return self.profile == codes.PROFILE_DEVELOPMENT

    def digits(self) -> DigitParameters:
        """The digit signatures, decoded. Raises TrustError."""
        return _digits(self)

    def for_card(self, day: date, *, statement: bytes | None = None) -> CardParameters:
        """As a card takes them: points uncompressed. ``day``: of personalisation. ``statement``: the auditor's."""
        digits = self.digits()
        return CardParameters(
            profile=self.profile,
            public_key=self.public_key,
            W1=self.W1,
            X=self.digit_key,
            A_table=b"".join(point.to_uncompressed() for point in digits.A),
            W_table=b"".join(point.to_uncompressed() for point in digits.W),
            ages=self.ages,
            date=day_number(day),
            statement=statement,
        )

    def audit(self) -> None:
        """Check, with pairings, that PK and W1 are one key and that all 256 digit signatures are right.

        Raises TrustError: whoever made the parameters is wrong or dishonest. What held once in a process holds.
        """
        _audit(self)

    def save(self, path: Path) -> None:
        """Write a new file. Raises UsageError if there is one."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        octets = cbor2.dumps({"type": TYPE, **fields, "ages": list(self.ages)}, canonical=True)
        write_new_file(path, octets, mode=0o644)

    @classmethod
    def load(cls, path: Path | os.PathLike[str]) -> Self:
        """Read a file; its structure is checked, its truth only by :meth:`audit`. Raises TrustError."""
        octets = read_file(Path(path), what="issuer's parameters", limit=MAX_FILE_LENGTH)
        try:
            document = decode_document(octets)
        except ValueError as error:
            raise _not_parameters(path) from error
        if not isinstance(document, Mapping) or set(document) != {"type", *cls.__slots__}:
            raise _not_parameters(path)
        ages = document["ages"]
        sizes = {"public_key": 96, "W1": 48, "digit_key": 96, "A": _TABLE_LENGTH, "W": _TABLE_LENGTH}
        sound = (
            document["type"] == TYPE
            and isinstance(document["issuer"], str)
            and isinstance(document["profile"], int)
            and all(isinstance(document[k], bytes) and len(document[k]) == n for k, n in sizes.items())
            and isinstance(ages, list)
            and all(isinstance(age, int) and 1 <= age <= MAX_AGE for age in ages)
        )
        if not sound:
            raise _not_parameters(path)
        return cls(
            issuer=document["issuer"],
            profile=document["profile"],
            public_key=document["public_key"],
            W1=document["W1"],
            digit_key=document["digit_key"],
            A=document["A"],
            W=document["W"],
            ages=tuple(ages),
        )


def make_parameters(key: IssuerKey, issuer: str, *, profile: int) -> PublicParameters:
    """Parameters for ``key``, with fresh digit signatures whose key is forgotten at once."""
    digits = make_digit_parameters(secrets.randbelow(R - BASE - 1) + 1)
    return PublicParameters(
        issuer=issuer,
        profile=profile,
        public_key=key.public_key,
        W1=key.W1,
        digit_key=digits.X,
        A=b"".join(point.to_octets() for point in digits.A),
        W=b"".join(point.to_octets() for point in digits.W),
        ages=AGES_WITHOUT_PIN,
    )


@functools.lru_cache(maxsize=8)
def _digits(parameters: PublicParameters) -> DigitParameters:
    try:
        return DigitParameters(X=parameters.digit_key, A=_points(parameters.A), W=_points(parameters.W))
    except DecodingError as error:
        raise TrustError(f"the issuer's digit table is damaged: {error}") from error


@functools.lru_cache(maxsize=8)
def _audit(parameters: PublicParameters) -> None:
    """A batch asks for every card; only what holds is remembered."""
    try:
        W1, PK = Point.from_octets(parameters.W1), G2Point.from_octets(parameters.public_key)
        if not products_are_equal([(W1, BP2)], [(BP1, PK)]):
            raise InvalidProof("W1 and PK are different keys")
        audit_digit_parameters(parameters.digits())
    except (DecodingError, InvalidProof) as error:
        reason = error.reason if isinstance(error, InvalidProof) else str(error)
        raise TrustError(
            f"the parameters of {parameters.issuer!r} do not stand the audit: {reason}",
            hint="Do not use them. Get the issuer's parameters anew from a source that you trust.",
        ) from error


def _points(octets: bytes) -> tuple[Point, ...]:
    return tuple(Point.from_octets(octets[i : i + POINT_LENGTH]) for i in range(0, len(octets), POINT_LENGTH))


def _not_parameters(path: os.PathLike[str]) -> TrustError:
    return TrustError(
        f"{Path(path).name} does not hold an issuer's parameters, or is damaged",
        hint="Get the file anew; 'mumei issuer init' writes it as parameters.cbor.",
    )
