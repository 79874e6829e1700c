"""A presentation on the wire, and the presentation header that binds it to its request.

Source: mumei protocol 2.3, "Wire". Nothing tells its own length: every position follows from the *request*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mumei_core.commands.request import Request
from mumei_core.credential import MESSAGES, Index
from mumei_core.crypto import hashing
from mumei_core.crypto.bbs.messages import Proof
from mumei_core.crypto.curve import POINT_LENGTH, SCALAR_LENGTH, Point, scalar_from_octets, scalar_to_octets
from mumei_core.crypto.hashing import serialize
from mumei_core.crypto.predicate.messages import DIGIT_PROOF_LENGTH, DIGITS, DigitCommitment, DigitProof
from mumei_core.crypto.revocation.messages import DIGEST_LENGTH, TOKEN_LENGTH, Token
from mumei_core.errors import DecodingError

#: First octets of SHA-256(PK) that name the issuer's key.
KEY_HINT_LENGTH: Final = 8
_DATE_LENGTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """The parts of a wire message, decoded: every point in the subgroup, every scalar in range.

    ``m_hat`` maps undisclosed index to response, without the birth date's where a predicate is asked.
    ``disclosed`` maps index to the octets shown. ``digits`` has one tuple per predicate. ``token`` is the digest
    alone, 32 octets, in what a receipt keeps.
    """

    valid_until: int
    key_hint: bytes
    disclosed: dict[int, bytes]
    Abar: Point
    Bbar: Point
    D: Point
    e_hat: int
    r1_hat: int
    r3_hat: int
    m_hat: dict[int, int]
    c: int
    pseudonym: Point | None
    digits: tuple[tuple[DigitProof, ...], ...]
    token: Token | bytes | None = None

    def to_octets(self) -> bytes:
        out = self.valid_until.to_bytes(_DATE_LENGTH, "big") + self.key_hint
        for index in sorted(self.disclosed):
            out += len(self.disclosed[index]).to_bytes(2, "big") + self.disclosed[index]
        out += serialize(self.Abar, self.Bbar, self.D, self.e_hat, self.r1_hat, self.r3_hat)
        out += b"".join(scalar_to_octets(self.m_hat[j]) for j in sorted(self.m_hat)) + scalar_to_octets(
            self.c
        )
        if self.pseudonym is not None:
            out += self.pseudonym.to_octets()
        out += b"".join(digit.to_octets() for digits in self.digits for digit in digits)
        return out + (self.token.to_octets() if isinstance(self.token, Token) else self.token or b"")

    @classmethod
    def from_octets(cls, octets: bytes, request: Request, *, receipt: bool = False) -> Presentation:
        """Decode the answer to ``request``: exact lengths, nothing after the end.

        ``receipt``: a digest stands where the token was. Raises :class:`DecodingError`.
        """
        reader = _Reader(octets)
        valid_until = int.from_bytes(reader.take(_DATE_LENGTH), "big")
        key_hint = reader.take(KEY_HINT_LENGTH)
        disclosed = {index: reader.take(int.from_bytes(reader.take(2), "big")) for index in request.disclosed}
        points = [reader.point() for _ in range(3)]
        scalars = [reader.scalar() for _ in range(3)]
        presentation = cls(
            valid_until=valid_until,
            key_hint=key_hint,
            disclosed=disclosed,
            Abar=points[0],
            Bbar=points[1],
            D=points[2],
            e_hat=scalars[0],
            r1_hat=scalars[1],
            r3_hat=scalars[2],
            m_hat={index: reader.scalar() for index in sent_responses(request)},
            c=reader.scalar(),
            pseudonym=reader.point() if request.pseudonym else None,
            digits=tuple(
                tuple(DigitProof.from_octets(reader.take(DIGIT_PROOF_LENGTH)) for _ in range(DIGITS))
                for _ in request.predicates
            ),
            token=_read_token(reader, request, receipt=receipt),
        )
        reader.finish()
        return presentation

    def standard_proof(self, birth_date_response: int | None) -> Proof:
        """The standard proof it contains; with predicates the birth date's response is put back."""
        m_hat = (
            self.m_hat
            if birth_date_response is None
            else {Index.BIRTH_DATE: birth_date_response, **self.m_hat}
        )
        return Proof(
            Abar=self.Abar,
            Bbar=self.Bbar,
            D=self.D,
            e_hat=self.e_hat,
            r1_hat=self.r1_hat,
            r3_hat=self.r3_hat,
            m_hat=tuple(m_hat[j] for j in sorted(m_hat)),
            c=self.c,
        )


def undisclosed_indexes(request: Request) -> tuple[int, ...]:
    """The hidden messages of a presentation: 5, 6 and 7 always among them."""
    return tuple(i for i in range(MESSAGES) if i not in request.disclosed)


def sent_responses(request: Request) -> tuple[int, ...]:
    """The indexes whose responses travel: the hidden ones, without the birth date if a predicate is asked."""
    hidden = undisclosed_indexes(request)
    return tuple(i for i in hidden if i != Index.BIRTH_DATE) if request.predicates else hidden


def _read_token(reader: _Reader, request: Request, *, receipt: bool) -> Token | bytes | None:
    if request.token is None:
        return None
    if receipt:
        return reader.take(DIGEST_LENGTH)
    token = Token.from_octets(reader.take(TOKEN_LENGTH))
    if not request.token.has_slot(token.k):
        raise DecodingError("the token is of a slot that nobody asked for")
    return token


def without_token(wire: bytes, digest: bytes) -> bytes:
    """What a receipt keeps of an answer with a token: its digest stands in the place of salt, k and K.

    So the receipt verifies as before, and no list and no handle can be held against it later (2.5).
    """
    return wire[:-TOKEN_LENGTH] + digest


def extra_octets(commitments: Sequence[Sequence[DigitCommitment]], token_digest: bytes = b"") -> bytes:
    """``extra``: per predicate, per digit, V || V' || t; then, with a token, its digest."""
    return b"".join(c.to_octets() for digits in commitments for c in digits) + token_digest


def presentation_header(request: bytes, extra: bytes) -> bytes:
    """ph = "MUMEI-PH-V1" || I2OSP(len(request), 4) || request || I2OSP(len(extra), 4) || extra."""
    return (
        hashing.PRESENTATION_HEADER
        + len(request).to_bytes(4, "big")
        + request
        + len(extra).to_bytes(4, "big")
        + extra
    )


def context_id(rp_context: bytes) -> bytes:
    """ "MUMEI-CTX-V1" || rp_context: what Nym calls context_id."""
    return hashing.CONTEXT_PREFIX + rp_context


class _Reader:
    """Takes octets from the front; running out of them is a :class:`DecodingError`."""

    def __init__(self, octets: bytes) -> None:
        self._octets, self._at = octets, 0

    def take(self, length: int) -> bytes:
        part = self._octets[self._at : self._at + length]
        if len(part) != length:
            raise DecodingError("the presentation is cut off")
        self._at += length
        return part

    def point(self) -> Point:
        return Point.from_octets(self.take(POINT_LENGTH))

    def scalar(self) -> int:
        return scalar_from_octets(self.take(SCALAR_LENGTH))

    def finish(self) -> None:
        if self._at != len(self._octets):
            raise DecodingError("octets after the end of the presentation")
