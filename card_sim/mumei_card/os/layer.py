"""The card's layers: each does its one step of a command on the way up and of the response on the way down.

A layer refuses by raising CardError; :func:`answer` is the one place that turns refusals and faults into
status words (ISO/IEC 7816-4:2005 clause 5.1.3), so no Python exception reaches the wire.
"""

from __future__ import annotations

import logging
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable

from mumei_card.errors import CardError
from mumei_card.os.security_status import SecurityStatus
from mumei_core.commands.codes import SW_NO_DIAGNOSIS
from mumei_core.iso7816.apdu import CommandAPDU, ResponseAPDU

log = logging.getLogger(__name__)

Next = Callable[[CommandAPDU], ResponseAPDU]


class Layer(ABC):
    """One step between the octets and the applets."""

    @abstractmethod
    def process(self, command: CommandAPDU, above: Next) -> ResponseAPDU:
        """Handles ``command``: calls ``above`` with what the next layer shall see, or answers, or raises
        CardError."""

    def reset(self) -> None:  # noqa: B027 - most layers keep nothing
        """Forgets what the layer kept of the session: power-off or reset."""

    def end_session(self) -> None:  # noqa: B027
        """Forgets what belonged to the channel that has just ended, while the card stays powered."""

    def interrupt(self) -> None:  # noqa: B027
        """Gives up a sequence of commands: something has come in between that did not get as far as this layer."""


def assemble(layers: tuple[Layer, ...], top: Next) -> Next:
    """The chain as one function; the first layer is the nearest to the wire."""
    chain = top
    for layer in reversed(layers):
        chain = _step(layer, chain)
    return chain


def _step(layer: Layer, above: Next) -> Next:
    return lambda command: layer.process(command, above)


def answer(status: SecurityStatus, process: Next, command: CommandAPDU) -> ResponseAPDU:
    """``process(command)``, with every exception turned into a status word.

    The security status goes back to what it was, unless a CardError says that its change shall stay. What was
    committed to memory stays: each commit is whole, and a retry counter must not come back.
    """
    before = status.snapshot()
    try:
        return process(command)
    except CardError as error:
        if not error.keep_status:
            status.restore(before)
        log.debug("%s refused: %s", command, error)
        return ResponseAPDU(sw=error.sw)
    except Exception as error:
        status.restore(before)
        # The text of a foreign exception may quote what it choked on, so only kind and place are logged.
        place = "".join(traceback.format_tb(error.__traceback__))
        log.error("%s failed with %s\n%s", command, type(error).__name__, place)
        return ResponseAPDU(sw=SW_NO_DIAGNOSIS)
