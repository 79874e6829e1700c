"""How long octets take between card and reader: contacts (ISO/IEC 7816-3:2006) and air (ISO/IEC 14443-3:2018 and
-4:2018).

Reckoned from what the standards prescribe, not measured: characters or bits, frames, chaining with its
acknowledgements, the least guard and delay times, and requests for more time while the card works. Not in it: the
reader's own time and its way to the host, activation, and errors.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from mumei_core.iso7816.apdu import MAX_SHORT_DATA, MAX_SHORT_LE, ApduError, CommandAPDU

CLOCK_MHZ: Final = 4.0
"""Of the contacts: assumed; the standard has 1 to 5 MHz for class A (ISO/IEC 7816-3:2006, 5.2)."""

# TA1, ISO/IEC 7816-3:2006, 8.3, tables 7 and 8.
_FI: Final = MappingProxyType(
    {0: 372, 1: 372, 2: 558, 3: 744, 4: 1116, 5: 1488, 6: 1860, 9: 512, 10: 768, 11: 1024, 12: 1536, 13: 2048}
)
_DI: Final = MappingProxyType({1: 1, 2: 2, 3: 4, 4: 8, 5: 16, 6: 32, 7: 64, 8: 12, 9: 20})

# ISO/IEC 7816-3:2006, 10.3: five octets of header, a procedure byte, two octets of status.
_HEADER, _PROCEDURE, _STATUS = 5, 1, 2
# 11.3: NAD, PCB, LEN; LRC.
_BLOCK_FRAME: Final = 4
_S_BLOCK: Final = _BLOCK_FRAME + 1
_BLOCK_GUARD_ETU: Final = 22  # 11.2
_WORK_WAITING_WI: Final = 10  # 10.2, default
_BLOCK_WAITING_BWI: Final = 4  # 11.4.3, default
_IFSD: Final = 254

_CARRIER_HZ: Final = 13_560_000
_BITS_PER_OCTET: Final = 9  # type A, with parity: ISO/IEC 14443-3:2018, 6.2.3
_FRAME_BITS: Final = 2  # start and end of communication, 6.2.3
_FRAME_DELAY_CARRIERS: Final = 1172  # 6.2.1.1: from the reader's last bit to the card's first, and back
_PCB, _CRC = 1, 2  # ISO/IEC 14443-4:2018, 7.1
_FRAME_SIZE: Final = 256  # FSC and FSD, 5.2.3 and 5.1: assumed to be the largest without extension
_FWI: Final = 8  # 7.2: assumed; 14 is the most that the standard allows
_S_WTX: Final = _PCB + 1 + _CRC


class LinkProfile(ABC):
    """One way from reader to card. ``name``: as users write it. ``assumes``: what is set and not prescribed."""

    name: str
    title: str
    assumes: tuple[str, ...]

    @abstractmethod
    def milliseconds(self, command: bytes, response: bytes, card_ms: float) -> float:
        """Of one APDU and its response on the line, beside ``card_ms``, which the card works in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contacts:
    """Speed of characters over contacts. ``guard_etu``: a character with its guard time."""

    ta1: int
    guard_etu: int

    @property
    def etu_ms(self) -> float:
        """F / D clock cycles (ISO/IEC 7816-3:2006, 7.1)."""
        return self.fi / _DI[self.ta1 & 0x0F] / (CLOCK_MHZ * 1000)

    @property
    def fi(self) -> int:
        return _FI[self.ta1 >> 4]

    def characters(self, count: int) -> float:
        return count * self.guard_etu * self.etu_ms

    @property
    def words(self) -> str:
        return f"{1000 / self.etu_ms:.0f} bit/s (TA1 {self.ta1:02X}), {self.guard_etu} etu a character"


class ContactT0(LinkProfile):
    """T=0, ISO/IEC 7816-3:2006, 10 and 12.2: characters, procedure bytes, GET RESPONSE; long commands in parts."""

    def __init__(self, ta1: int) -> None:
        # A character of ten moments and at least two of guard time, 7.2.
        self._contacts = _Contacts(ta1=ta1, guard_etu=12)
        self.name = f"t0-{ta1:02x}"
        self.title = f"contacts, T=0, {self._contacts.words}"
        self.assumes = (
            f"clock of {CLOCK_MHZ:g} MHz, no extra guard time",
            "long commands as chained commands of 255 octets, long answers by GET RESPONSE of 256",
            f"a NULL byte for each waiting time of 960 x {_WORK_WAITING_WI} x Fi clock cycles that the card works",
        )

    def milliseconds(self, command: bytes, response: bytes, card_ms: float) -> float:
        sent = _data_octets(command)
        parts = max(-(-sent // MAX_SHORT_DATA), 1)
        octets = parts * (_HEADER + _PROCEDURE + _STATUS) - _PROCEDURE * (not sent) + sent
        answered = len(response) - _STATUS
        if answered > 0 and sent:
            octets += -(-answered // MAX_SHORT_LE) * (_HEADER + _PROCEDURE + _STATUS)
        elif answered > 0:
            octets += _PROCEDURE + (-(-answered // MAX_SHORT_LE) - 1) * (_HEADER + _PROCEDURE + _STATUS)
        octets += max(answered, 0)
        waiting_ms = 960 * _WORK_WAITING_WI * self._contacts.fi / (CLOCK_MHZ * 1000)
        return self._contacts.characters(octets + int(card_ms // waiting_ms))


class ContactT1(LinkProfile):
    """T=1, ISO/IEC 7816-3:2006, 11: blocks with LRC, chained and acknowledged; S(WTX) while the card works."""

    def __init__(self, ta1: int, *, extra_guard: int = 0, ifsc: int = 32) -> None:
        # 11.2: TC1 = 255 lowers the guard time of T=1 to 11 etu a character.
        guard = 11 if extra_guard == 0xFF else 12 + extra_guard
        self._contacts = _Contacts(ta1=ta1, guard_etu=guard)
        self._ifsc = ifsc
        self.name = f"t1-{ta1:02x}"
        self.title = f"contacts, T=1, {self._contacts.words}, IFSC {ifsc}, IFSD {_IFSD}"
        self.assumes = (
            f"clock of {CLOCK_MHZ:g} MHz, IFSD {_IFSD}, LRC, {_BLOCK_GUARD_ETU} etu from character to character"
            " where the direction turns",
            f"BWI {_BLOCK_WAITING_BWI}: an S(WTX) each way for each such time that the card works",
        )

    def milliseconds(self, command: bytes, response: bytes, card_ms: float) -> float:
        octets, turns = 0, 0
        for length, size in ((len(command), self._ifsc), (len(response), _IFSD)):
            blocks = -(-length // size)
            # Every block but the last is answered by an R-block.
            octets += length + blocks * _BLOCK_FRAME + (blocks - 1) * _BLOCK_FRAME
            turns += 2 * blocks - 1
        waiting_ms = 2**_BLOCK_WAITING_BWI * 960 * 372 / (CLOCK_MHZ * 1000)
        extensions = int(card_ms // waiting_ms)
        octets += extensions * 2 * _S_BLOCK
        turns += extensions * 2
        # From leading edge to leading edge, so the guard time of the last character lies within.
        turning_etu = turns * (_BLOCK_GUARD_ETU - self._contacts.guard_etu)
        return self._contacts.characters(octets) + turning_etu * self._contacts.etu_ms


class Contactless(LinkProfile):
    """Type A at 106 to 848 kbit/s, ISO/IEC 14443-4:2018, 7: frames of 256 octets, chained; S(WTX)."""

    def __init__(self, kilobits: int) -> None:
        self._divider = {106: 128, 212: 64, 424: 32, 848: 16}[kilobits]
        self.name = f"contactless-{kilobits}"
        self.title = f"contactless type A, {kilobits} kbit/s, FSD and FSC {_FRAME_SIZE}"
        self.assumes = (
            f"the same speed both ways, frames of {_FRAME_SIZE} octets, neither CID nor NAD",
            f"the least frame delay, {_FRAME_DELAY_CARRIERS} carrier periods, at every turn",
            f"FWI {_FWI}: an S(WTX) each way for each such time that the card works",
        )

    def milliseconds(self, command: bytes, response: bytes, card_ms: float) -> float:
        room = _FRAME_SIZE - _PCB - _CRC
        octets, frames = 0, 0
        for length in (len(command), len(response)):
            blocks = -(-length // room)
            # Every block but the last is answered by R(ACK).
            octets += length + (2 * blocks - 1) * (_PCB + _CRC)
            frames += 2 * blocks - 1
        waiting_ms = 1000 * 256 * 16 * 2**_FWI / _CARRIER_HZ
        extensions = int(card_ms // waiting_ms)
        octets += extensions * 2 * _S_WTX
        frames += extensions * 2
        bits = octets * _BITS_PER_OCTET + frames * _FRAME_BITS
        carriers = bits * self._divider + frames * _FRAME_DELAY_CARRIERS
        return 1000 * carriers / _CARRIER_HZ


KILOBITS: Final = (106, 212, 424, 848)


def is_ta1(octet: int) -> bool:
    """Whether TA1 names values that the tables have, none of them for future use."""
    return octet >> 4 in _FI and octet & 0x0F in _DI


def _data_octets(command: bytes) -> int:
    """Octets of the data field; of what is no command, all after the header."""
    try:
        return len(CommandAPDU.from_bytes(command).data)
    except ApduError:
        return max(len(command) - _HEADER, 0)
