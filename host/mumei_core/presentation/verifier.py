"""The terminal's side of a presentation: rebuild every first move, compare the challenge, pair once.

Source: mumei protocol 2.3, 2.4, 2.7. Two steps: :meth:`Verifier.open` checks all that needs no pairing and
leaves pairing equations; :meth:`Verifier.verify` and :meth:`Verifier.verify_batch` fold those of one or many
presentations into three Miller loops and one final exponentiation.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mumei_core.commands.request import Request, SlotToken
from mumei_core.credential import Index, attribute_scalar, credential_header, key_id
from mumei_core.crypto.bbs.messages import calculate_challenge, calculate_domain
from mumei_core.crypto.bbs.verifier import proof_verify_init
from mumei_core.crypto.curve import FixedBase, Point, sum_of_public_products
from mumei_core.crypto.generators import ALL, G_D
from mumei_core.crypto.hash_to_curve import context_point, recognise_point, slot_point
from mumei_core.crypto.hashing import MUMEI
from mumei_core.crypto.pairing import BP2, G2Point, products_are_equal
from mumei_core.crypto.predicate.verifier import birth_date_response, digit_commitment
from mumei_core.crypto.pseudonym.verifier import pseudonym_proof_verify_init
from mumei_core.crypto.revocation.messages import Token
from mumei_core.crypto.revocation.verifier import token_digest
from mumei_core.errors import DecodingError, InvalidProof, TrustError
from mumei_core.presentation.messages import (
    KEY_HINT_LENGTH,
    Presentation,
    context_id,
    extra_octets,
    presentation_header,
)

_MAX_CONTEXTS = 64

SlotPoints = Callable[[int], Point]
"""Gives Q_k of the epoch and bucket asked, or R for k = 255: the verifier's own points, never the card's."""


class Reason(StrEnum):
    """Why a presentation is refused, in the order of the checks (2.7). For logs and verdicts at our own end."""

    STRUCTURE = "structure"
    HEADER = "header"
    EXPIRED = "expired"
    CHALLENGE = "challenge"
    PREDICATE = "predicate"
    CREDENTIAL = "credential"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a presentation has proven. ``disclosed`` maps index to octets; ``pseudonym`` has 48 octets.

    ``token``: to be looked up in the list of its epoch, bucket and slot. ``token_digest``: what a receipt keeps of
    it, 32 octets (:func:`~mumei_core.presentation.messages.without_token`), and all that a receipt shows of it.
    """

    request: Request
    valid_until: int
    key_id: bytes
    disclosed: dict[int, bytes]
    pseudonym: bytes | None
    token: Token | None = None
    token_digest: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """e(left, key) = e(right, BP2), and what it means when it fails."""

    left: Point
    key: G2Point
    right: Point
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A presentation whose challenge is right; it proves nothing until its equations hold."""

    claim: Verified
    equations: tuple[Equation, ...]


class Verifier:
    """Verifies presentations under the issuer keys and digit parameters that *this* verifier trusts.

    ``issuer_keys``: public keys, 96 octets each; ``digit_key``: X, 96 octets, with ``table_hash``. Base, number
    of digits, D and X come from here and from the request, never from the proof.
    """

    def __init__(
        self, issuer_keys: Iterable[bytes], digit_key: bytes | None = None, table_hash: bytes | None = None
    ) -> None:
        self._issuers: dict[bytes, tuple[bytes, G2Point]] = {}
        for pk in dict.fromkeys(issuer_keys):
            if key_id(pk)[:KEY_HINT_LENGTH] in self._issuers:
                raise TrustError(
                    "two issuer keys cannot be told apart on the wire", hint="Remove one of them."
                )
            self._issuers[key_id(pk)[:KEY_HINT_LENGTH]] = (pk, G2Point.from_octets(pk))
        if digit_key is not None and any(pk == digit_key for pk, _ in self._issuers.values()):
            raise TrustError("the digit key is an issuer's key", hint="Get the issuer's parameters anew.")
        self._X = G2Point.from_octets(digit_key) if digit_key is not None else None
        self._table_hash = table_hash
        self._p1 = FixedBase(MUMEI.suite.p1)
        self._generators = tuple(FixedBase(point) for point in ALL)
        self._digit_base = FixedBase(G_D)
        self._contexts: dict[bytes, FixedBase] = {}

    def prepare(self, *rp_contexts: bytes) -> None:
        """Fill tables of multiples (about 0.05 s, 10 MB): for a process that verifies many presentations."""
        contexts = [self._context(rp_context) for rp_context in rp_contexts]
        for base in (self._p1, *self._generators, self._digit_base, *contexts):
            base.prepare()

    def verify(
        self, request: bytes, wire: bytes, *, points: SlotPoints | None = None, receipt: bool = False
    ) -> Verified:
        """Verify the answer ``wire`` to our own ``request`` octets. Parameters as in :meth:`open`.

        Raises :class:`InvalidProof` with a :class:`Reason`, :class:`TrustError` for an issuer we do not know.
        """
        opened = self.open(request, wire, points=points, receipt=receipt)
        if not _hold(opened.equations):
            raise _culprit(opened)
        return opened.claim

    def verify_batch(
        self, items: Sequence[tuple[bytes, bytes]]
    ) -> list[Verified | InvalidProof | TrustError]:
        """One outcome per (request, wire), in order, at the price of one pairing product if all are good.

        A refused batch is verified one by one, so an outcome is the same as alone. An error is returned, not
        raised, in its place.
        """
        outcomes: list[Opened | InvalidProof | TrustError] = []
        for request, wire in items:
            try:
                outcomes.append(self.open(request, wire))
            except (InvalidProof, TrustError) as error:
                outcomes.append(error)
        opened = [outcome for outcome in outcomes if isinstance(outcome, Opened)]
        accepted = not opened or _hold([equation for one in opened for equation in one.equations])
        return [
            outcome
            if not isinstance(outcome, Opened)
            else outcome.claim
            if accepted or _hold(outcome.equations)
            else _culprit(outcome)
            for outcome in outcomes
        ]

    def open(
        self,
        request_octets: bytes,
        wire: bytes,
        *,
        points: SlotPoints | None = None,
        receipt: bool = False,
    ) -> Opened:
        """Everything but the pairing equations. Raises as :meth:`verify`.

        ``points``: for a token; without it the point is computed from its label. ``receipt``: ``wire`` has a digest
        in the token's place, which is taken for what it says: nothing about revocation is proven then.
        """
        try:
            request = Request.from_octets(request_octets)
            presentation = Presentation.from_octets(wire, request, receipt=receipt)
            disclosed = {i: attribute_scalar(i, octets) for i, octets in presentation.disclosed.items()}
        except DecodingError as error:
            raise InvalidProof(f"{Reason.STRUCTURE}: {error}") from error
        if request.table_hash is not None and request.table_hash != self._table_hash:
            raise InvalidProof(f"{Reason.STRUCTURE}: the request names another digit table than ours")
        pk, W = self._issuer(presentation.key_hint)
        try:
            header = credential_header(pk, presentation.valid_until)
        except DecodingError as error:
            raise InvalidProof(f"{Reason.HEADER}: {error}") from error
        if presentation.valid_until < request.date:
            raise InvalidProof(Reason.EXPIRED)
        digest = _token_digest(request, presentation, points)
        self._check_challenge(
            request, request_octets, presentation, calculate_domain(MUMEI, pk, ALL, header), disclosed, digest
        )
        equations = [
            Equation(left=presentation.Abar, key=W, right=presentation.Bbar, reason=Reason.CREDENTIAL)
        ]
        if presentation.digits:
            equations += [
                Equation(left=digit.V, key=self._digit_key(), right=digit.V_prime, reason=Reason.PREDICATE)
                for digits in presentation.digits
                for digit in digits
            ]
        claim = Verified(
            request=request,
            valid_until=presentation.valid_until,
            key_id=key_id(pk),
            disclosed=presentation.disclosed,
            pseudonym=presentation.pseudonym.to_octets() if presentation.pseudonym else None,
            token=presentation.token if isinstance(presentation.token, Token) else None,
            token_digest=digest or None,
        )
        return Opened(claim=claim, equations=tuple(equations))

    def _check_challenge(
        self,
        request: Request,
        request_octets: bytes,
        presentation: Presentation,
        domain: int,
        disclosed: dict[int, int],
        token_digest: bytes,
    ) -> None:
        c = presentation.c
        birth_date = None
        if request.predicates:
            birth_date = birth_date_response(request.date_predicates(), presentation.digits, c)
        proof = presentation.standard_proof(birth_date)
        init = proof_verify_init(proof, domain, self._p1, self._generators, disclosed)
        nym = None
        if presentation.pseudonym is not None:
            context = context_id(request.rp_context)
            Uv = pseudonym_proof_verify_init(
                MUMEI,
                presentation.pseudonym,
                self._context(request.rp_context),
                context,
                (presentation.m_hat[Index.NYM_SECRET],),
                c,
            )
            nym = (presentation.pseudonym, Uv, context)
        commitments = [
            [digit_commitment(digit, c, self._digit_base) for digit in digits]
            for digits in presentation.digits
        ]
        ph = presentation_header(request_octets, extra_octets(commitments, token_digest))
        if calculate_challenge(MUMEI, init, disclosed, ph, pseudonym=nym) != c:
            raise InvalidProof(Reason.CHALLENGE)

    def _issuer(self, key_hint: bytes) -> tuple[bytes, G2Point]:
        try:
            return self._issuers[key_hint]
        except KeyError:
            raise TrustError(
                "the card's issuer is not one that this terminal trusts",
                hint="If the issuer is genuine, install its current public key in the trust folder.",
            ) from None

    def _digit_key(self) -> G2Point:
        if self._X is None:
            raise TrustError("this terminal has no digit parameters", hint="Install the issuer's parameters.")
        return self._X

    def _context(self, rp_context: bytes) -> FixedBase:
        if rp_context not in self._contexts:
            # Others' requests (receipts) must not make this grow for ever.
            if len(self._contexts) >= _MAX_CONTEXTS:
                self._contexts.clear()
            self._contexts[rp_context] = FixedBase(context_point(rp_context))
        return self._contexts[rp_context]


def _token_digest(request: Request, presentation: Presentation, points: SlotPoints | None) -> bytes:
    """The token's part of ``extra``, with its first move rebuilt from the response for the revocation handle."""
    token = presentation.token
    if not isinstance(token, Token):
        return token or b""
    point = points(token.k) if points is not None else _labelled_point(request, token.k)
    return token_digest(token, point, presentation.m_hat[Index.REVOCATION_HANDLE], presentation.c)


def _labelled_point(request: Request, k: int) -> Point:
    if isinstance(request.token, SlotToken):
        return slot_point(request.token.epoch, request.token.bucket, k)
    assert request.token is not None  # noqa: S101 - there is no token that nobody asked for
    return recognise_point(request.token.epoch, request.rp_context)


def _hold(equations: Sequence[Equation]) -> bool:
    """All equations at once: Π over keys of e(Σ w left, key) = e(Σ w right, BP2).

    Each equation has its own random 128-bit weight, drawn here, after everything was decoded; the first may have
    weight 1. One weight for two equations would let their errors cancel.
    """
    weights = [1] + [_weight() for _ in equations[1:]]
    by_key: dict[G2Point, tuple[list[Point], list[int]]] = {}
    for equation, weight in zip(equations, weights, strict=True):
        points, scalars = by_key.setdefault(equation.key, ([], []))
        points.append(equation.left)
        scalars.append(weight)
    left = [(sum_of_public_products(points, scalars), key) for key, (points, scalars) in by_key.items()]
    right = sum_of_public_products([equation.right for equation in equations], weights)
    return products_are_equal(left, [(right, BP2)])


def _weight() -> int:
    return secrets.randbits(128) or _weight()


def _culprit(opened: Opened) -> InvalidProof:
    """The reason of the first equation that fails by itself."""
    for equation in opened.equations:
        if not products_are_equal([(equation.left, equation.key)], [(equation.right, BP2)]):
            return InvalidProof(equation.reason)
    return InvalidProof(Reason.CREDENTIAL)
