"""Infineon CJTOP 80K SLJ 52GLA080AL (M8.4): JCAlgTest's tables of 2021-10-20 and 22, commit 76b01cf."""

from __future__ import annotations

from typing import Final

from mumei_card.chip.chip_profile import Chip
from mumei_card.chip.figures import Unknown, in_turn, line
from mumei_card.chip.published import common
from mumei_card.chip.published.make import Applet, Engine, costs

_FILE: Final = "Infineon_CJTOP_80K_INF_SLJ_52GLA080AL_M8.4"
_NOT_PUBLISHED: Final = Unknown(why="JCMathLib's table has no card of this family")

SLJ52GLA: Final = Chip(
    name="SLJ52GLA",
    title="Infineon SLJ 52GLA080AL",
    costs=costs(
        Engine(
            g1_multiplication=in_turn(
                common.fixed(
                    _FILE, {common.DH_384: 201.78, common.SET_S_384: 282.44, common.DH_384_INIT: 3.46}
                ),
                note=common.G1_NOTE,
            ),
            p256_multiplication=in_turn(
                common.fixed(
                    _FILE, {common.DH_256: 126.18, common.SET_S_256: 183.49, common.DH_256_INIT: 3.30}
                ),
                note=common.P256_NOTE,
            ),
            p256_verification=in_turn(
                common.fixed(
                    _FILE, {common.ECDSA_VERIFY: 100.85, common.ECDSA_INIT: 2.66, common.SET_W_256: 189.53}
                ),
                note=common.ECDSA_NOTE,
            ),
            p256_signature=in_turn(
                common.fixed(_FILE, {common.ECDSA_SIGN: 145.88, common.ECDSA_INIT: 2.66}),
                note=common.ECDSA_NOTE,
            ),
            sha256=line(
                common.variable(_FILE, common.SHA_256, {16: 8.56, 512: 61.60}),
                common.BLOCKS_OF_16_HASHED,
                common.BLOCKS_OF_512_HASHED,
            ),
            aes=line(
                common.variable(_FILE, common.AES_CBC, {16: 4.48, 512: 49.72}),
                common.BLOCKS_OF_16,
                common.BLOCKS_OF_512,
                before=in_turn(common.fixed(_FILE, {common.AES_INIT: 2.99})),
            ),
            random=line(common.variable(_FILE, common.RANDOM, {32: 5.92, 512: 48.68}), 32, 512),
            nvm=common.write(_FILE, 2.23),
        ),
        Applet(
            g1_multiplication=Unknown(why="the card has no PLAIN_XY: an applet would have to compute y"),
            g1_addition=_NOT_PUBLISHED,
            scalar_product=_NOT_PUBLISHED,
            scalar_inverse=_NOT_PUBLISHED,
        ),
    ),
    atr=bytes.fromhex("3bfe1800008031fe45803180664090a5102e1083019000f2"),
    ta1=0x18,
    ifsc=0xFE,
    cannot_know=(
        *common.CANNOT_KNOW,
        "why setting a key takes longer than using it: the rows setS and setW are counted in each time",
    ),
)
