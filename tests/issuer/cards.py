"""What a card says at its enrolment, computed on this side: the issuer's tests need many and no chip."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import date
from functools import cache

from tests.fixtures import world

from mumei.issuer.issuance import IssuanceRequest, Purpose
from mumei.office.residents.resident import credential_attributes
from mumei_core.commands.enrolment import EnrolmentAnswer, LinkedShares
from mumei_core.crypto.blind.prover import core_commit
from mumei_core.crypto.curve import GROUP, R
from mumei_core.crypto.enrolment.messages import LinkStatement, link_context
from mumei_core.crypto.enrolment.prover import prove_link
from mumei_core.crypto.generators import BLIND, OP_RENEWAL
from mumei_core.crypto.hashing import MUMEI
from mumei_core.crypto.sharing.split import draw_polynomial, feldman_points, seal_shares
from mumei_core.dates import day_number, valid_until_on_or_after
from mumei_core.development_trustees import development_trustees
from mumei_core.eac.p256 import P256_GROUP

OFFICE = "Gifu ward TEST"
VALID_UNTIL = valid_until_on_or_after(day_number(date(2027, 11, 23)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A card's secrets and its answer to ENROL."""

    blind: int
    handle: int
    nym: int
    answer: EnrolmentAnswer


def commit(nonce: bytes, *, issuer_name: str = "Gifu TEST") -> Committed:
    """A new development card commits."""
    handle, nym = _scalar(), _scalar()
    randoms = [_scalar() for _ in range(4)]
    commitment = core_commit(GROUP, MUMEI, BLIND, (handle, nym), randoms)
    trustees = development_trustees()
    polynomial = draw_polynomial(handle, trustees.t, _scalar)
    F = feldman_points(GROUP, polynomial)
    N = OP_RENEWAL * nym
    sealed = seal_shares(
        P256_GROUP,
        os.urandom,
        polynomial,
        trustees.keys,
        trustee_list=trustees.digest,
        C=commitment.C,
        F=F,
    )
    statement = LinkStatement(C=commitment.C, F=F, N=N, context=link_context(nonce, trustees.digest, sealed))
    proof = prove_link(GROUP, statement, (randoms[0], handle, nym), [_scalar() for _ in range(3)])
    parameters = world.issuer(issuer_name).parameters
    answer = EnrolmentAnswer(
        commitment=commitment,
        key_id=parameters.key_id,
        table_hash=parameters.table_hash,
        linked=LinkedShares(F=F, N=N, proof=proof, trustee_list=trustees.digest, sealed=sealed),
    )
    return Committed(blind=randoms[0], handle=handle, nym=nym, answer=answer)


def request(
    *, office: str = OFFICE, resident: int = world.HANAKO_20_TODAY, valid_until: int = VALID_UNTIL
) -> IssuanceRequest:
    """An office asks for the credential of a new card."""
    nonce = secrets.token_bytes(32)
    return IssuanceRequest(
        office=office,
        record=secrets.token_bytes(16),
        purpose=Purpose.ENROL,
        nonce=nonce,
        answer=commit(nonce).answer.to_octets(),
        attributes=_attributes(resident),
        valid_until=valid_until,
        trustees=development_trustees().octets,
    )


@cache
def _attributes(resident: int) -> tuple[bytes, ...]:
    return credential_attributes(world.residents()[resident])


def _scalar() -> int:
    return secrets.randbelow(R - 1) + 1
