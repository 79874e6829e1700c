"""A chip that says at its enrolment whatever a forger wants, and an issuer that it says it to."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from tests.fixtures.crypto_world import TODAY, VALID_UNTIL, attributes, present_now, random_scalar

from mumei.issuer.embedded import EmbeddedIssuer
from mumei.issuer.issuance import Issuance, IssuanceRequest, Purpose, RenewalEvidence
from mumei.issuer.keys import IssuerKey
from mumei.issuer.memory_ledger import MemoryLedger
from mumei.maker.attestation_root import MakerRoot
from mumei_core.attestation import Attestation, AttestationKey
from mumei_core.commands.enrolment import EnrolmentAnswer, LinkedShares
from mumei_core.commands.request import Request
from mumei_core.credential import attribute_scalars, credential_header
from mumei_core.crypto.bbs.messages import Signature, calculate_domain
from mumei_core.crypto.bbs.prover import calculate_b
from mumei_core.crypto.blind.prover import core_commit
from mumei_core.crypto.curve import GROUP, Point, R, scalar_from_octets
from mumei_core.crypto.enrolment.messages import LinkStatement, link_context
from mumei_core.crypto.enrolment.prover import prove_link
from mumei_core.crypto.generators import ALL, BLIND, OP_RENEWAL
from mumei_core.crypto.hashing import MUMEI, sha256
from mumei_core.crypto.sharing.split import feldman_points, seal_shares
from mumei_core.development_trustees import development_trustees
from mumei_core.eac.authorisation import RENEWAL_CONTEXT
from mumei_core.eac.p256 import P256_GROUP
from mumei_core.eac.signature import SigningKey
from mumei_core.issuing_statements import TrusteeListRecord
from mumei_core.presentation.prover import Credential

TRUSTEES = development_trustees()
#: Trustees whom an office brings itself: it opens every share.
OWN_TRUSTEES = TrusteeListRecord(version=9, t=2, keys=tuple(SigningKey(i).point for i in (5, 6, 7)))
MAKER = MakerRoot.make("Maker TEST", SigningKey(11))


@dataclass(frozen=True, kw_only=True)
class Chip:
    """A card's three secrets. What :meth:`answer` is told replaces what an honest card would say."""

    blind: int = field(default_factory=random_scalar)
    handle: int = field(default_factory=random_scalar)
    nym: int = field(default_factory=random_scalar)

    def answer(
        self,
        nonce: bytes,
        *,
        trustees: TrusteeListRecord = TRUSTEES,
        polynomial: Sequence[int] | None = None,
        N: Point | None = None,
        digest: bytes | None = None,
        sealed: bytes | None = None,
        context: bytes | None = None,
        attested: AttestationKey | None = None,
    ) -> EnrolmentAnswer:
        randoms = [self.blind, *(random_scalar() for _ in range(3))]
        commitment = core_commit(GROUP, MUMEI, BLIND, (self.handle, self.nym), randoms)
        shared = polynomial or (self.handle, *(random_scalar() for _ in range(trustees.t - 1)))
        F, N = feldman_points(GROUP, shared), N or OP_RENEWAL * self.nym
        digest = digest or trustees.digest
        sealed = sealed or seal_shares(
            P256_GROUP, os.urandom, shared, trustees.keys, trustee_list=digest, C=commitment.C, F=F
        )
        statement = LinkStatement(
            C=commitment.C, F=F, N=N, context=context or link_context(nonce, digest, sealed)
        )
        proof = prove_link(GROUP, statement, (self.blind, self.handle, self.nym), _randoms(3))
        answer = EnrolmentAnswer(
            commitment=commitment,
            key_id=issuer_key().key_id,
            table_hash=bytes(32),
            linked=LinkedShares(F=F, N=N, proof=proof, trustee_list=digest, sealed=sealed),
        )
        if attested is None:
            return answer
        signature = attested.sign(answer.attested_message(nonce))
        attestation = Attestation(certificate=attested.certificate, signature=signature)
        return replace(answer, attestation=attestation)

    def credential(self, request: IssuanceRequest, issuance: Issuance) -> Credential:
        """What the chip computes of what it is given."""
        pk = issuer_key().public_key
        domain = calculate_domain(MUMEI, pk, ALL, credential_header(pk, issuance.valid_until))
        nym = (self.nym + scalar_from_octets(issuance.signer_nym_entropy)) % R
        messages = (*attribute_scalars(request.attributes), self.blind, self.handle, nym)
        return Credential(
            key_id=issuance.key_id,
            valid_until=issuance.valid_until,
            attributes=request.attributes,
            messages=messages,
            signature=Signature.from_octets(issuance.signature),
            B=calculate_b(GROUP, MUMEI.suite.p1, ALL, domain, messages),
            domain=domain,
        )


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A chip with its credential, and how it came by it."""

    chip: Chip
    request: IssuanceRequest
    issuance: Issuance

    @property
    def credential(self) -> Credential:
        return self.chip.credential(self.request, self.issuance)

    def shows(self, transaction: bytes | None, **more: Any) -> RenewalEvidence:
        """The credential under "mumei:renewal"."""
        fields: dict[str, Any] = {"rp_context": RENEWAL_CONTEXT, "pseudonym": True, **more}
        asked = Request(
            nonce=secrets.token_bytes(32),
            date=TODAY,
            channel_binding=bytes(32),
            transaction=transaction,
            **fields,
        )
        OP = OP_RENEWAL if asked.pseudonym else None
        wire = present_now(self.credential, asked, OP).to_octets()
        return RenewalEvidence(request=asked.to_octets(), presentation=wire)


@cache
def issuer_key() -> IssuerKey:
    return IssuerKey.generate()


def an_issuer(
    ledger: MemoryLedger | None = None, *, genuine: bool = False, today: int = TODAY
) -> EmbeddedIssuer:
    return EmbeddedIssuer(
        [issuer_key()],
        ledger or MemoryLedger(),
        trustee_lists=[TRUSTEES],
        maker_root=MAKER.certificate if genuine else None,
        today=lambda: today,
    )


def a_request(answer: EnrolmentAnswer, nonce: bytes, **fields: Any) -> IssuanceRequest:
    """An office's, for this answer; ``fields`` replaces any of it."""
    values: dict[str, Any] = {
        "office": "Gifu",
        "record": secrets.token_bytes(16),
        "purpose": Purpose.ENROL,
        "nonce": nonce,
        "answer": answer.to_octets(),
        "attributes": attributes(),
        "valid_until": VALID_UNTIL,
        "trustees": TRUSTEES.octets,
        **fields,
    }
    return IssuanceRequest(**values)


def asks(chip: Chip | None = None, *, office: dict[str, Any] | None = None, **forged: Any) -> IssuanceRequest:
    """A new request of a chip that says ``forged``; ``office``: what the office puts in."""
    nonce = secrets.token_bytes(32)
    return a_request((chip or Chip()).answer(nonce, **forged), nonce, **(office or {}))


def holder(issuer: EmbeddedIssuer, **fields: Any) -> Holder:
    """An honest enrolment."""
    chip = Chip()
    request = asks(chip, office=fields)
    return Holder(chip=chip, request=request, issuance=issuer.issue(request))


def renews(
    old: Holder, new: Chip | None = None, *, record: bytes | None = None, **shown: Any
) -> IssuanceRequest:
    """A renewal of ``old`` to ``new``, honest unless told otherwise. ``shown``: for :meth:`Holder.shows`."""
    nonce = secrets.token_bytes(32)
    answer = (new or Chip(nym=old.chip.nym)).answer(nonce)
    shown = {"transaction": sha256(answer.attested_message(nonce)), **shown}
    return a_request(
        answer,
        nonce,
        purpose=Purpose.RENEW,
        record=record or old.request.record,
        renewal=old.shows(**shown),
    )


def _randoms(count: int) -> list[int]:
    return [random_scalar() for _ in range(count)]
