"""NXP JCOP 4 J3R180 (SECID, P71): JCAlgTest's tables of 2021-10-20 and 21, commit 76b01cf."""

from __future__ import annotations

from typing import Final

from mumei_card.chip.chip_profile import Chip
from mumei_card.chip.figures import in_turn, line
from mumei_card.chip.published import common, jcop4
from mumei_card.chip.published.make import Engine, costs

_FIXED: Final = "NXP_JCOP4_J3R180_SECID_P71"
_VARIABLE: Final = "NXP_JCOP4_J3R180_SECID_P71"

J3R180: Final = Chip(
    name="J3R180",
    title="NXP JCOP 4 J3R180",
    costs=costs(
        Engine(
            g1_multiplication=in_turn(
                common.fixed(
                    _FIXED, {common.DH_384: 30.58, common.SET_S_384: 3.54, common.DH_384_INIT: 1.68}
                ),
                note=common.G1_NOTE,
            ),
            p256_multiplication=in_turn(
                common.fixed(
                    _FIXED, {common.DH_256: 20.04, common.SET_S_256: 3.45, common.DH_256_INIT: 7.90}
                ),
                note=common.P256_NOTE,
            ),
            p256_verification=in_turn(
                common.fixed(
                    _FIXED, {common.ECDSA_VERIFY: 30.22, common.ECDSA_INIT: 8.12, common.SET_W_256: 3.36}
                ),
                note=common.ECDSA_NOTE,
            ),
            p256_signature=in_turn(
                common.fixed(_FIXED, {common.ECDSA_SIGN: 31.96, common.ECDSA_INIT: 8.12}),
                note=common.ECDSA_NOTE,
            ),
            sha256=line(
                common.variable(_VARIABLE, common.SHA_256, {16: 2.23, 512: 13.60}),
                common.BLOCKS_OF_16_HASHED,
                common.BLOCKS_OF_512_HASHED,
            ),
            aes=line(
                common.variable(_VARIABLE, common.AES_CBC, {16: 1.55, 512: 2.15}),
                common.BLOCKS_OF_16,
                common.BLOCKS_OF_512,
                before=in_turn(common.fixed(_FIXED, {common.AES_INIT: 6.09})),
            ),
            random=line(common.variable(_VARIABLE, common.RANDOM, {32: 0.88, 512: 1.68}), 32, 512),
            nvm=common.write(_FIXED, 2.86),
        ),
        jcop4.APPLET,
    ),
    atr=bytes.fromhex("3bd518ff8191fe1fc38073c821100a"),
    ta1=0x18,
    extra_guard=0xFF,
    ifsc=0xFE,
    cannot_know=(*common.CANNOT_KNOW, *jcop4.CANNOT_KNOW),
)
