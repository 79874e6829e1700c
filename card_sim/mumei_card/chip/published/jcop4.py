"""What an applet takes on JCOP 4: JCMathLib's table of 2023-07-16 has a J3R200, a card of the same family."""

from __future__ import annotations

from typing import Final

from mumei_card.chip.published.common import big_numbers
from mumei_card.chip.published.make import Applet

_COLUMN: Final = "NXP JCOP4 J3R200 P71"
_AT_FIELD: Final = "stand-in: a J3R200 at 256 bits, with the way of the APDU"
_AT_ORDER: Final = "stand-in: a J3R200; 256 bits, as the order has; with the way of the APDU"

APPLET: Final = Applet(
    g1_addition=big_numbers(_COLUMN, "eccAdd/INS_EC_ADD", 86, _AT_FIELD),
    scalar_product=big_numbers(_COLUMN, "bigNatModMult/INS_BN_MUL_MOD", 180, _AT_ORDER),
    scalar_inverse=big_numbers(_COLUMN, "bigNatModInv/INS_BN_INV_MOD", 58, _AT_ORDER),
)

CANNOT_KNOW: Final = (
    "arithmetic in Java Card on this very card: the figures are a J3R200's, at 256 bits, with the way of the APDU",
)
