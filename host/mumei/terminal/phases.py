"""The phases of a visit, told by its commands: secure messaging leaves INS and P1 plain (TR-03110-3 v2.21, F.4)."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from mumei_core.commands import codes


class Phase(StrEnum):
    """In the order of a visit."""

    READER = "reader"
    SELECT = "SELECT"
    CAPABILITIES = "EF.ATR/INFO"
    DESCRIPTION = "terminal's description"
    PACE = "PACE"
    TERMINAL_AUTHENTICATION = "Terminal Authentication"
    PIN = "PIN"
    PRESENTATION = "presentation"
    VERIFICATION = "verification"


_BY_INS: Final = MappingProxyType(
    {
        codes.INS_SELECT: Phase.SELECT,
        codes.INS_READ_BINARY: Phase.CAPABILITIES,
        codes.INS_DESCRIBE_TERMINAL: Phase.DESCRIPTION,
        codes.INS_GENERAL_AUTHENTICATE: Phase.PACE,
        codes.INS_MANAGE_SECURITY_ENVIRONMENT: Phase.TERMINAL_AUTHENTICATION,
        codes.INS_PERFORM_SECURITY_OPERATION: Phase.TERMINAL_AUTHENTICATION,
        codes.INS_GET_CHALLENGE: Phase.TERMINAL_AUTHENTICATION,
        codes.INS_EXTERNAL_AUTHENTICATE: Phase.TERMINAL_AUTHENTICATION,
        codes.INS_VERIFY: Phase.PIN,
        codes.INS_PREPARE: Phase.PRESENTATION,
        codes.INS_PRESENT: Phase.PRESENTATION,
    }
)


def phase_of(ins: int, p1: int, before: Phase = Phase.SELECT) -> Phase:
    """The phase that a command belongs to; ``before`` for one that has none of its own, as GET RESPONSE."""
    if (ins, p1) == (codes.INS_MANAGE_SECURITY_ENVIRONMENT, codes.SET_AT_PACE_P1):
        return Phase.PACE
    return _BY_INS.get(ins, before)
