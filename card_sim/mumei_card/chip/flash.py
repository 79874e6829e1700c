"""What non-volatile memory is written to: octets in pages, some of which a power cut tears.

The model is a chip's EEPROM: a write lasts from its first octet on, page by page; when the power goes, the pages
before are written, those behind are not, and the one in hand holds anything. Whoever writes must make sense of it.
"""

from __future__ import annotations

from typing import Final, Protocol

from mumei_card.chip.power import Power, PowerLost, Step, StepKind

PAGE: Final = 64
"""Octets that a chip writes at once, and that a torn write can spoil together."""
ERASED: Final = 0xFF
"""An octet that nothing was written to."""


def erased(length: int) -> bytes:
    """``length`` octets as they are before anything is written."""
    return bytes((ERASED,)) * length


class Flash(Protocol):
    """Octets that survive the power. All raise OSError when the hardware fails, and then anything may be there."""

    @property
    def size(self) -> int:
        """Octets in all."""

    def read(self) -> bytes:
        """All of it."""

    def write(self, offset: int, octets: bytes) -> None:
        """Put ``octets`` at ``offset``; at its end the memory grows."""

    def sync(self) -> None:
        """Return once everything written lasts."""

    def close(self) -> None:
        """Give it free."""


class RamFlash:
    """A flash that lasts as long as the object: for tests, and for cutting the power a hundred thousand times."""

    def __init__(self, octets: bytes = b"") -> None:
        self._octets = bytearray(octets)

    @property
    def size(self) -> int:
        return len(self._octets)

    def read(self) -> bytes:
        return bytes(self._octets)

    def write(self, offset: int, octets: bytes) -> None:
        self._octets[offset : offset + len(octets)] = octets

    def sync(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is held."""


class PoweredFlash:
    """A flash at a power that may fail; counts what is written."""

    def __init__(self, flash: Flash, power: Power) -> None:
        self._flash = flash
        self._power = power
        self.octets_written = 0

    @property
    def size(self) -> int:
        return self._flash.size

    def read(self) -> bytes:
        return self._flash.read()

    def write(self, offset: int, octets: bytes) -> None:
        step = Step(kind=StepKind.WRITE, offset=offset, octets=octets)
        self._power.before(step)
        arrived = self._power.torn(step)
        if arrived is not None:
            self._flash.write(offset, octets[:arrived])
            raise PowerLost
        self._flash.write(offset, octets)
        self.octets_written += len(octets)
        self._power.after(step)

    def sync(self) -> None:
        step = Step(kind=StepKind.SYNC)
        self._power.before(step)
        self._flash.sync()
        self._power.after(step)

    def close(self) -> None:
        self._flash.close()
