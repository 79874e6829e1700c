"""Status words SW1-SW2, ISO/IEC 7816-4:2005 clause 5.1.3: names, and how to read them.

The values themselves are generated from apdu_specs/status_words.yaml and stand in
:mod:`mumei_core.commands.codes` as ``SW_*``.
"""

from __future__ import annotations

from mumei_core.commands.codes import STATUS_WORDS, SW_MORE_DATA, SW_OK, SW_TRIES_LEFT, SW_WRONG_LE

_UNKNOWN = "a status word that no specification of ours names"


def describe(sw: int) -> str:
    """One clause in plain words: ``describe(0x63C2)`` is "63C2: ... (2)"."""
    if (tries := tries_left(sw)) is not None:
        return f"{sw:04X}: {STATUS_WORDS[SW_TRIES_LEFT]} ({tries})"
    for first in (SW_MORE_DATA, SW_WRONG_LE):
        if sw & 0xFF00 == first:
            return f"{sw:04X}: {STATUS_WORDS[first]} ({sw & 0xFF or 256})"
    return f"{sw:04X}: {STATUS_WORDS.get(sw, _UNKNOWN)}"


def is_known(sw: int) -> bool:
    """Whether our specifications name it."""
    first = sw & 0xFF00
    return sw in STATUS_WORDS or tries_left(sw) is not None or first in (SW_MORE_DATA, SW_WRONG_LE)


def tries_left(sw: int) -> int | None:
    """X of 63CX; None for every other status word."""
    return sw & 0xF if sw & 0xFFF0 == SW_TRIES_LEFT else None


def more_data(sw: int) -> int | None:
    """How many octets wait after 61XX, 1..256 (256: at least that many); None for every other status word."""
    return (sw & 0xFF or 256) if sw & 0xFF00 == SW_MORE_DATA else None


def right_le(sw: int) -> int | None:
    """The Le that 6CXX asks for, 1..256; None for every other status word."""
    return (sw & 0xFF or 256) if sw & 0xFF00 == SW_WRONG_LE else None


def is_success(sw: int) -> bool:
    """9000 or 61XX: normal processing."""
    return sw == SW_OK or more_data(sw) is not None


def is_warning(sw: int) -> bool:
    """62XX or 63XX: processed, with a warning."""
    return sw >> 8 in (0x62, 0x63)


def is_error(sw: int) -> bool:
    """Neither success nor warning; such a response carries no data."""
    return not is_success(sw) and not is_warning(sw)
