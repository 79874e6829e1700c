"""The answer to reset, ISO/IEC 7816-3:2006 clause 8.2: the same for all cards in one state, so that it marks none.

Historical bytes, ISO/IEC 7816-4:2005 clause 8.1.1: category 80, card service data, card capabilities, life cycle
status. EF.ATR/INFO says the same things (8.2.1.1), so both take them from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import xor
from types import MappingProxyType
from typing import Final

from mumei_core.gp.life_cycle import LifeCycle

# Selection by full and partial name, data objects in EF.DIR and EF.ATR/INFO, read by READ BINARY, no master file.
CARD_SERVICE_DATA: Final = bytes.fromhex("F9")
# Selection by full and partial name and by short file identifier; data units of one octet; command chaining,
# extended Lc and Le, length information in EF.ATR/INFO; no logical channel but the basic one.
CARD_CAPABILITIES: Final = bytes.fromhex("C401E0")

# 8.1.1.3 with 5.3.3.2, table 13. Development cards have no life cycle: they are in use from their first day on.
_IN_USE: Final = 0x05
_STATUS: Final[Mapping[LifeCycle | None, int]] = MappingProxyType(
    {
        None: _IN_USE,
        LifeCycle.OP_READY: 0x03,
        LifeCycle.INITIALIZED: 0x03,
        LifeCycle.SECURED: _IN_USE,
        LifeCycle.LOCKED: 0x04,
        LifeCycle.TERMINATED: 0x0C,
    }
)

_CATEGORY: Final = b"\x80"
# Compact: the tag's second digit and the length share an octet (8.1.1.2).
_COMPACT_SERVICE_DATA, _COMPACT_CAPABILITIES, _COMPACT_STATUS = b"\x31", b"\x73", b"\x81"


def life_cycle_status(state: LifeCycle | None) -> bytes:
    """The status octet for the card's state; None for a development card."""
    return bytes((_STATUS[state],))


def answer_to_reset(state: LifeCycle | None) -> bytes:
    """Direct convention, protocol T=1, historical bytes, check octet; 17 octets."""
    historical = (
        _CATEGORY
        + _COMPACT_SERVICE_DATA
        + CARD_SERVICE_DATA
        + _COMPACT_CAPABILITIES
        + CARD_CAPABILITIES
        + _COMPACT_STATUS
        + life_cycle_status(state)
    )
    # TD1 announces TD2, TD2 says protocol T=1.
    checked = bytes((0x80 | len(historical), 0x80, 0x01)) + historical
    return b"\x3b" + checked + bytes((reduce(xor, checked),))
