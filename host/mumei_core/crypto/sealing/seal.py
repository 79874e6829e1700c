"""SealBase: what a card computes to send a secret to a trustee. Source: RFC 9180, 4.1 (Encap), 5.2, 6.1.

On top of the card's own P-256, so that a chip's counters see two multiplications; AES-GCM is a library's.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mumei_core.crypto.sealing.messages import key_schedule
from mumei_core.eac.ec import EcGroup, RandomSource, random_scalar
from mumei_core.metering import AES_BLOCK, count_aes


def seal(
    group: EcGroup, random: RandomSource, recipient: bytes, *, info: bytes, aad: bytes, plaintext: bytes
) -> bytes:
    """enc || ct: 81 octets more than ``plaintext``.

    ``group``: P-256; ``random``: fresh octets for the ephemeral key; ``recipient``: a public key, 65 octets.
    Raises :class:`~mumei_core.eac.ec.PointError` for one that is no point.
    """
    ephemeral = random_scalar(group, random)
    enc = group.multiply(group.generator, ephemeral).octets
    dh = group.multiply(group.decode(recipient), ephemeral).x
    keys = key_schedule(dh, enc, recipient, info)
    # The hash key, the tag's mask, and a block of key stream for each of the message; GHASH is not counted.
    count_aes(2 * AES_BLOCK + len(plaintext))
    return enc + AESGCM(keys.key).encrypt(keys.nonce, plaintext, aad)
