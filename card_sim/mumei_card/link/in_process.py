"""The card in the same process: what the entry point ``mumei.cards`` names ``software``."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from mumei_card.chip.counters import OperationCounters
from mumei_card.chip.nvm import Nvm
from mumei_card.chip.timing import Clock, TimedCard
from mumei_card.link import options as link_options
from mumei_card.link.fault_script import Fault
from mumei_card.link.faults import FaultyCard, FaultyNvm, check_reader
from mumei_card.os.kernel import Kernel

_NO_OPTIONS: Final[Mapping[str, str]] = MappingProxyType({})


class SoftwareCard:
    """A card in a reader that is this process. Not for use by several threads at once."""

    def __init__(self, nvm: Nvm) -> None:
        self._nvm = nvm
        self._kernel = Kernel(nvm)

    @property
    def atr(self) -> bytes:
        """Answer to reset, the same for every card."""
        return self._kernel.atr

    @property
    def counters(self) -> OperationCounters:
        """What the card has done since it was powered up."""
        return self._kernel.counters

    def transmit(self, apdu: bytes) -> bytes:
        """Command octets in, response octets with status word out. What is no command is answered 67 00."""
        return self._kernel.transmit(apdu)

    def idle(self) -> bool:
        """Lets the card work while nobody waits; whether there was any work.

        For those who serve it to others. In process a command follows its answer at once: there is no such time,
        and the same work is done and counted inside a command.
        """
        return self._kernel.idle()

    def reset(self) -> None:
        """Power off and on again."""
        self._kernel.reset()

    def close(self) -> None:
        """Takes the card out: gives its file free."""
        self._kernel.reset()
        self._nvm.close()


AnyCard = SoftwareCard | TimedCard | FaultyCard


def open_card(path: str, *, options: Mapping[str, str] = _NO_OPTIONS) -> AnyCard:
    """The card in the file ``path``. ``options``: see :data:`mumei_card.link.options.ABOUT`.

    Raises NoCardError (no file), NoPermissionError, CardBusyError (open elsewhere), CardFileError (damaged);
    UsageError for an option that does not exist, or a value that it does not take; and what a reader refuses
    before a card is opened, where the fault script says so: WrongCardError, or UsageError for two cards.
    """
    faults = link_options.read(options)
    clock = link_options.clock(options)
    check_reader(faults)
    return put_together(path, faults, clock)


def put_together(
    path: str,
    faults: Sequence[Fault],
    clock: Clock | None = None,
    *,
    sleep: Callable[[float], object] = time.sleep,
) -> AnyCard:
    """The card in the file ``path``, with these faults on its way and as slow as the clock says.

    ``sleep``: waits so many seconds for late answers.

    Raises what opening the file raises.
    """
    if not faults:
        return _timed(SoftwareCard(Nvm.open(path)), clock)
    memory = FaultyNvm.open(path)
    assert isinstance(memory, FaultyNvm)  # noqa: S101 - made by its own class
    return FaultyCard(_timed(SoftwareCard(memory), clock), memory, faults, sleep=sleep)


def _timed(card: SoftwareCard, clock: Clock | None) -> SoftwareCard | TimedCard:
    return card if clock is None else TimedCard(card, clock)
