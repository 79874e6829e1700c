"""A chip's table of costs, from what all profiles have alike and what only some have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mumei_card.chip.chip_profile import Implementation, Operation
from mumei_card.chip.figures import Cost, Figure
from mumei_card.chip.published.common import NATIVE_SCALARS, native_addition


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What both implementations use alike."""

    g1_multiplication: Figure
    p256_multiplication: Figure
    p256_verification: Figure
    p256_signature: Figure
    sha256: Figure
    aes: Figure
    random: Figure
    nvm: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Applet:
    """What an applet has to build itself. ``g1_multiplication``: None where the engine gives both coordinates."""

    g1_multiplication: Cost | None = None
    g1_addition: Cost
    scalar_product: Cost
    scalar_inverse: Cost


def costs(engine: Engine, applet: Applet) -> Mapping[Implementation, Mapping[Operation, Cost]]:
    """Every operation of both implementations."""
    alike: dict[Operation, Cost] = {
        Operation.P256_MULTIPLICATION: engine.p256_multiplication,
        Operation.P256_VERIFICATION: engine.p256_verification,
        Operation.P256_SIGNATURE: engine.p256_signature,
        Operation.SHA256: engine.sha256,
        Operation.AES: engine.aes,
        Operation.RANDOM: engine.random,
        Operation.NVM: engine.nvm,
    }
    return {
        Implementation.NATIVE: {
            Operation.G1_MULTIPLICATION: engine.g1_multiplication,
            Operation.G1_ADDITION: native_addition(engine.g1_multiplication),
            Operation.SCALAR_PRODUCT: NATIVE_SCALARS,
            Operation.SCALAR_INVERSE: NATIVE_SCALARS,
            **alike,
        },
        Implementation.JAVA_CARD: {
            Operation.G1_MULTIPLICATION: applet.g1_multiplication or engine.g1_multiplication,
            Operation.G1_ADDITION: applet.g1_addition,
            Operation.SCALAR_PRODUCT: applet.scalar_product,
            Operation.SCALAR_INVERSE: applet.scalar_inverse,
            **alike,
        },
    }
