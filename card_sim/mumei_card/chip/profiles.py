"""Profiles by name: ``CHIP[/IMPLEMENTATION[/LINK]]``, as ``J3R180``, ``J3R180/java-card/contactless-424``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from mumei_card.chip.chip_profile import Chip, Estimate, Implementation
from mumei_card.chip.counters import OperationCounters
from mumei_card.chip.link_profile import (
    KILOBITS,
    Contactless,
    ContactT0,
    ContactT1,
    LinkProfile,
    is_ta1,
)
from mumei_card.chip.published.j3h145 import J3H145
from mumei_card.chip.published.j3r180 import J3R180
from mumei_card.chip.published.p71d321 import P71D321
from mumei_card.chip.published.slj52gla import SLJ52GLA
from mumei_card.chip.published.smartcafe7 import SMARTCAFE_7
from mumei_core.errors import UsageError

CHIPS: Final[Mapping[str, Chip]] = MappingProxyType(
    {chip.name.lower(): chip for chip in (J3R180, P71D321, J3H145, SMARTCAFE_7, SLJ52GLA)}
)
#: TA1 of a card whose own nobody has published: Fi 372, Di 12.
_USUAL_TA1: Final = 0x18


@dataclass(frozen=True, slots=True, kw_only=True)
class ChipProfile:
    """A chip, who does the arithmetic on it, and how it is reached."""

    chip: Chip
    implementation: Implementation
    link: LinkProfile

    @property
    def name(self) -> str:
        """What :func:`find` finds it by."""
        return f"{self.chip.name}/{self.implementation}/{self.link.name}"

    def estimate(self, counted: OperationCounters) -> Estimate:
        """What ``counted`` would take on the chip."""
        return self.chip.estimate(counted, self.implementation)


def find(name: str) -> ChipProfile:
    """The profile of that name, whatever its case.

    Implementation: ``native`` (default) or ``java-card``. Link: ``t0`` or ``t1``, the chip's own speed; ``t0-18``
    or ``t1-96``, the speed of a TA1; ``contactless-106``, ``-212``, ``-424``, ``-848``. Default: T=1, or
    contactless-106 where the chip was measured without contacts.
    Raises :class:`UsageError`, naming those that exist.
    """
    chip_name, *rest = name.split("/")
    chip = CHIPS.get(chip_name.lower())
    if chip is None:
        known = ", ".join(found.name for found in CHIPS.values())
        raise UsageError(f"there is no profile of a chip {chip_name!r}", hint=f"Known are {known}.")
    if len(rest) > 2:
        raise UsageError(f"{name!r} has too many parts", hint="Write CHIP/IMPLEMENTATION/LINK.")
    return ChipProfile(
        chip=chip,
        implementation=_implementation(rest[0]) if rest else Implementation.NATIVE,
        link=_link(chip, rest[1].lower()) if len(rest) > 1 else _usual_link(chip),
    )


def links() -> tuple[str, ...]:
    """Names of links, for a help text."""
    return ("t0", "t1", "t0-TA1", "t1-TA1", *(f"contactless-{speed}" for speed in KILOBITS))


def _implementation(name: str) -> Implementation:
    try:
        return Implementation(name.lower())
    except ValueError:
        known = " and ".join(Implementation)
        raise UsageError(f"there is no implementation {name!r}", hint=f"There are {known}.") from None


def _usual_link(chip: Chip) -> LinkProfile:
    return _link(chip, "contactless-106" if chip.ta1 is None else "t1")


def _link(chip: Chip, name: str) -> LinkProfile:
    kind, _, speed = name.partition("-")
    try:
        if kind == "contactless" and int(speed or "0") in KILOBITS:
            return Contactless(int(speed))
        ta1 = int(speed, 16) if speed else chip.ta1 or _USUAL_TA1
    except ValueError:
        ta1 = -1
    if kind == "t0" and is_ta1(ta1):
        return ContactT0(ta1)
    if kind == "t1" and is_ta1(ta1):
        return ContactT1(ta1, extra_guard=chip.extra_guard, ifsc=chip.ifsc)
    raise UsageError(f"there is no link {name!r}", hint=f"There are {', '.join(links())}; TA1 as in t1-95.")
