"""The part of a session that an exchange belongs to, by its command (TR-03110-2 v2.21, 2.4; mumei protocol 2.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from types import MappingProxyType
from typing import Final

from mumei.trace.model import Exchange, Reset, command_of
from mumei_core.commands import codes
from mumei_core.iso7816.chaining import CHAINING_BIT
from mumei_core.iso7816.secure_messaging import SECURE_MESSAGING_BITS


class Phase(Enum):
    """What is going on; the value is for people."""

    APPLICATION = "application"
    PACE = "PACE"
    TERMINAL_AUTHENTICATION = "terminal authentication"
    TERMINAL_DESCRIPTION = "terminal description"
    PRESENTATION = "presentation"
    HOLDER = "holder"
    PERSONALISATION = "personalisation"
    ENROLMENT = "enrolment"
    OTHER = "other"


_OF_ISO: Final[Mapping[int, Phase]] = MappingProxyType(
    {
        codes.INS_SELECT: Phase.APPLICATION,
        codes.INS_READ_BINARY: Phase.APPLICATION,
        codes.INS_GET_DATA: Phase.APPLICATION,
        codes.INS_GENERAL_AUTHENTICATE: Phase.PACE,
        codes.INS_PERFORM_SECURITY_OPERATION: Phase.TERMINAL_AUTHENTICATION,
        codes.INS_GET_CHALLENGE: Phase.TERMINAL_AUTHENTICATION,
        codes.INS_EXTERNAL_AUTHENTICATE: Phase.TERMINAL_AUTHENTICATION,
        codes.INS_VERIFY: Phase.HOLDER,
        codes.INS_CHANGE_REFERENCE_DATA: Phase.HOLDER,
        codes.INS_RESET_RETRY_COUNTER: Phase.HOLDER,
    }
)
_OF_OWN: Final[Mapping[int, Phase]] = MappingProxyType(
    {
        codes.INS_DESCRIBE_TERMINAL: Phase.TERMINAL_DESCRIPTION,
        codes.INS_PRESENT: Phase.PRESENTATION,
        codes.INS_LOG: Phase.HOLDER,
        codes.INS_SETTINGS: Phase.HOLDER,
        codes.INS_ENROL: Phase.ENROLMENT,
        codes.INS_STORE_CREDENTIAL: Phase.ENROLMENT,
        codes.INS_STORE_DATA: Phase.PERSONALISATION,
        codes.INS_INITIALIZE_UPDATE: Phase.PERSONALISATION,
        codes.INS_PUT_KEY: Phase.PERSONALISATION,
        codes.INS_GET_STATUS: Phase.PERSONALISATION,
        codes.INS_SET_STATUS: Phase.PERSONALISATION,
    }
)


def phase_of(exchange: Exchange) -> Phase:
    """The phase of one exchange, whatever came before it."""
    command = command_of(exchange.message.command)
    if command is None:
        return Phase.OTHER
    cla = command.cla & ~(CHAINING_BIT | SECURE_MESSAGING_BITS)
    if cla == codes.CLA_ISO:
        if command.ins == codes.INS_MANAGE_SECURITY_ENVIRONMENT:
            pace = command.p1 == codes.SET_AT_PACE_P1
            return Phase.PACE if pace else Phase.TERMINAL_AUTHENTICATION
        return _OF_ISO.get(command.ins, Phase.OTHER)
    if command.cla == codes.CLA_SCP03 and command.ins == codes.INS_EXTERNAL_AUTHENTICATE:
        return Phase.PERSONALISATION
    return _OF_OWN.get(command.ins, Phase.OTHER)


def phases(steps: Sequence[Exchange | Reset]) -> Iterator[tuple[Exchange | Reset, Phase | None, int]]:
    """Each step with its phase and its place in it, from 1; a reset has none and begins anew."""
    before: Phase | None = None
    place = 0
    for step in steps:
        if isinstance(step, Reset):
            before, place = None, 0
            yield step, None, 0
            continue
        phase = phase_of(step)
        place = place + 1 if phase is before and not _begins_pace(step) else 1
        before = phase
        yield step, phase, place


def _begins_pace(exchange: Exchange) -> bool:
    command = command_of(exchange.message.command)
    return (
        command is not None
        and command.ins == codes.INS_MANAGE_SECURITY_ENVIRONMENT
        and command.p1 == codes.SET_AT_PACE_P1
    )
