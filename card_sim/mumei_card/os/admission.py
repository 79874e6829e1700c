"""Admission: whether the card has a command, takes it in this form, and from this asker, as apdu_specs say it.

The one place where a form is refused, from the header to the data, as ISO/IEC 7816-4:2005, 5.1 has the fields:
class 6E 00 (:class:`~mumei_card.os.layers.ClassCheck`), instruction 6D 00, P1, then P2 6A 86, the data field's
length and Le 67 00, who asks 69 82. Between class and instruction lie channels, chaining and the card's life cycle
(:mod:`mumei_card.os.layers`). Handlers are left with contents, 6A 80, and with states, 69 85.
"""

from __future__ import annotations

from typing import Final

from mumei_card.errors import CardError
from mumei_card.os.context import CardContext
from mumei_card.os.layer import Layer, Next
from mumei_card.os.registry import Registry
from mumei_core.commands.codes import (
    PROFILE_DEVELOPMENT,
    SW_INS_NOT_SUPPORTED,
    SW_WRONG_LENGTH,
)
from mumei_core.commands.specification import DEVELOPMENT, STANDARD, CommandSpec, Presence, Variant
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

_PROFILES: Final = {PROFILE_DEVELOPMENT: DEVELOPMENT}


class Admission(Layer):
    """The last layer: what passes is a known command of a right form, from one who may give it."""

    def __init__(self, registry: Registry, context: CardContext) -> None:
        self._registry = registry
        self._context = context

    def process(self, command: CommandAPDU, above: Next) -> ResponseAPDU:
        bound = self._registry.find(command.cla, command.ins)
        if bound is None:
            raise CardError(SW_INS_NOT_SUPPORTED, "instruction not supported")
        variant = admit(bound.spec, command, self._context.profile)
        self._registry.require(variant.rights, self._context)
        return above(command)


def admit(spec: CommandSpec, command: CommandAPDU, profile: int) -> Variant:
    """What P1-P2 mean on a card of ``profile``, if the command has the form for it. Raises CardError."""
    name = _PROFILES.get(profile, STANDARD)
    if name not in spec.profiles:
        raise CardError(SW_INS_NOT_SUPPORTED, f"{spec.name} is not in this profile")
    variant = spec.variant(command.p1, command.p2, name)
    if variant is None:
        known = any(command.p1 in other.p1 for other in spec.variants if name in other.profiles)
        raise CardError(spec.other_p2 if known else spec.other_p1, f"{spec.name} does not take this P1-P2")
    _check_lengths(variant, command)
    return variant


def _check_lengths(variant: Variant, command: CommandAPDU) -> None:
    """Lc, then Le. How long data objects are, their reader says: 6A 80."""
    data, length = variant.data, len(command.data)
    if not length and data.presence is Presence.REQUIRED:
        raise CardError(SW_WRONG_LENGTH, f"{variant.name} needs data")
    if length and data.presence is Presence.FORBIDDEN:
        raise CardError(data.wrong_length, f"{variant.name} takes no data")
    if length and not data.objects and not data.shortest <= length <= data.longest:
        raise CardError(data.wrong_length, f"{variant.name} takes data of another length")
    if command.le is None and variant.needs_le:
        raise CardError(SW_WRONG_LENGTH, f"{variant.name} needs Le")
    if command.le is not None and variant.response.by_le and command.le > variant.response.longest:
        raise CardError(SW_WRONG_LENGTH, f"{variant.name} cannot answer that much")
