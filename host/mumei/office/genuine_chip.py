"""Whether what a card commits to holds, and comes from a genuine chip of the card maker's, for this record (mumei
protocol 2.2). The issuer checks the same again: here a clerk is told before anything is asked.
"""

from __future__ import annotations

from mumei.issuer.signing import check_commitment
from mumei_core.attestation import MakerCertificate
from mumei_core.commands.enrolment import EnrolmentAnswer
from mumei_core.crypto.enrolment.verifier import verify_link
from mumei_core.errors import DecodingError, InvalidProof, ProtocolError, TrustError, WrongCardError
from mumei_core.issuing_statements import TrusteeListRecord


def read_maker_root(octets: bytes) -> MakerCertificate:
    """The card maker's root from its certificate, checked. Raises TrustError."""
    try:
        root = MakerCertificate.from_octets(octets)
        root.check_root()
    except (DecodingError, InvalidProof) as error:
        raise TrustError(
            f"this is no card maker's root: {error}", hint="Get maker.root anew from the card maker."
        ) from error
    return root


def check_answer(answer: EnrolmentAnswer, nonce: bytes, trustees: TrusteeListRecord) -> None:
    """Commitment, shares and link proof, sealed to our own trustees. Raises WrongCardError, ProtocolError."""
    linked = answer.linked
    if linked is None:
        raise WrongCardError(
            "this card makes no shares, so it could never be revoked",
            hint="It is a card of an older kind: use a new one.",
        )
    if linked.trustee_list != trustees.digest:
        raise WrongCardError(
            "the card seals its shares to other trustees",
            hint="Use a card that has pinned the list of trustees that this desk was given.",
        )
    try:
        check_commitment(answer.commitment)
        verify_link(linked.statement(nonce, answer.commitment.C), linked.proof)
    except InvalidProof as error:
        raise ProtocolError(
            "the card's commitment does not hold",
            hint="Repeat once with the same card; then use another.",
        ) from error


def check_genuine(answer: EnrolmentAnswer, nonce: bytes, root: MakerCertificate | None) -> None:
    """The chip's own signature over ``nonce`` and its commitment. ``root``: None for development cards.

    Raises WrongCardError for a card without certificate or with another maker's, ProtocolError where the signature
    is over something else: then somebody between card and desk has put a commitment of his own in its place.
    """
    attestation = answer.attestation
    if root is None:
        if attestation is not None:
            raise ProtocolError("a development card says that it is genuine", hint="Use another card.")
        return
    if attestation is None:
        raise WrongCardError(
            "the card does not show that it is genuine",
            hint="Use a card of the card maker's stock; this one was made without an attestation key.",
        )
    try:
        attestation.certificate.check_card(root)
    except InvalidProof as error:
        raise WrongCardError(
            f"the card is not of the card maker's stock: {error.reason}",
            hint="Use a card of the maker whose root this desk was given, or check which root it was given.",
        ) from error
    try:
        attestation.check_signature(answer.attested_message(nonce))
    except InvalidProof as error:
        raise ProtocolError(
            "the commitment is not the one that the chip has signed",
            hint="Issue nothing here: have this computer and its reader examined first.",
        ) from error
