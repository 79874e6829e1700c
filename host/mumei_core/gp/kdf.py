"""Key derivation in counter mode with AES-CMAC (NIST SP 800-108 Rev. 1, 4.1), and SCP03's use of it.

SCP03: GlobalPlatform Card Specification 2.3 Amendment D v1.1.2, 4.1.5.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, CounterLocation, Mode

from mumei_core.metering import AES_BLOCK, count_cmac

_ZEROS_BEFORE_CONSTANT: Final = 11


class Constant(IntEnum):
    """Derivation constants, Amendment D, table 4-1."""

    CARD_CRYPTOGRAM = 0x00
    HOST_CRYPTOGRAM = 0x01
    CARD_CHALLENGE = 0x02
    S_ENC = 0x04
    S_MAC = 0x06
    S_RMAC = 0x07


def aes_cmac(key: bytes, message: bytes) -> bytes:
    """The whole tag, 16 octets (RFC 4493; SP 800-38B). ``key``: 16, 24 or 32 octets."""
    count_cmac(len(message))
    cmac = CMAC(AES(key))
    cmac.update(message)
    return cmac.finalize()


def counter_mode(key: bytes, *, before: bytes, after: bytes, length: int, counter_octets: int = 1) -> bytes:
    """``length`` octets from the blocks CMAC(key, before || i || after), i = 1, 2, ...

    ``counter_octets``: size of i, 1 to 4. Either fixed part may be empty.
    """
    for _ in range(0, length, AES_BLOCK):
        count_cmac(len(before) + counter_octets + len(after))
    location = CounterLocation.MiddleFixed if before and after else CounterLocation.BeforeFixed
    if before and not after:
        location = CounterLocation.AfterFixed
    return KBKDFCMAC(
        algorithm=AES,
        mode=Mode.CounterMode,
        length=length,
        rlen=counter_octets,
        llen=None,
        location=location,
        label=None,
        context=None,
        fixed=before + after,
        break_location=len(before) if location is CounterLocation.MiddleFixed else None,
    ).derive(key)


def scp03_derive(key: bytes, constant: Constant, *, bits: int, context: bytes) -> bytes:
    """bits / 8 octets of the derivation data's KDF: 00 x 11 || constant || 00 || L (2) || i (1) || context."""
    label = bytes(_ZEROS_BEFORE_CONSTANT) + bytes((constant,))
    separator = b"\x00"
    return counter_mode(key, before=label + separator + bits.to_bytes(2), after=context, length=bits // 8)
