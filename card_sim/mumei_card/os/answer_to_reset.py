"""The answer to reset, ISO/IEC 7816-3:2006 clause 8.2: one constant for every card, so that it marks none.

Historical bytes, ISO/IEC 7816-4:2005 clause 8.1.1: category 80, card service data, card capabilities.
"""

from __future__ import annotations

from functools import reduce
from operator import xor

# Selection by full name, data objects in EF.DIR and EF.ATR/INFO, read by READ BINARY, no master file.
CARD_SERVICE_DATA = bytes.fromhex("B9")
# Selection by full name; data units of one octet; command chaining, extended Lc and Le, length information in
# EF.ATR/INFO.
CARD_CAPABILITIES = bytes.fromhex("8001E0")

_HISTORICAL = b"\x80" + b"\x31" + CARD_SERVICE_DATA + b"\x73" + CARD_CAPABILITIES
# Direct convention; TD1 announces TD2, TD2 says protocol T=1.
_INTERFACE = bytes((0x80 | len(_HISTORICAL), 0x80, 0x01))


def _with_check_octet(octets: bytes) -> bytes:
    return octets + bytes((reduce(xor, octets),))


ATR = b"\x3b" + _with_check_octet(_INTERFACE + _HISTORICAL)
