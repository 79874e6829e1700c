"""NXP JCOP 3 J3H145 (P60): JCAlgTest's tables of 2021-10-19 and 21, commit 76b01cf."""

from __future__ import annotations

from typing import Final

from mumei_card.chip.chip_profile import Chip
from mumei_card.chip.figures import in_turn, line
from mumei_card.chip.published import common
from mumei_card.chip.published.make import Applet, Engine, costs

_FIXED: Final = "NXP_JCOP3_J3H145g_P60"
_VARIABLE: Final = "NXP_JCOP3_J3H145_SECID_P60"
_COLUMN: Final = "NXP JCOP3 J3H145 P60"
_AT_FIELD: Final = "stand-in: 256 bits, with the way of the APDU"
_AT_ORDER: Final = "256 bits, as the order has; with the way of the APDU"

J3H145: Final = Chip(
    name="J3H145",
    title="NXP JCOP 3 J3H145",
    costs=costs(
        Engine(
            g1_multiplication=in_turn(
                common.fixed(
                    _FIXED, {common.DH_384: 100.78, common.SET_S_384: 19.48, common.DH_384_INIT: 8.68}
                ),
                note=common.G1_NOTE,
            ),
            p256_multiplication=in_turn(
                common.fixed(
                    _FIXED, {common.DH_256: 55.08, common.SET_S_256: 17.32, common.DH_256_INIT: 8.52}
                ),
                note=common.P256_NOTE,
            ),
            p256_verification=in_turn(
                common.fixed(
                    _FIXED, {common.ECDSA_VERIFY: 50.32, common.ECDSA_INIT: 5.75, common.SET_W_256: 11.67}
                ),
                note=common.ECDSA_NOTE,
            ),
            p256_signature=in_turn(
                common.fixed(_FIXED, {common.ECDSA_SIGN: 56.29, common.ECDSA_INIT: 5.75}),
                note=common.ECDSA_NOTE,
            ),
            sha256=line(
                common.variable(_VARIABLE, common.SHA_256, {32: 2.72, 512: 14.65}),
                common.BLOCKS_OF_16_HASHED,
                common.BLOCKS_OF_512_HASHED,
            ),
            aes=line(
                common.variable(_VARIABLE, common.AES_CBC, {16: 8.39, 512: 9.76}),
                common.BLOCKS_OF_16,
                common.BLOCKS_OF_512,
                before=in_turn(common.fixed(_FIXED, {common.AES_INIT: 13.66})),
            ),
            random=line(common.variable(_VARIABLE, common.RANDOM, {32: 0.88, 512: 2.24}), 32, 512),
            nvm=common.write(_FIXED, 1.49),
        ),
        Applet(
            g1_addition=common.big_numbers(_COLUMN, "eccAdd/INS_EC_ADD", 250, _AT_FIELD),
            scalar_product=common.big_numbers(_COLUMN, "bigNatModMult/INS_BN_MUL_MOD", 233, _AT_ORDER),
            scalar_inverse=common.big_numbers(_COLUMN, "bigNatModInv/INS_BN_INV_MOD", 72, _AT_ORDER),
        ),
    ),
    atr=bytes.fromhex("3b9495810146545601c4"),
    ta1=0x95,
    cannot_know=common.CANNOT_KNOW,
)
