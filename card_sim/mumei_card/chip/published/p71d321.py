"""NXP JCOP 4 P71D321: JCAlgTest's table of 2020-01-13, commit 76b01cf; one length only was measured."""

from __future__ import annotations

from typing import Final

from mumei_card.chip.chip_profile import Chip
from mumei_card.chip.figures import Figure, in_turn
from mumei_card.chip.published import common, jcop4
from mumei_card.chip.published.make import Engine, costs

_FIXED: Final = "NXP_JCOP4_P71D321"
_ONE_LENGTH: Final = "only 256 octets are published: taken for every call"

P71D321: Final = Chip(
    name="P71D321",
    title="NXP JCOP 4 P71D321",
    costs=costs(
        Engine(
            g1_multiplication=in_turn(
                common.fixed(
                    _FIXED, {common.DH_384: 33.22, common.SET_S_384: 6.64, common.DH_384_INIT: 8.88}
                ),
                note=common.G1_NOTE,
            ),
            p256_multiplication=in_turn(
                common.fixed(
                    _FIXED, {common.DH_256: 21.58, common.SET_S_256: 3.77, common.DH_256_INIT: 8.64}
                ),
                note=common.P256_NOTE,
            ),
            p256_verification=in_turn(
                common.fixed(
                    _FIXED, {common.ECDSA_VERIFY: 31.28, common.ECDSA_INIT: 8.85, common.SET_W_256: 3.70}
                ),
                note=common.ECDSA_NOTE,
            ),
            p256_signature=in_turn(
                common.fixed(_FIXED, {common.ECDSA_SIGN: 33.06, common.ECDSA_INIT: 8.85}),
                note=common.ECDSA_NOTE,
            ),
            sha256=Figure(
                per_call=0.0,
                per_unit=round(8.54 / common.BLOCKS_OF_256_HASHED, 4),
                sources=(common.fixed(_FIXED, {common.SHA_256: 8.54}),),
                note="only 256 octets are published: divided by their five blocks",
            ),
            aes=in_turn(
                common.fixed(_FIXED, {common.AES_INIT: 6.64, common.AES_CBC: 1.95}), note=_ONE_LENGTH
            ),
            random=in_turn(common.fixed(_FIXED, {common.RANDOM: 1.28}), note=_ONE_LENGTH),
            nvm=common.write(_FIXED, 3.12),
        ),
        jcop4.APPLET,
    ),
    atr=bytes.fromhex("3b8a800150564a434f503453494471"),
    ta1=None,
    cannot_know=(*common.CANNOT_KNOW, *jcop4.CANNOT_KNOW),
)
