"""The card's side of a date predicate: four multiplications per digit, no pairing. Source: mumei protocol 2.4."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mumei_core.crypto.curve import Group, Point, R
from mumei_core.crypto.generators import G_D
from mumei_core.crypto.predicate.messages import (
    BASE,
    DIGITS,
    SPAN,
    DatePredicate,
    DigitCommitment,
    DigitProof,
    DigitTable,
)
from mumei_core.errors import MumeiError
from mumei_core.metering import count_scalars


class CannotProve(MumeiError):  # noqa: N818 - the protocol's word
    """A predicate does not hold, or lies outside what two digits can say. Deliberately without detail."""

    def __init__(self) -> None:
        super().__init__("cannot prove")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BaseMoves:
    """What of a predicate's first moves needs no request: per digit v~_j and G_d * v~_j. Secret, for one proof."""

    v_tilde: tuple[int, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PredicateState:
    """What the prover keeps between its first move and its response; secret, and good for one challenge."""

    digits: tuple[int, ...]
    v: tuple[int, ...]
    v_tilde: tuple[int, ...]
    d_tilde: tuple[int, ...]
    commitments: tuple[DigitCommitment, ...]


def differences(predicates: Sequence[DatePredicate], birth_date: int) -> tuple[int, ...]:
    """delta of every predicate. All are computed before any is judged, so that time does not tell which failed.

    Raises :class:`CannotProve` if one is not within 0..65,535.
    """
    deltas = tuple(p.kind.sign * (p.cutoff - birth_date) for p in predicates)
    if any([not 0 <= delta < SPAN for delta in deltas]):  # a list: no short cut  # noqa: C419
        raise CannotProve
    return deltas


def tied_digit_blindings(
    predicates: Sequence[DatePredicate], m_tilde_birth: int, draw: Callable[[], int]
) -> list[tuple[int, ...]]:
    """(d~_0, d~_1) of every predicate: d~_1 is drawn and d~_0 = -s m~_birth - 256 d~_1 derived.

    This is what ties the digits to the signed date: ``m_tilde_birth`` blinds it in the credential's proof. Whether
    m~_birth is drawn and d~_0 derived, or the first predicate's d~_0 drawn and m~_birth derived, as the protocol
    writes it, is one and the same distribution: the solutions of one linear equation, all equally likely. (But for
    the zero that nobody draws: two scalars in r, which is 2^255.)
    """
    count_scalars(products=len(predicates))
    blindings: list[tuple[int, ...]] = []
    for predicate in predicates:
        d_tilde_1 = draw()
        blindings.append(((-predicate.kind.sign * m_tilde_birth - BASE * d_tilde_1) % R, d_tilde_1))
    return blindings


def draw_base_moves(group: Group, draw: Callable[[], int]) -> BaseMoves:
    """v~_j and G_d * v~_j for one predicate: a multiplication per digit, and no request needed."""
    v_tilde = tuple(draw() for _ in range(DIGITS))
    return BaseMoves(v_tilde=v_tilde, points=tuple(group.multiply_fixed(G_D, x) for x in v_tilde))


def predicate_init(
    group: Group,
    table: DigitTable,
    delta: int,
    d_tilde: Sequence[int],
    base: BaseMoves,
    draw: Callable[[], int],
) -> PredicateState:
    """First moves for one predicate, three multiplications per digit; ``delta`` within 0..65,535.

    ``d_tilde`` of :func:`tied_digit_blindings`, ``base`` of :func:`draw_base_moves`: both for this proof only.
    """
    digits = tuple(delta // BASE**j % BASE for j in range(DIGITS))
    v = tuple(draw() for _ in range(DIGITS))
    commitments = []
    for j, digit in enumerate(digits):
        A_d, W_d = table.fetch(digit)
        V = group.multiply(A_d, v[j])
        V_prime = group.multiply(W_d, v[j])
        t = group.subtract(base.points[j], group.multiply(V, d_tilde[j]))
        commitments.append(DigitCommitment(V=V, V_prime=V_prime, t=t))
    return PredicateState(
        digits=digits, v=v, v_tilde=base.v_tilde, d_tilde=tuple(d_tilde), commitments=tuple(commitments)
    )


def predicate_finalize(state: PredicateState, challenge: int) -> tuple[DigitProof, ...]:
    """v^_j = v~_j + c v_j, d^_j = d~_j + c d_j."""
    count_scalars(products=2 * len(state.commitments))
    return tuple(
        DigitProof(
            V=commitment.V,
            V_prime=commitment.V_prime,
            v_hat=(state.v_tilde[j] + challenge * state.v[j]) % R,
            d_hat=(state.d_tilde[j] + challenge * state.digits[j]) % R,
        )
        for j, commitment in enumerate(state.commitments)
    )
