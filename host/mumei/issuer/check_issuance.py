"""What an office checks of an issuer's answer before the card sees it (mumei protocol 2.2): it can pair.

The card checks too, but a card that refuses sends a resident home; an answer to another request, or one that
changed on its way, is better found here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mumei.issuer.issuance import Issuance, IssuanceRequest
from mumei_core.commands.enrolment import EnrolmentAnswer
from mumei_core.common_key.check import check_common_key
from mumei_core.common_key.messages import CommonKeyProof
from mumei_core.credential import attribute_scalars, credential_header, key_id
from mumei_core.crypto.bbs.messages import Signature, calculate_domain
from mumei_core.crypto.bbs.prover import calculate_b
from mumei_core.crypto.curve import GROUP, Point, scalar_from_octets
from mumei_core.crypto.generators import BLIND, OP_RENEWAL, SIGNER
from mumei_core.crypto.hashing import MUMEI
from mumei_core.crypto.pairing import BP2, G2Point, products_are_equal
from mumei_core.errors import DecodingError, InvalidProof, ProtocolError


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerPublicKey:
    """PK (96 octets) and W1 (48), as parameters and signed records of issuer keys have them."""

    public_key: bytes
    W1: bytes


class WrongIssuanceError(ProtocolError):
    """The issuer answered something else than was asked, or what does not verify. The card was given nothing."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the issuer's answer is not what was asked: {why}",
            hint="Do not hand out the card. Tell whoever runs the issuer; asking again is safe.",
        )


def by_key_id(*keys: IssuerPublicKey) -> Mapping[bytes, IssuerPublicKey]:
    """Keys by SHA-256(PK)."""
    return {key_id(key.public_key): key for key in keys}


def check_issuance(
    request: IssuanceRequest, issuance: Issuance, keys: Mapping[bytes, IssuerPublicKey]
) -> None:
    """A signature for this very request, under one of the keys that are trusted, and the proof that goes with it.

    Raises WrongIssuanceError.
    """
    key = keys.get(issuance.key_id)
    if key is None:
        raise WrongIssuanceError("it is signed with a key that this office does not know")
    if issuance.valid_until != request.valid_until:
        raise WrongIssuanceError("the credential ends on another day")
    try:
        answer = EnrolmentAnswer.from_octets(request.answer)
        entropy = scalar_from_octets(issuance.signer_nym_entropy)
        signature = Signature.from_octets(issuance.signature)
        proof = CommonKeyProof.from_octets(issuance.common_key_proof)
        W1, PK = Point.from_octets(key.W1), G2Point.from_octets(key.public_key)
        header = credential_header(key.public_key, issuance.valid_until)
        domain = calculate_domain(MUMEI, key.public_key, (*SIGNER, *BLIND), header)
        signed = calculate_b(GROUP, MUMEI.suite.p1, SIGNER, domain, attribute_scalars(request.attributes))
        pseudonym = Point.from_octets(issuance.renewal_pseudonym)
    except DecodingError as error:
        raise WrongIssuanceError(str(error)) from None
    if answer.linked is None:
        raise WrongIssuanceError("the card's answer is of an old version, which no issuer signs")
    if pseudonym != answer.linked.N + OP_RENEWAL * entropy:
        raise WrongIssuanceError("entropy and renewal pseudonym do not belong together")
    B = signed + answer.commitment.C + BLIND[-1] * entropy
    A, e = signature.A, signature.e
    if not products_are_equal([(A, PK), (A * e, BP2)], [(B, BP2)]):
        raise WrongIssuanceError("the signature does not verify")
    try:
        check_common_key(GROUP, W1, signature, B, proof)
    except InvalidProof:
        raise WrongIssuanceError("the proof of the common key does not hold") from None
