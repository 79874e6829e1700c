"""What may be shown of a card file: state and counters, never a secret. It is the file owner's view, not a
terminal's."""

from __future__ import annotations

from dataclasses import dataclass

from mumei_card.chip.nvm import Nvm
from mumei_card.errors import CardError, CardFileError
from mumei_card.os.context import RECORD_PROFILE, RECORD_RNG_COUNTER
from mumei_card.os.lifecycle import life_cycle_of
from mumei_card.os.passwords import RECORD_PIN, RECORD_PUK, Password
from mumei_card.personalisation import PROFILES


@dataclass(frozen=True, slots=True, kw_only=True)
class CardState:
    """One card. ``life_cycle``: a state's name; none where there is no security domain. ``pin_state``: transport,
    operational or blocked. ``records``: name to size in octets.
    """

    profile: str
    life_cycle: str
    pin_state: str
    pin_tries_left: int
    puk_tries_left: int
    memory_writes: int
    random_counter: int
    records: dict[str, int]


def inspect(nvm: Nvm) -> CardState:
    """Raises :class:`CardFileError` when a record that every card has is missing."""
    pin = Password.from_bytes(_record(nvm, RECORD_PIN))
    puk = Password.from_bytes(_record(nvm, RECORD_PUK))
    profile = _record(nvm, RECORD_PROFILE)[0]
    names = {number: name for name, number in PROFILES.items()}
    return CardState(
        profile=names.get(profile, f"unknown ({profile})"),
        life_cycle=_life_cycle(nvm),
        pin_state=_pin_state(pin),
        pin_tries_left=pin.tries,
        puk_tries_left=puk.tries,
        memory_writes=nvm.writes,
        random_counter=int.from_bytes(_record(nvm, RECORD_RNG_COUNTER)),
        records=nvm.sizes(),
    )


def _life_cycle(nvm: Nvm) -> str:
    try:
        state = life_cycle_of(nvm)
    except CardError:
        return "unknown"
    return "none" if state is None else state.name


def _pin_state(pin: Password) -> str:
    if not pin.tries:
        return "blocked"
    return "transport" if pin.is_transport else "operational"


def _record(nvm: Nvm, name: str) -> bytes:
    value = nvm.get(name)
    if not value:
        raise CardFileError(f"the card has no record {name}", hint="Make a new card: mumei-card new FILE")
    return value
