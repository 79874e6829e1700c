"""Static keys of one card from a master key (NIST SP 800-108 Rev. 1, 4.1 and 5.1): whoever opens one chip learns
nothing of another card.

GlobalPlatform sets no scheme. Ours is the standard's own form, i || label || 00 || context || L, with the card's
diversification data and the key version number as context, so that rotated keys are new keys. ``kdf3`` is
the scheme that many card suppliers deliver.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mumei_core.errors import UsageError
from mumei_core.gp.kdf import counter_mode
from mumei_core.gp.keys import KEY_SIZES, StaticKeys

DIVERSIFICATION_DATA_OCTETS: Final = 10
"""KDD in the answer to INITIALIZE UPDATE (Amendment D v1.1.2, 7.1.1.6). Ours are random: a number, no meaning."""

_LABELS: Final = (b"MUMEI-CARD-KEY-V1 ENC", b"MUMEI-CARD-KEY-V1 MAC", b"MUMEI-CARD-KEY-V1 DEK")
_KDF3_TYPES: Final = (0x01, 0x02, 0x03)

Scheme = Callable[[bytes, bytes, int], StaticKeys]
"""(master key, diversification data, key version number) -> keys of the master's size."""


def mumei_keys(master: bytes, diversification_data: bytes, version: int) -> StaticKeys:
    """Our scheme. ``master``: 16, 24 or 32 octets; ``diversification_data``: 10; ``version``: 1 to 127.

    Raises UsageError for other sizes.
    """
    _check(master, diversification_data)
    context = diversification_data + version.to_bytes(1)
    bits = (8 * len(master)).to_bytes(2)
    enc, mac, dek = (
        counter_mode(master, before=b"", after=label + b"\x00" + context + bits, length=len(master))
        for label in _LABELS
    )
    return StaticKeys(enc=enc, mac=mac, dek=dek)


def kdf3_keys(master: bytes, diversification_data: bytes, version: int = 0) -> StaticKeys:
    """The scheme called "kdf3": i || 00 00 00 || type || 00 || KDD, without length and version.

    Sizes and errors as :func:`mumei_keys`.
    """
    del version
    _check(master, diversification_data)
    enc, mac, dek = (
        counter_mode(
            master,
            before=b"",
            after=bytes((0, 0, 0, kind, 0)) + diversification_data,
            length=len(master),
        )
        for kind in _KDF3_TYPES
    )
    return StaticKeys(enc=enc, mac=mac, dek=dek)


def _check(master: bytes, diversification_data: bytes) -> None:
    if len(master) not in KEY_SIZES:
        raise UsageError("a master key is an AES key of 16, 24 or 32 octets")
    if len(diversification_data) != DIVERSIFICATION_DATA_OCTETS:
        raise UsageError(f"a card's diversification data are {DIVERSIFICATION_DATA_OCTETS} octets")
