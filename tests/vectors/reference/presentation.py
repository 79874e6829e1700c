"""One presentation: a BBS or Nym proof whose presentation header carries the extras' first moves (2.3, 2.4).

Both sides in the design's letters: disclosed attributes, date predicates, pseudonym, revocation token.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from . import bbs, pseudonym
from .bbs import InitResult, Proof, ProofRandoms
from .credential import (
    API_ID,
    HANDLE_INDEX,
    NYM_INDEX,
    NYMS,
    SUITE,
    Credential,
    generators,
    hash_to_curve,
    header,
    map_attribute,
)
from .curve import BP2, G1, G2, IDENTITY_G1
from .digits import DigitTable, base
from .encoding import Invalid, Reader, i2osp, octets_to_g1, octets_to_pubkey, serialize
from .field import R
from .pairing import product_is_one
from .request import BIRTH_DATE, DatePredicate, Request, parse_request

MESSAGES: Final = NYM_INDEX + 1
RECOGNISE: Final = 255
"""k of a recognise token."""

Draw: TypeAlias = Callable[[str], int]
"""Gives the random scalar of that name, 0 < s < r. Names and order (draw_names lists them for a request):

r1, r2, e~, r1~, r3~, then m~[i] for the undisclosed indexes i ascending (m~[0] is left out if there is a
predicate: it follows from d~[0]), then for each predicate p = 0, 1, ...: v[p][0], v[p][1], v~[p][0],
v~[p][1], d~[p][1] and, for p = 0 only, d~[0][0].
"""


class CannotProve(Exception):  # noqa: N818 - the protocol's word
    """The predicate does not hold, or by more than 65,535 days: the card's `69 85`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a verifier learns: octets of disclosed attributes by index, end of validity, pseudonym, token."""

    attributes: dict[int, bytes]
    valid_until: int
    pseudonym: bytes | None
    slot: int | None
    token: bytes | None


def system_draw(name: str) -> int:
    """48 random octets mod r, drawn again if 0, whatever the name."""
    while not (scalar := int.from_bytes(secrets.token_bytes(48), "big") % R):
        pass
    return scalar


def listed_draw(scalars: Sequence[int]) -> Draw:
    """The scalars of a list one by one, in the order that Draw documents."""
    source: Iterator[int] = iter(scalars)

    def draw(name: str) -> int:
        for scalar in source:
            return scalar
        raise ValueError(f"no scalar left for {name}")

    return draw


def draw_names(request: Request) -> list[str]:
    """The names of the scalars that present draws for a request, in its order."""
    hidden = bbs.complement(request.disclosed_indexes(), MESSAGES)
    names = ["r1", "r2", "e~", "r1~", "r3~"]
    names += [f"m~[{i}]" for i in hidden if i != BIRTH_DATE or not request.predicates]
    for p in range(len(request.predicates)):
        names += [f"v[{p}][0]", f"v[{p}][1]", f"v~[{p}][0]", f"v~[{p}][1]", f"d~[{p}][1]"]
        names += ["d~[0][0]"] if p == 0 else []
    return names


# What both sides compute alike


def context_id(rp_context: bytes) -> bytes:
    """Nym's context_id."""
    return b"MUMEI-CTX-V1" + rp_context


def presentation_header(request: bytes, extra: bytes) -> bytes:
    """ph = label || I2OSP(len(request), 4) || request || I2OSP(len(extra), 4) || extra."""
    return b"MUMEI-PH-V1" + i2osp(len(request), 4) + request + i2osp(len(extra), 4) + extra


def token_base(request: Request, k: int) -> G1:
    """Q_k of a slot token, R of a recognise token; raises Invalid for another k."""
    token = request.token or b""
    if token[:1] == b"\x01" and 0 <= k < 16:
        return hash_to_curve(b"MUMEI-REV-V1" + token[1:] + i2osp(k, 1))
    if token[:1] == b"\x02" and k == RECOGNISE:
        return hash_to_curve(b"MUMEI-RECOG-V1" + token[1:] + request.rp_context)
    raise Invalid("no such slot")


def _token_hash(salt: bytes, k: int, point: G1, first_move: G1) -> bytes:
    return hashlib.sha256(salt + i2osp(k, 1) + serialize(point, first_move)).digest()


def _challenge(
    init: InitResult,
    nym: pseudonym.PseudonymInit | None,
    shown: dict[int, bytes],
    request: bytes,
    extra: bytes,
) -> int:
    """The standard challenge: Nym's with a pseudonym, BBS's without."""
    scalars = [map_attribute(i, octets) for i, octets in shown.items()]
    ph = presentation_header(request, extra)
    if nym is None:
        return bbs.proof_challenge_calculate(SUITE, init, scalars, list(shown), ph, API_ID)
    return pseudonym.challenge_calculate(SUITE, init, nym, scalars, list(shown), ph, API_ID)


# The card's side


@dataclass(frozen=True, slots=True, kw_only=True)
class _Digit:
    """One digit's first move and secrets."""

    v_point: G1
    w_point: G1
    first_move: G1
    v: int
    v_tilde: int
    d: int
    d_tilde: int

    def answer(self, c: int) -> bytes:
        v_hat = (self.v_tilde + c * self.v) % R
        d_hat = (self.d_tilde + c * self.d) % R
        return serialize(self.v_point, self.w_point, v_hat, d_hat)


def _delta(predicate: DatePredicate, birth_date: int, date: int) -> int:
    delta = predicate.sign() * (predicate.bound(date) - birth_date)
    if not 0 <= delta < 2**16:
        raise CannotProve
    return delta


def _prove_predicates(
    request: Request, birth_date: int, table: DigitTable, draw: Draw
) -> tuple[list[_Digit], int]:
    """(digits of all predicates, units first; m~_birth)."""
    if request.table_hash is None or not hmac.compare_digest(request.table_hash, table.table_hash):
        raise Invalid("request names another digit table")
    digits: list[_Digit] = []
    m_birth = 0
    for p, predicate in enumerate(request.predicates):
        s = predicate.sign()
        delta = _delta(predicate, birth_date, request.date)
        v = [draw(f"v[{p}][{j}]") for j in (0, 1)]
        v_tilde = [draw(f"v~[{p}][{j}]") for j in (0, 1)]
        d1 = draw(f"d~[{p}][1]")
        if p == 0:
            d0 = draw("d~[0][0]")
            m_birth = -s * (d0 + 256 * d1) % R
        else:
            d0 = (-s * m_birth - 256 * d1) % R
        for j, (d, d_tilde) in enumerate(((delta % 256, d0), (delta // 256, d1))):
            v_point = octets_to_g1(table.a[d]) * v[j]
            digits.append(
                _Digit(
                    v_point=v_point,
                    w_point=octets_to_g1(table.w[d]) * v[j],
                    first_move=base() * v_tilde[j] - v_point * d_tilde,
                    v=v[j],
                    v_tilde=v_tilde[j],
                    d=d,
                    d_tilde=d_tilde,
                )
            )
    return digits, m_birth


def present(
    credential: Credential,
    request_octets: bytes,
    draw: Draw = system_draw,
    *,
    table: DigitTable | None = None,
    slot: tuple[int, bytes] | None = None,
) -> bytes:
    """The wire octets of one presentation.

    table goes with predicates; slot = (k, salt of 16 octets) with a token. Raises Invalid for a request that
    no card may answer, CannotProve where the answer is *cannot prove*.
    """
    request = parse_request(request_octets)
    messages = credential.messages()
    shown = {i: credential.attributes[i] for i in request.disclosed_indexes()}
    undisclosed = bbs.complement(list(shown), MESSAGES)

    r1, r2, e_tilde, r1_tilde, r3_tilde = (draw(name) for name in ("r1", "r2", "e~", "r1~", "r3~"))
    m_tilde = {i: draw(f"m~[{i}]") for i in undisclosed if i != BIRTH_DATE or not request.predicates}
    digits: list[_Digit] = []
    if request.predicates:
        if table is None:
            raise Invalid("predicates need a digit table")
        digits, m_tilde[BIRTH_DATE] = _prove_predicates(request, messages[BIRTH_DATE], table, draw)
    randoms = ProofRandoms(
        r1=r1,
        r2=r2,
        e=e_tilde,
        r1_tilde=r1_tilde,
        r3_tilde=r3_tilde,
        m=tuple(m_tilde[i] for i in undisclosed),
    )

    extra = b"".join(serialize(d.v_point, d.w_point, d.first_move) for d in digits)
    token = b""
    if request.token is not None:
        if slot is None or len(slot[1]) != 16:
            raise Invalid("a token needs a slot and a salt of 16 octets")
        k, salt = slot
        q = token_base(request, k)
        point = q * credential.revocation_handle
        extra += _token_hash(salt, k, point, q * m_tilde[HANDLE_INDEX])
        token = salt + i2osp(k, 1) + serialize(point)

    a, e = bbs.octets_to_signature(credential.signature)
    init = bbs.proof_init(
        SUITE,
        credential.pk,
        (a, e),
        generators(),
        randoms,
        credential.header(),
        messages,
        undisclosed,
        API_ID,
    )
    nym = None
    if request.pseudonym:
        nym = pseudonym.pseudonym_proof_init(
            SUITE, context_id(request.rp_context), [credential.nym_secret], [m_tilde[NYM_INDEX]], API_ID
        )
    c = _challenge(init, nym, shown, request_octets, extra)
    proof = bbs.proof_finalize(init, c, e, randoms, [messages[i] for i in undisclosed])

    wire = i2osp(credential.valid_until, 4) + hashlib.sha256(credential.pk).digest()[:8]
    wire += b"".join(i2osp(len(octets), 2) + octets for octets in shown.values())
    wire += serialize(proof.a_bar, proof.b_bar, proof.d, proof.e, proof.r1, proof.r3)
    wire += serialize(*(proof.m[1:] if digits else proof.m), proof.c)
    wire += serialize(nym.pseudonym) if nym else b""
    return wire + b"".join(digit.answer(c) for digit in digits) + token


# The verifier's side


@dataclass(frozen=True, slots=True, kw_only=True)
class _DigitAnswer:
    """V_j, V'_j, v^_j, d^_j as received."""

    v_point: G1
    w_point: G1
    v: int
    d: int

    def first_move(self, c: int) -> G1:
        """t_j = G_d * v^_j - V_j * d^_j - V'_j * c."""
        return base() * self.v - self.v_point * self.d - self.w_point * c


def _rebuild_m_birth(request: Request, digits: Sequence[_DigitAnswer], c: int) -> int:
    """m^_birth = c D - s (d^_0 + 256 d^_1), the same from every predicate."""
    values = set()
    for p, predicate in enumerate(request.predicates):
        units, high = digits[2 * p], digits[2 * p + 1]
        values.add((c * predicate.bound(request.date) - predicate.sign() * (units.d + 256 * high.d)) % R)
    if len(values) != 1:
        raise Invalid("two predicates speak of different birth dates")
    return values.pop()


def _folded_equations(
    proof: Proof, pk: bytes, x_point: bytes, digits: Sequence[_DigitAnswer]
) -> list[tuple[G1, G2]]:
    """e(Abar, W) = e(Bbar, BP2) with weight 1, each e(V_j, X) = e(V'_j, BP2) with its own fresh weight."""
    pairs = [(proof.a_bar, octets_to_pubkey(pk))]
    right = proof.b_bar
    if digits:
        left = IDENTITY_G1
        for digit in digits:
            weight = 1 + secrets.randbelow(2**128 - 1)
            left = left + digit.v_point * weight
            right = right + digit.w_point * weight
        pairs.append((left, octets_to_pubkey(x_point)))
    return [*pairs, (-right, BP2)]


def verify(
    pk: bytes,
    x_point: bytes,
    request_octets: bytes,
    wire: bytes,
    *,
    table_hash: bytes | None = None,
) -> Shown:
    """What the presentation shows, or raises Invalid.

    pk and x_point (96 octets each) and table_hash come from the verifier's own profile; table_hash, if given,
    is compared with the request's. The request must be the very octets this verifier sent; that its nonce is
    fresh is the caller's to see.
    """
    request = parse_request(request_octets)
    if request.predicates and table_hash not in (None, request.table_hash):
        raise Invalid("request names another digit table")

    reader = Reader(wire)
    valid_until, key_id = reader.integer(4), reader.octets(8)
    shown = {i: reader.octets(reader.integer(2)) for i in request.disclosed_indexes()}
    a_bar, b_bar, d = reader.point(), reader.point(), reader.point()
    e, r1, r3 = reader.scalar(), reader.scalar(), reader.scalar()
    rebuilt = 1 if request.predicates else 0
    m = [reader.scalar() for _ in range(MESSAGES - len(shown) - rebuilt)]
    c = reader.scalar()
    pseudonym_point = reader.point() if request.pseudonym else None
    digits = []
    for _ in range(2 * len(request.predicates)):
        v_point, w_point = reader.point(), reader.point()
        digits.append(_DigitAnswer(v_point=v_point, w_point=w_point, v=reader.scalar(), d=reader.scalar()))
    salt, k, token = b"", 0, None
    if request.token is not None:
        salt, k, token = reader.octets(16), reader.integer(1), reader.point()
    reader.end()

    if key_id != hashlib.sha256(pk).digest()[:8]:
        raise Invalid("another issuer's key")
    full_header = pseudonym.combined_header(header(pk, valid_until), NYMS)
    if request.date > valid_until:
        raise Invalid("credential has expired")

    if request.predicates:
        m.insert(0, _rebuild_m_birth(request, digits, c))
    standard = Proof(a_bar=a_bar, b_bar=b_bar, d=d, e=e, r1=r1, r3=r3, m=tuple(m), c=c)
    # Decoded once more: a rebuilt response of 0 is refused, as any standard verifier would refuse it.
    proof = bbs.octets_to_proof(standard.to_octets())

    scalars = [map_attribute(i, octets) for i, octets in shown.items()]
    init = bbs.proof_verify_init(
        SUITE, pk, proof, generators(), full_header, scalars, list(shown), API_ID
    )
    extra = b"".join(serialize(x.v_point, x.w_point, x.first_move(c)) for x in digits)
    if token is not None:
        q = token_base(request, k)
        handle_response = proof.m[bbs.complement(list(shown), MESSAGES).index(HANDLE_INDEX)]
        extra += _token_hash(salt, k, token, q * handle_response - token * c)
    nym = None
    if pseudonym_point is not None:
        context = context_id(request.rp_context)
        nym = pseudonym.pseudonym_proof_verify_init(
            SUITE, pseudonym_point, context, proof.m[-NYMS:], c, API_ID
        )
    if c != _challenge(init, nym, shown, request_octets, extra):
        raise Invalid("challenge does not agree")
    if not product_is_one(_folded_equations(proof, pk, x_point, digits)):
        raise Invalid("pairing equations do not hold")
    return Shown(
        attributes=shown,
        valid_until=valid_until,
        pseudonym=serialize(pseudonym_point) if pseudonym_point is not None else None,
        slot=k if token is not None else None,
        token=serialize(token) if token is not None else None,
    )
