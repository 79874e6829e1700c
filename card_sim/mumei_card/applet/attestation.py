"""The card's attestation key: it signs one commitment in personalisation, and is erased with the credential's
arrival (mumei protocol 2.2).

Its certificate tells the card from all others; only ENROL answers it, and that inside SCP03.
"""

from __future__ import annotations

from mumei_card.applet.records import RECORD_ATTESTATION_CERTIFICATE, RECORD_ATTESTATION_KEY
from mumei_card.os.context import CardContext
from mumei_core.attestation import Attestation, AttestationKey, MakerCertificate


def attestation_records(key: AttestationKey) -> dict[str, bytes]:
    """The records that give a new card its attestation key."""
    return {
        RECORD_ATTESTATION_KEY: key.secret,
        RECORD_ATTESTATION_CERTIFICATE: key.certificate.to_octets(),
    }


def attest(context: CardContext, message: bytes) -> bytes:
    """The card's signature over ``message``, 64 octets; empty on a card without attestation key.

    Another one at each call: the caller keeps it, so that the same nonce gets the same octets again.
    """
    secret = context.nvm.get(RECORD_ATTESTATION_KEY)
    if secret is None:
        return b""
    return AttestationKey(secret=secret, certificate=_certificate(context)).sign(message)


def attestation_of(context: CardContext, signature: bytes) -> Attestation | None:
    """What the card answers with ``signature``, as :func:`attest` gave it; None for an empty one."""
    return Attestation(certificate=_certificate(context), signature=signature) if signature else None


def _certificate(context: CardContext) -> MakerCertificate:
    return MakerCertificate.from_octets(context.record(RECORD_ATTESTATION_CERTIFICATE))
