"""What an issuer checks before it signs, all of it (mumei protocol 2.2): attributes and day, trustees, commitment,
link proof, genuine chip; at a renewal the old credential's presentation.

Each check raises :class:`~mumei.issuer.issuance.IssuanceRefused` with its own reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mumei.issuer.issuance import IssuanceRefused, IssuanceRequest, LedgerEntry, Reason, RenewalEvidence
from mumei.issuer.signing import check_commitment
from mumei_core.attestation import MakerCertificate
from mumei_core.commands.enrolment import EnrolmentAnswer, LinkedShares
from mumei_core.commands.request import Request
from mumei_core.credential import Index, attribute_scalars
from mumei_core.crypto.curve import Point, scalar_from_octets
from mumei_core.crypto.enrolment.verifier import verify_link
from mumei_core.crypto.generators import OP_RENEWAL
from mumei_core.crypto.hashing import sha256
from mumei_core.crypto.sharing.messages import SEALED_SHARE_LENGTH
from mumei_core.dates import is_valid_until
from mumei_core.eac.authorisation import RENEWAL_CONTEXT
from mumei_core.errors import DecodingError, InvalidProof, TrustError
from mumei_core.issuing_statements import TrusteeListRecord
from mumei_core.presentation.verifier import Verifier

_EXAMINE = "Issue nothing here: have this computer and its reader examined first."
_AGAIN = "Repeat once with the same card; then use another."


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRequest:
    """A request whose proofs hold. ``attestation_key_hash``: of the chip's key, None where none was shown."""

    request: IssuanceRequest
    answer: EnrolmentAnswer
    linked: LinkedShares
    attestation_key_hash: bytes | None


def check_request(
    request: IssuanceRequest,
    *,
    today: int,
    trustee_lists: Sequence[TrusteeListRecord],
    maker_root: MakerCertificate | None,
) -> CheckedRequest:
    """All but what the ledger knows. ``today``: a day number; ``maker_root``: None for development cards."""
    _check_attributes(request, today)
    try:
        answer = EnrolmentAnswer.from_octets(request.answer)
    except DecodingError as error:
        raise IssuanceRefused(
            Reason.MALFORMED, f"the card's answer is malformed: {error}", hint=_AGAIN
        ) from error
    linked = answer.linked
    if linked is None:
        raise IssuanceRefused(
            Reason.LINK,
            "the card shares no handle out, so it could never be revoked",
            hint="It is a card of an older kind: use a new one.",
        )
    _check_trustees(request, linked, trustee_lists)
    try:
        check_commitment(answer.commitment)
    except InvalidProof as error:
        raise IssuanceRefused(
            Reason.COMMITMENT, "the card's commitment does not hold", hint=_AGAIN
        ) from error
    try:
        verify_link(linked.statement(request.nonce, answer.commitment.C), linked.proof)
    except InvalidProof as error:
        raise IssuanceRefused(
            Reason.LINK, "shares and commitment are not of the same secrets", hint=_AGAIN
        ) from error
    is_new = request.renewal is None
    return CheckedRequest(
        request=request,
        answer=answer,
        linked=linked,
        attestation_key_hash=_checked_attestation(request, answer, maker_root if is_new else None),
    )


def _check_attributes(request: IssuanceRequest, today: int) -> None:
    try:
        scalars = attribute_scalars(request.attributes)
    except DecodingError as error:
        raise IssuanceRefused(Reason.ATTRIBUTES, f"an attribute cannot be signed: {error}") from error
    if scalars[Index.BIRTH_DATE] > today:
        raise IssuanceRefused(
            Reason.ATTRIBUTES, "the birth date lies in the future", hint="Correct the resident's entry."
        )
    if not is_valid_until(request.valid_until) or request.valid_until < today:
        raise IssuanceRefused(
            Reason.VALIDITY,
            "a credential ends on a 30 June or 31 December that is not past",
            hint="Check this computer's clock.",
        )


def _check_trustees(
    request: IssuanceRequest, linked: LinkedShares, trustee_lists: Sequence[TrusteeListRecord]
) -> None:
    named = next((known for known in trustee_lists if known.octets == request.trustees), None)
    if named is None:
        raise IssuanceRefused(
            Reason.TRUSTEES,
            "the trustees are not those that root and auditor have named",
            hint="Get the list of trustees anew from the issuer.",
        )
    if linked.trustee_list != named.digest:
        raise IssuanceRefused(
            Reason.TRUSTEES,
            "the card seals its shares to other trustees",
            hint="Load the newest list of trustees on the card.",
        )
    if len(linked.F) != named.t or len(linked.sealed) != named.n * SEALED_SHARE_LENGTH:
        raise IssuanceRefused(Reason.TRUSTEES, "the shares are not as many as the trustees", hint=_AGAIN)


def _checked_attestation(
    request: IssuanceRequest, answer: EnrolmentAnswer, maker_root: MakerCertificate | None
) -> bytes | None:
    attestation = answer.attestation
    if maker_root is None:
        if attestation is not None:
            raise IssuanceRefused(Reason.ATTESTATION, "an attestation where none is due", hint=_EXAMINE)
        return None
    if attestation is None:
        raise IssuanceRefused(
            Reason.ATTESTATION,
            "the card does not show that it is genuine",
            hint="Use a card of the card maker's stock.",
        )
    try:
        attestation.certificate.check_card(maker_root)
        attestation.check_signature(answer.attested_message(request.nonce))
    except InvalidProof as error:
        raise IssuanceRefused(
            Reason.ATTESTATION, f"the chip's attestation does not hold: {error.reason}", hint=_EXAMINE
        ) from error
    return sha256(attestation.certificate.key)


def check_renewal(
    checked: CheckedRequest,
    evidence: RenewalEvidence,
    entries: Sequence[LedgerEntry],
    verifier: Verifier,
    *,
    today: int,
) -> LedgerEntry:
    """The issuance that is renewed: the old credential was shown for this very commitment, and keeps its pseudonym.

    ``entries``: of the record; ``verifier``: knows every key under which a credential may still be valid.
    """
    digest = sha256(checked.answer.attested_message(checked.request.nonce))
    try:
        asked = Request.from_octets(evidence.request)
        if asked != _expected(asked, digest):
            raise _refused("the old credential was shown for something else")
        shown = verifier.verify(evidence.request, evidence.presentation)
    except (DecodingError, InvalidProof, TrustError) as error:
        raise _refused("the old credential's proof does not hold") from error
    if shown.valid_until < today:
        raise IssuanceRefused(
            Reason.EXPIRED,
            "the old credential has expired",
            hint="Enrol a new card: it has new pseudonyms, and the holder is to be told.",
        )
    own = [entry for entry in entries if entry.signature and entry.terms.renewal_pseudonym == shown.pseudonym]
    if not own:
        raise _refused("the card is not this record's")
    entropy = scalar_from_octets(own[-1].terms.signer_nym_entropy)
    if (checked.linked.N + OP_RENEWAL * entropy) != Point.from_octets(own[-1].terms.renewal_pseudonym):
        raise _refused("the new commitment is to another pseudonym")
    return own[-1]


def _expected(asked: Request, digest: bytes) -> Request:
    """What a renewal asks, and nothing beside: the rest of ``asked`` is the terminal's own."""
    return Request(
        rp_context=RENEWAL_CONTEXT,
        nonce=asked.nonce,
        date=asked.date,
        channel_binding=asked.channel_binding,
        pseudonym=True,
        transaction=digest,
    )


def _refused(message: str) -> IssuanceRefused:
    return IssuanceRefused(
        Reason.RENEWAL, message, hint="Begin the renewal anew with the resident's own card, and only with it."
    )
