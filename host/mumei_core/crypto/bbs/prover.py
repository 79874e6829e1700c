"""Proof generation: what a card computes. Source: draft-irtf-cfrg-bbs-signatures, "Proof Initialization",
"Proof Finalization".

B and the domain come in, because a card stores them beside its signature instead of computing them each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mumei_core.crypto.bbs.messages import InitResult, Proof, Signature
from mumei_core.crypto.curve import Group, Point, R
from mumei_core.metering import count_scalars


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProofRandoms:
    """(r1, r2, e~, r1~, r3~, m~_j1, …, m~_jU): fresh and independent for each proof, never shown.

    ``m_tilde`` maps an undisclosed index to its blinding. A second challenge under the same randoms would
    reveal every secret of the card.
    """

    r1: int
    r2: int
    e_tilde: int
    r1_tilde: int
    r3_tilde: int
    m_tilde: Mapping[int, int]

    def calculate_r3(self) -> int:
        """r3 = 1 / r2."""
        count_scalars(inverses=1)
        return pow(self.r2, -1, R)

    @classmethod
    def from_sequence(cls, scalars: Sequence[int], undisclosed: Sequence[int]) -> ProofRandoms:
        """In the order of calculate_random_scalars(5 + U)."""
        if len(scalars) != 5 + len(undisclosed):
            raise ValueError("a proof takes 5 + U random scalars")
        return cls(
            r1=scalars[0],
            r2=scalars[1],
            e_tilde=scalars[2],
            r1_tilde=scalars[3],
            r3_tilde=scalars[4],
            m_tilde=dict(zip(undisclosed, scalars[5:], strict=True)),
        )


def calculate_b(
    group: Group, p1: Point, generators: Sequence[Point], domain: int, messages: Sequence[int]
) -> Point:
    """B = P1 + Q_1 * domain + H_1 * msg_1 + … + H_L * msg_L; ``generators`` = (Q_1, H_1, …, H_L)."""
    return group.sum_of_fixed_products(zip(generators, (domain, *messages), strict=True), start=p1)


def proof_init(
    group: Group,
    signature: Signature,
    B: Point,
    domain: int,
    generators: Sequence[Point],
    randoms: ProofRandoms,
) -> InitResult:
    """ProofInit, steps 3 to 8: 7 + U multiplications, U of them with generators.

    ``generators`` = (Q_1, H_1, …, H_L). Nothing here depends on header or challenge: a prover may do it ahead.
    """
    count_scalars(products=1)
    D = group.multiply(B, randoms.r2)
    Abar = group.multiply(signature.A, randoms.r1 * randoms.r2 % R)
    Bbar = group.subtract(group.multiply(D, randoms.r1), group.multiply(Abar, signature.e))
    T1 = group.sum_of_products(((Abar, randoms.e_tilde), (D, randoms.r1_tilde)))
    hidden = ((generators[1 + j], blinding) for j, blinding in sorted(randoms.m_tilde.items()))
    T2 = group.sum_of_fixed_products(hidden, start=group.multiply(D, randoms.r3_tilde))
    return InitResult(Abar=Abar, Bbar=Bbar, D=D, T1=T1, T2=T2, domain=domain)


def proof_init_disclosing(
    group: Group,
    init: InitResult,
    generators: Sequence[Point],
    randoms: ProofRandoms,
    disclosed: Sequence[int],
) -> tuple[InitResult, ProofRandoms]:
    """What :func:`proof_init` would have given had the messages ``disclosed`` not been hidden.

    They leave T2, one multiplication each: T2 - H_i * m~_i. All else in ``init`` knows nothing of what is hidden.
    """
    T2 = init.T2
    for i in disclosed:
        T2 = group.subtract(T2, group.multiply_fixed(generators[1 + i], randoms.m_tilde[i]))
    hidden = {j: blinding for j, blinding in randoms.m_tilde.items() if j not in disclosed}
    return replace(init, T2=T2), replace(randoms, m_tilde=hidden)


def proof_finalize(
    init: InitResult,
    challenge: int,
    e: int,
    randoms: ProofRandoms,
    undisclosed: Mapping[int, int],
    *,
    r3: int | None = None,
) -> Proof:
    """ProofFinalize; ``undisclosed`` maps index to message scalar. ``r3``: if it was computed ahead."""
    count_scalars(products=3 + len(undisclosed))
    r3 = randoms.calculate_r3() if r3 is None else r3
    return Proof(
        Abar=init.Abar,
        Bbar=init.Bbar,
        D=init.D,
        e_hat=(randoms.e_tilde + e * challenge) % R,
        r1_hat=(randoms.r1_tilde - randoms.r1 * challenge) % R,
        r3_hat=(randoms.r3_tilde - r3 * challenge) % R,
        m_hat=tuple((randoms.m_tilde[j] + undisclosed[j] * challenge) % R for j in sorted(undisclosed)),
        c=challenge,
    )
