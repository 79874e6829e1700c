"""An issuer in the office's own program, or behind the service: it checks, writes its ledger, then signs (2.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from mumei.issuer.issuance import (
    Beginning,
    Issuance,
    IssuanceRefused,
    IssuanceRequest,
    Ledger,
    LedgerEntry,
    Reason,
    Terms,
    refuse_reported,
)
from mumei.issuer.keys import IssuerKey
from mumei.issuer.request_checks import CheckedRequest, check_renewal, check_request
from mumei.issuer.signing import SigningService, draw_entropy
from mumei_core import dates
from mumei_core.attestation import MakerCertificate
from mumei_core.crypto.curve import scalar_from_octets
from mumei_core.crypto.generators import OP_RENEWAL
from mumei_core.dates import day_number
from mumei_core.development_trustees import development_trustees
from mumei_core.errors import UsageError
from mumei_core.issuing_statements import TrusteeListRecord
from mumei_core.presentation.verifier import Verifier

_LOST_KEY: Final = "Open the issuer with the key under which this issuance began, beside the new one."


class EmbeddedIssuer:
    """An :class:`~mumei.issuer.issuance.Issuing` with keys in memory: keep its process short and alone."""

    def __init__(
        self,
        keys: Sequence[IssuerKey],
        ledger: Ledger,
        *,
        trustee_lists: Sequence[TrusteeListRecord] = (),
        maker_root: MakerCertificate | None = None,
        former_keys: Sequence[bytes] = (),
        today: Callable[[], int] = lambda: day_number(dates.today()),
    ) -> None:
        """``keys``: the first signs, the others finish what they began. ``trustee_lists``: those that root and
        auditor have named, checked. ``maker_root``: by which genuine chips are known, None for development cards:
        for these alone no list means the development profile's, whose keys everybody has. ``former_keys``: public
        keys (96 octets) under which credentials are still valid that may be renewed.
        """
        if not keys:
            raise UsageError("an issuer signs with a key", hint="Name the issuer's key file.")
        self._signing = {key.key_id: SigningService(key) for key in keys}
        self._key_id = keys[0].key_id
        self._ledger = ledger
        published = (development_trustees(),) if maker_root is None else ()
        self._trustee_lists = tuple(trustee_lists) or published
        self._maker_root = maker_root
        self._verifier = Verifier((*(key.public_key for key in keys), *former_keys))
        self._today = today

    @property
    def key_id(self) -> bytes:
        """SHA-256(PK) of the key that signs today, 32 octets."""
        return self._key_id

    @property
    def ledger(self) -> Ledger:
        """Where its terms are on record."""
        return self._ledger

    def issue(self, request: IssuanceRequest) -> Issuance:
        """See :class:`~mumei.issuer.issuance.Issuing`."""
        today = self._today()
        checked = check_request(
            request, today=today, trustee_lists=self._trustee_lists, maker_root=self._maker_root
        )
        renewed = self._renewed(checked, today)
        entry = self._ledger.begin(
            Beginning(
                commitment=checked.answer.commitment.to_octets(),
                digest=request.digest,
                office=request.office,
                record=request.record,
                purpose=request.purpose,
                nonce=request.nonce,
                F_0=checked.linked.F[0].to_octets(),
                attestation_key_hash=checked.attestation_key_hash,
                valid_until=request.valid_until,
                renews=renewed.beginning.commitment if renewed else None,
            ),
            lambda: self._terms(checked, renewed),
        )
        if entry.signature is None:
            entry = self._signed(checked, entry)
        return _issuance(entry)

    def report(self, record: bytes, *, reported: bool) -> None:
        """All that was issued to the record (16 octets) until now is lost, or found again: it is not renewed."""
        self._ledger.report(record, reported=reported)

    def _renewed(self, checked: CheckedRequest, today: int) -> LedgerEntry | None:
        evidence = checked.request.renewal
        if evidence is None:
            return None
        entries = self._ledger.by_record(checked.request.record)
        renewed = check_renewal(checked, evidence, entries, self._verifier, today=today)
        pseudonym = renewed.terms.renewal_pseudonym
        if any(entry.reported for entry in entries if entry.terms.renewal_pseudonym == pseudonym):
            raise refuse_reported()
        return renewed

    def _terms(self, checked: CheckedRequest, renewed: LedgerEntry | None) -> Terms:
        """Drawn once; a renewal keeps entropy and pseudonym."""
        if renewed is not None:
            return Terms(
                signer_nym_entropy=renewed.terms.signer_nym_entropy,
                renewal_pseudonym=renewed.terms.renewal_pseudonym,
                key_id=self._key_id,
            )
        entropy = draw_entropy()
        pseudonym = checked.linked.N + OP_RENEWAL * scalar_from_octets(entropy)
        return Terms(signer_nym_entropy=entropy, renewal_pseudonym=pseudonym.to_octets(), key_id=self._key_id)

    def _signed(self, checked: CheckedRequest, entry: LedgerEntry) -> LedgerEntry:
        signing = self._signing.get(entry.terms.key_id)
        if signing is None:
            raise IssuanceRefused(
                Reason.CONFLICT, "begun under a key that is not here any more", hint=_LOST_KEY
            )
        issued = signing.issue(
            checked.request.attributes,
            checked.answer.commitment,
            signer_nym_entropy=entry.terms.signer_nym_entropy,
            valid_until=entry.beginning.valid_until,
        )
        return self._ledger.finish(
            entry.beginning.commitment, issued.signature.to_octets(), issued.common_key_proof.to_octets()
        )


def _issuance(entry: LedgerEntry) -> Issuance:
    return Issuance(
        valid_until=entry.beginning.valid_until,
        key_id=entry.terms.key_id,
        signature=entry.signature or b"",
        signer_nym_entropy=entry.terms.signer_nym_entropy,
        common_key_proof=entry.common_key_proof or b"",
        renewal_pseudonym=entry.terms.renewal_pseudonym,
    )
