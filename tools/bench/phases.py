"""What the tables say of a visit's phases, and the names of its commands."""

from __future__ import annotations

from typing import Final

from mumei.terminal.phases import Phase
from mumei_core.commands import codes

#: What PACE, Terminal Authentication and a presentation are without reading files.
SECURED: Final = (Phase.PACE, Phase.TERMINAL_AUTHENTICATION, Phase.PRESENTATION)
#: All that a visit to a standard card exchanges after SELECT.
AFTER_SELECT: Final = (Phase.CAPABILITIES, *SECURED)

_NAMES: Final = {
    codes.INS_READ_BINARY: "READ BINARY",
    codes.INS_GENERAL_AUTHENTICATE: "GENERAL AUTHENTICATE",
    codes.INS_MANAGE_SECURITY_ENVIRONMENT: "MSE",
    codes.INS_PERFORM_SECURITY_OPERATION: "PSO",
    codes.INS_GET_CHALLENGE: "GET CHALLENGE",
    codes.INS_EXTERNAL_AUTHENTICATE: "EXTERNAL AUTHENTICATE",
    codes.INS_PREPARE: "PREPARE",
    codes.INS_PRESENT: "PRESENT",
}


def command_name(ins: int) -> str:
    """For people."""
    return _NAMES[ins]
