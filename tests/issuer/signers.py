"""Who signs behind the service in these tests: a real key and a real ledger, and nothing that checks a card."""

from __future__ import annotations

from tests.fixtures import world

from mumei.issuer.issuance import Beginning, Issuance, IssuanceRequest, Ledger, Terms
from mumei.issuer.keys import IssuerKey
from mumei.issuer.signing import SigningService, draw_entropy
from mumei_core.commands.enrolment import EnrolmentAnswer
from mumei_core.crypto.curve import scalar_from_octets
from mumei_core.crypto.generators import OP_RENEWAL


class KilledError(BaseException):
    """The process ends here."""


class PlainIssuer:
    """Signs what it is asked, idempotently. ``dies``: right after the terms are on record."""

    def __init__(self, ledger: Ledger, key: IssuerKey | None = None) -> None:
        self._signing = SigningService(key or world.issuer().key)
        self._ledger = ledger
        self.dies = False

    @property
    def key_id(self) -> bytes:
        return self._signing.key_id

    def issue(self, request: IssuanceRequest) -> Issuance:
        answer = EnrolmentAnswer.from_octets(request.answer)
        assert answer.linked is not None
        N = answer.linked.N
        commitment = answer.commitment.to_octets()

        def terms() -> Terms:
            entropy = draw_entropy()
            pseudonym = N + OP_RENEWAL * scalar_from_octets(entropy)
            return Terms(
                signer_nym_entropy=entropy, renewal_pseudonym=pseudonym.to_octets(), key_id=self.key_id
            )

        beginning = Beginning(
            commitment=commitment,
            digest=request.digest,
            office=request.office,
            record=request.record,
            purpose=request.purpose,
            nonce=request.nonce,
            F_0=answer.linked.F[0].to_octets(),
            attestation_key_hash=None,
            valid_until=request.valid_until,
        )
        entry = self._ledger.begin(beginning, terms)
        if self.dies:
            raise KilledError
        if entry.signature is None:
            issued = self._signing.issue(
                request.attributes,
                answer.commitment,
                signer_nym_entropy=entry.terms.signer_nym_entropy,
                valid_until=request.valid_until,
            )
            entry = self._ledger.finish(
                commitment, issued.signature.to_octets(), issued.common_key_proof.to_octets()
            )
        assert entry.signature is not None and entry.common_key_proof is not None
        return Issuance(
            valid_until=request.valid_until,
            key_id=entry.terms.key_id,
            signature=entry.signature,
            signer_nym_entropy=entry.terms.signer_nym_entropy,
            common_key_proof=entry.common_key_proof,
            renewal_pseudonym=entry.terms.renewal_pseudonym,
        )
