"""Giesecke+Devrient SmartCafe 7.0, 215K, as a USB token: JCAlgTest's tables of 2021-10, commit 76b01cf."""

from __future__ import annotations

from typing import Final

from mumei_card.chip.chip_profile import Chip
from mumei_card.chip.figures import in_turn, line
from mumei_card.chip.published import common
from mumei_card.chip.published.make import Applet, Engine, costs

_FILE: Final = "G+D_SmartCafe_7.0_215K_USB_Token_S"
_COLUMN: Final = "GD Smartcafe 7.0"
_AT_FIELD: Final = "stand-in: 256 bits, with the way of the APDU"
_AT_ORDER: Final = "256 bits, as the order has; with the way of the APDU"

SMARTCAFE_7: Final = Chip(
    name="SmartCafe7",
    title="Giesecke+Devrient SmartCafe 7.0",
    costs=costs(
        Engine(
            g1_multiplication=in_turn(
                common.fixed(
                    _FILE, {common.DH_384: 115.66, common.SET_S_384: 19.27, common.DH_384_INIT: 12.76}
                ),
                note=common.G1_NOTE,
            ),
            p256_multiplication=in_turn(
                common.fixed(
                    _FILE, {common.DH_256: 63.70, common.SET_S_256: 16.26, common.DH_256_INIT: 7.18}
                ),
                note=common.P256_NOTE,
            ),
            p256_verification=in_turn(
                common.fixed(
                    _FILE, {common.ECDSA_VERIFY: 67.91, common.ECDSA_INIT: 5.87, common.SET_W_256: 17.48}
                ),
                note=common.ECDSA_NOTE,
            ),
            p256_signature=in_turn(
                common.fixed(_FILE, {common.ECDSA_SIGN: 52.34, common.ECDSA_INIT: 5.87}),
                note=common.ECDSA_NOTE,
            ),
            sha256=line(
                common.variable(_FILE, common.SHA_256, {16: 2.48, 512: 15.24}),
                common.BLOCKS_OF_16_HASHED,
                common.BLOCKS_OF_512_HASHED,
            ),
            aes=line(
                common.variable(_FILE, common.AES_CBC, {16: 2.60, 512: 11.20}),
                common.BLOCKS_OF_16,
                common.BLOCKS_OF_512,
                before=in_turn(common.fixed(_FILE, {common.AES_INIT: 7.66})),
            ),
            random=line(common.variable(_FILE, common.RANDOM, {32: 10.48, 512: 35.20}), 32, 512),
            nvm=common.write(_FILE, 0.39),
        ),
        Applet(
            g1_multiplication=common.big_numbers(
                _COLUMN,
                "eccMultiplyRandom/INS_EC_MUL",
                3110,
                "stand-in: 256 bits, with the way of the APDU; without PLAIN_XY an applet has to compute y",
            ),
            g1_addition=common.big_numbers(_COLUMN, "eccAdd/INS_EC_ADD", 2723, _AT_FIELD),
            scalar_product=common.big_numbers(_COLUMN, "bigNatModMult/INS_BN_MUL_MOD", 660, _AT_ORDER),
            scalar_inverse=common.big_numbers(_COLUMN, "bigNatModInv/INS_BN_INV_MOD", 556, _AT_ORDER),
        ),
    ),
    atr=bytes.fromhex("3bf99600008131fe4553434537200e00202028"),
    ta1=0x96,
    ifsc=0xFE,
    cannot_know=(
        *common.CANNOT_KNOW,
        "a card without USB: what was measured is a token whose chip and reader are one",
    ),
)
