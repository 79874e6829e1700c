"""What a simulated card can be told beside its file: faults on its way, and the chip that it imitates.

The same words are options of ``mumei-card serve`` and, through the provider's ``options``, of every command of the
host that takes ``--card FILE``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from mumei_card.chip.profiles import find
from mumei_card.chip.timing import Clock, never
from mumei_card.link.fault_script import Fault, Kind, parse
from mumei_core.errors import UsageError

FAULT, CHIP, REALTIME, SEED = "fault", "chip", "realtime", "seed"

ABOUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        FAULT: "script of faults on the way to the card, as remove@3; 'mumei-card faults' explains them",
        CHIP: "profile of the chip whose time is kept, CHIP[/IMPLEMENTATION[/LINK]]; 'mumei-card chips' lists them",
        REALTIME: f"'on': answers take as long as the chip of '{CHIP}' would take; or 'off'",
        SEED: "whole number that random faults begin with",
    }
)
_SWITCH: Final = MappingProxyType({"on": True, "off": False})


def read(options: Mapping[str, str]) -> tuple[Fault, ...]:
    """The faults that the options name, none without a script.

    Raises UsageError for a name that is none of :data:`ABOUT`, or for a value that says nothing.
    """
    for name in options:
        if name not in ABOUT:
            known = ", ".join(f"{known} ({about})" for known, about in ABOUT.items())
            raise UsageError(f"simulated cards have no option {name!r}", hint=f"They have: {known}.")
    if is_on(options, REALTIME) and CHIP not in options:
        raise UsageError(
            "without a chip there is no time to keep", hint="Name a chip's timing profile with --chip."
        )
    if FAULT not in options:
        if SEED in options:
            raise UsageError("a seed is for random faults", hint="Give --fault random with --seed.")
        return ()
    return with_seed(parse(options[FAULT]), options.get(SEED))


def clock(options: Mapping[str, str], *, sleep: Callable[[float], None] = time.sleep) -> Clock | None:
    """The clock of the chip that the options name, None without one; it sleeps only in real time.

    Raises UsageError for a profile that does not exist.
    """
    if CHIP not in options:
        return None
    return Clock(find(options[CHIP]), sleep=sleep if is_on(options, REALTIME) else never)


def with_seed(faults: tuple[Fault, ...], seed: str | None) -> tuple[Fault, ...]:
    """The same faults; random ones that name no seed begin with this one."""
    if seed is None:
        return faults
    if not seed.isdecimal():
        raise UsageError(f"{seed!r} is no seed", hint="A seed is a whole number.")
    return tuple(
        replace(fault, number=int(seed)) if fault.kind is Kind.RANDOM and fault.number is None else fault
        for fault in faults
    )


def is_on(options: Mapping[str, str], name: str) -> bool:
    """Whether a switch is on; it is off where it is not named. Raises UsageError for other words."""
    word = options.get(name, "off")
    if word not in _SWITCH:
        raise UsageError(f"{name!r} is 'on' or 'off', not {word!r}", hint=f"Give {name}=on, or leave it out.")
    return _SWITCH[word]
