"""The phases of a visit to a standard card, told by its commands: secure messaging leaves INS and P1 in plain."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from mumei_core.commands import codes


class Phase(StrEnum):
    """In the order of a visit."""

    CAPABILITIES = "EF.ATR/INFO"
    PACE = "PACE"
    TERMINAL_AUTHENTICATION = "Terminal Authentication"
    PRESENTATION = "presentation"


#: What PACE, Terminal Authentication and a presentation are without reading files.
SECURED: Final = (Phase.PACE, Phase.TERMINAL_AUTHENTICATION, Phase.PRESENTATION)

_BY_INS: Final = {
    codes.INS_READ_BINARY: Phase.CAPABILITIES,
    codes.INS_GENERAL_AUTHENTICATE: Phase.PACE,
    codes.INS_MANAGE_SECURITY_ENVIRONMENT: Phase.TERMINAL_AUTHENTICATION,
    codes.INS_PERFORM_SECURITY_OPERATION: Phase.TERMINAL_AUTHENTICATION,
    codes.INS_GET_CHALLENGE: Phase.TERMINAL_AUTHENTICATION,
    codes.INS_EXTERNAL_AUTHENTICATE: Phase.TERMINAL_AUTHENTICATION,
    codes.INS_PRESENT: Phase.PRESENTATION,
}
_NAMES: Final = {
    codes.INS_READ_BINARY: "READ BINARY",
    codes.INS_GENERAL_AUTHENTICATE: "GENERAL AUTHENTICATE",
    codes.INS_MANAGE_SECURITY_ENVIRONMENT: "MSE",
    codes.INS_PERFORM_SECURITY_OPERATION: "PSO",
    codes.INS_GET_CHALLENGE: "GET CHALLENGE",
    codes.INS_EXTERNAL_AUTHENTICATE: "EXTERNAL AUTHENTICATE",
    codes.INS_PRESENT: "PRESENT",
}


def phase_of(ins: int, p1: int) -> Phase:
    """The phase that a command belongs to. Raises KeyError for one that no visit has."""
    if (ins, p1) == (codes.INS_MANAGE_SECURITY_ENVIRONMENT, codes.SET_AT_PACE_P1):
        return Phase.PACE
    return _BY_INS[ins]


def command_name(ins: int) -> str:
    """For people."""
    return _NAMES[ins]
